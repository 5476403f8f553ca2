#include "stress/history.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "stress/oracle.h"

namespace aeternus::stress {
namespace {

using Pairs = Oracle::Pairs;

Change Put(std::string key, std::string value) { return {Change::Kind::kPut, std::move(key), std::move(value)}; }
Change Delete(std::string key) { return {Change::Kind::kDelete, std::move(key), ""}; }
Change DeleteRange(std::string start, std::string end) {
  return {Change::Kind::kDeleteRange, std::move(start), std::move(end)};
}

// From tick `begin` to tick `end`, at `lsn`.
Operation Write(uint64_t begin, uint64_t end, uint64_t lsn, std::vector<Change> changes, bool synced = false) {
  return {.client = "w",
          .what = "write",
          .begin = begin,
          .end = end,
          .lsn = lsn,
          .changes = std::move(changes),
          .is_synced = synced};
}
Operation Read(uint64_t begin, uint64_t end, uint64_t lsn, Pairs rows) {
  return {.client = "r", .what = "read", .begin = begin, .end = end, .lsn = lsn, .reading = Reading{"a", "z", rows}};
}
Operation ReadAt(uint64_t snapshot, Operation read) {
  read.as_of = snapshot;
  return read;
}

absl::Status Check(std::vector<Operation> operations) { return History(std::move(operations)).Check(); }

bool IsBroken(const absl::Status& status, std::string_view how) {
  return !status.ok() && absl::StrContains(status.message(), how);
}

constexpr char kGap[] = "LSNs are not consecutive";
constexpr char kTime[] = "what came later is at an earlier LSN";
constexpr char kFuture[] = "an LSN before its write";
constexpr char kInside[] = "an LSN inside a batch";
constexpr char kContents[] = "not what is there at its LSN";
constexpr char kSnapshot[] = "another LSN than that of its snapshot";

TEST(HistoryTest, AHistoryInOrderIsRight) {
  EXPECT_EQ(Check({}), absl::OkStatus());
  EXPECT_EQ(
      Check({Write(1, 2, 1, {Put("a", "1")}), Read(3, 4, 1, {{"a", "1"}}), Write(5, 6, 3, {Put("b", "2"), Delete("a")}),
             Read(7, 8, 3, {{"b", "2"}}), ReadAt(1, Read(9, 10, 1, {{"a", "1"}})),
             Write(11, 12, 4, {DeleteRange("a", "c")}), Read(13, 14, 4, {})}),
      absl::OkStatus());
}

TEST(HistoryTest, WhatOverlapsMayComeInAnyOrder) {
  EXPECT_EQ(Check({Write(1, 5, 2, {Put("a", "2")}), Write(2, 6, 1, {Put("a", "1")}), Read(3, 7, 2, {{"a", "2"}}),
                   Read(4, 8, 1, {{"a", "1"}})}),
            absl::OkStatus());
}

TEST(HistoryTest, LsnsAreUsedOnceAndNoneIsLeftOut) {
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 2, {Put("a", "1")})}), kGap));
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 1, {Put("a", "1")}), Write(3, 4, 1, {Put("a", "2")})}), kGap));
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 1, {Put("a", "1")}), Write(3, 4, 2, {Put("a", "2"), Delete("b")})}), kGap));
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 0, {Put("a", "1")})}), kGap));
}

TEST(HistoryTest, LaterWritesHaveLargerLsns) {
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 2, {Put("a", "1")}), Write(3, 4, 1, {Put("a", "2")})}), kTime));
}

TEST(HistoryTest, AReadIsNotOlderThanWhatWasAcknowledgedOrRead) {
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 1, {Put("a", "1")}), Read(3, 4, 0, {})}), kTime));
  EXPECT_TRUE(
      IsBroken(Check({Write(1, 9, 1, {Put("a", "1")}), Read(2, 3, 1, {{"a", "1"}}), Read(4, 5, 0, {})}), kTime));
}

TEST(HistoryTest, AWriteDoesNotSlipBelowAnEarlierRead) {
  EXPECT_TRUE(IsBroken(
      Check({Write(1, 20, 2, {Put("a", "2")}), Read(2, 3, 2, {{"a", "2"}}), Write(4, 5, 1, {Put("a", "1")})}), kTime));
}

TEST(HistoryTest, NobodyReadsTheFuture) {
  EXPECT_TRUE(IsBroken(Check({Read(1, 2, 1, {{"a", "1"}}), Write(3, 4, 1, {Put("a", "1")})}), kTime));
  EXPECT_TRUE(IsBroken(Check({Write(1, 2, 1, {Put("a", "1")}), Read(3, 4, 2, {{"a", "1"}})}), kFuture));
}

TEST(HistoryTest, NobodyReadsInsideABatch) {
  EXPECT_TRUE(IsBroken(Check({Write(1, 9, 2, {Put("a", "1"), Put("b", "1")}), Read(2, 3, 1, {{"a", "1"}})}), kInside));
}

TEST(HistoryTest, AReadFindsExactlyWhatIsThere) {
  const Operation write = Write(1, 2, 2, {Put("a", "1"), Put("b", "1")});
  EXPECT_TRUE(IsBroken(Check({write, Read(3, 4, 2, {{"a", "1"}})}), kContents));
  EXPECT_TRUE(IsBroken(Check({write, Read(3, 4, 2, {{"a", "1"}, {"b", "2"}})}), kContents));
  EXPECT_TRUE(IsBroken(Check({write, Read(3, 4, 2, {{"b", "1"}, {"a", "1"}})}), kContents));
  EXPECT_TRUE(IsBroken(Check({write, Read(3, 4, 2, {{"a", "1"}, {"b", "1"}, {"b", "1"}})}), kContents));
}

TEST(HistoryTest, ASnapshotStaysAsItIs) {
  const Operation first = Write(1, 2, 1, {Put("a", "1")}), second = Write(3, 4, 2, {Put("a", "2")});
  EXPECT_EQ(Check({first, second, ReadAt(1, Read(5, 6, 1, {{"a", "1"}}))}), absl::OkStatus());
  EXPECT_TRUE(IsBroken(Check({first, second, ReadAt(1, Read(5, 6, 1, {{"a", "2"}}))}), kContents));
  EXPECT_TRUE(IsBroken(Check({first, second, ReadAt(1, Read(5, 6, 2, {{"a", "2"}}))}), kSnapshot));
}

TEST(HistoryTest, ACrashLeavesAPrefixWithWhatWasPromised) {
  const History history({Write(1, 2, 1, {Put("a", "1")}, /*synced=*/true),
                         Write(3, 4, 3, {Put("a", "2"), Put("b", "2")}), Write(5, 9, 4, {Delete("a")}),
                         Write(10, 11, 5, {Put("c", "5")})});
  const Pairs first = {{"a", "1"}}, second = {{"a", "2"}, {"b", "2"}}, third = {{"b", "2"}};
  const auto after_power_loss = [&](const Pairs& found) { return history.CheckSurvivors(found, true, 6, 7).ok(); };
  const auto after_kill = [&](const Pairs& found) { return history.CheckSurvivors(found, false, 6, 7).ok(); };
  EXPECT_TRUE(after_power_loss(first) && after_power_loss(second) && after_power_loss(third));
  EXPECT_FALSE(after_power_loss({})) << "lost what was synced";
  EXPECT_FALSE(after_power_loss({{"a", "2"}})) << "half of a batch";
  EXPECT_FALSE(after_power_loss({{"b", "2"}, {"c", "5"}})) << "not yet written";
  EXPECT_TRUE(after_kill(second) && after_kill(third));
  EXPECT_FALSE(after_kill(first)) << "lost what was acknowledged";
  EXPECT_EQ(history.Final(), (Pairs{{"b", "2"}, {"c", "5"}}));
}

TEST(HistoryTest, WhatWasReadIsAsDurableAsItsWriterAskedFor) {
  const Pairs first = {{"a", "1"}}, second = {{"a", "2"}};
  for (const bool synced : {false, true}) {
    const History history(
        {Write(1, 9, 1, {Put("a", "1")}, synced), Write(2, 10, 2, {Put("a", "2")}), Read(3, 4, 2, second)});
    EXPECT_EQ(history.CheckSurvivors({}, /*lost_power=*/true, 5, 6).ok(), !synced);
    EXPECT_TRUE(history.CheckSurvivors(first, /*lost_power=*/true, 5, 6).ok());
    EXPECT_FALSE(history.CheckSurvivors(first, /*lost_power=*/false, 5, 6).ok());
    EXPECT_TRUE(history.CheckSurvivors(second, /*lost_power=*/false, 5, 6).ok());
  }
}

}  // namespace
}  // namespace aeternus::stress
