// MultiGet as a caller sees it. That it finds the same as Get over any layers is view_test's to show.
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::FailsWith;
using testing::kUnsynced;
using testing::Machine;
using testing::NumberedKey;
using Code = absl::StatusCode;

// A value too large to be copied into a PinnedValue.
std::string Large(char c) { return std::string(1000, c); }

class MultiGetTest : public ::testing::Test {
 protected:
  MultiGetTest() : engine_(machine_.Open()) {}

  // The values, "-" for a key that is not there, and of an error its message.
  std::vector<std::string> Read(const std::vector<std::string_view>& keys, const ReadOptions& options = {}) {
    std::vector<PinnedValue> values(keys.size());
    return TextOf(engine_->MultiGet(options, keys, absl::MakeSpan(values)), values);
  }
  static std::vector<std::string> TextOf(const std::vector<absl::StatusOr<bool>>& found,
                                         const std::vector<PinnedValue>& values) {
    std::vector<std::string> text;
    for (size_t i = 0; i < found.size(); ++i) {
      text.push_back(!found[i].ok() ? std::string(found[i].status().message())
                     : *found[i]    ? std::string(values[i].view())
                                    : "-");
    }
    return text;
  }
  void Put(std::string_view key, std::string_view value) { ASSERT_OK(engine_->Put(key, value, kUnsynced)); }
  void FlushAll() {
    ASSERT_OK(engine_->FreezeMemtable());
    ASSERT_OK(engine_->FlushAllFrozen());
  }

  Machine machine_;
  std::unique_ptr<Engine> engine_;
};

using Texts = std::vector<std::string>;

TEST_F(MultiGetTest, FindsWhatIsInTablesAndInMemory) {
  Put("old", "1");
  Put("changed", "1");
  Put("deleted", "1");
  Put("range/1", "1");
  FlushAll();
  Put("changed", "2");
  Put("middle", Large('m'));
  FlushAll();
  ASSERT_OK(engine_->Delete("deleted"));
  ASSERT_OK(engine_->DeleteRange("range/", "range0"));
  ASSERT_OK(engine_->FreezeMemtable());
  Put("new", "3");
  Put("range/2", Large('r'));
  const Texts expected = {"3", "-", "1", "2", "-", "-", Large('r'), Large('m'), "-"};
  const std::vector<std::string_view> keys = {"new",     "none",    "old",    "changed", "deleted",
                                              "range/1", "range/2", "middle", "x"};
  EXPECT_EQ(Read(keys), expected) << "loaded";
  EXPECT_EQ(Read(keys), expected) << "from memory";
  FlushAll();
  EXPECT_EQ(Read(keys), expected);
  ASSERT_OK(engine_->MajorCompact());
  EXPECT_EQ(Read(keys), expected);
}

TEST_F(MultiGetTest, KeysMayComeInAnyNumberAndMoreThanOnce) {
  for (int i = 0; i < 100; ++i) Put(NumberedKey(i), std::to_string(i));
  FlushAll();
  EXPECT_EQ(Read({}), Texts());
  for (const int count : {1, 15, 16, 17, 100, 333}) {
    std::vector<std::string> names;
    Texts expected;
    for (int i = 0; i < count; ++i) {
      const int key = i * 37 % 120;  // one in six is not there
      names.push_back(NumberedKey(key));
      expected.push_back(key < 100 ? std::to_string(key) : "-");
    }
    EXPECT_EQ(Read({names.begin(), names.end()}), expected);
  }
  EXPECT_EQ(Read({"x", "x"}), Texts({"-", "-"}));
  const std::string one = NumberedKey(1);
  EXPECT_EQ(Read({one, one, one}), Texts({"1", "1", "1"}));
}

TEST_F(MultiGetTest, AnInvalidKeyIsRefusedAndTheOthersAreRead) {
  Put("a", "1");
  Put("b", "2");
  const std::string too_long(size_t{1} << 17, 'x');
  std::vector<PinnedValue> values(4);
  const std::vector<std::string_view> keys = {"a", "", too_long, "b"};
  const auto found = engine_->MultiGet({}, keys, absl::MakeSpan(values));
  EXPECT_EQ(values[0].view(), "1");
  EXPECT_TRUE(FailsWith(found[1], Code::kInvalidArgument, {"empty"}));
  EXPECT_TRUE(FailsWith(found[2], Code::kResourceExhausted));
  EXPECT_EQ(values[3].view(), "2");
}

TEST_F(MultiGetTest, ThereHasToBeRoomForEachValue) {
  Put("a", "1");
  std::vector<PinnedValue> values(1);
  const std::vector<std::string_view> keys = {"a", "a"};
  const auto found = engine_->MultiGet({}, keys, absl::MakeSpan(values));
  ASSERT_EQ(found.size(), 2u);
  for (const auto& answer : found) EXPECT_TRUE(FailsWith(answer, Code::kInvalidArgument, {"2 keys", "1 values"}));
}

TEST_F(MultiGetTest, WhatTheValuesHeldBeforeIsGone) {
  Put("a", "1");
  std::vector<PinnedValue> values(1);
  ASSERT_OK(engine_->Get({}, "a", &values[0]));
  const std::vector<std::string_view> keys = {"none"};
  EXPECT_FALSE(engine_->MultiGet({}, keys, absl::MakeSpan(values))[0].value());
  EXPECT_EQ(values[0].view(), "");
}

TEST_F(MultiGetTest, ReadsAsOfASnapshotAndTellsTheLsn) {
  Put("a", "1");
  Put("b", "1");
  const auto snapshot = engine_->GetSnapshot().value();
  Put("a", "2");
  ASSERT_OK(engine_->Delete("b"));
  FlushAll();
  uint64_t lsn = 0;
  EXPECT_EQ(Read({"a", "b"}, {.snapshot = snapshot.get(), .read_lsn = &lsn}), Texts({"1", "1"}));
  EXPECT_EQ(lsn, snapshot->lsn());
  EXPECT_EQ(Read({"a", "b"}, {.read_lsn = &lsn}), Texts({"2", "-"}));
  EXPECT_EQ(lsn, 4u);
}

TEST_F(MultiGetTest, DamageIsReportedForTheKeysThatItConcerns) {
  Put("a", std::string(3000, 'a'));
  Put("b", std::string(3000, 'b'));
  FlushAll();
  Put("c", "3");
  FlushAll();
  Put("d", "4");
  ASSERT_EQ(machine_.Tables().size(), 2u);
  machine_.FlipBit(machine_.Tables()[0], 8 * 1000);  // in the first table's first block
  std::vector<PinnedValue> values(4);
  const std::vector<std::string_view> keys = {"a", "c", "d", "none"};
  const auto found = engine_->MultiGet({}, keys, absl::MakeSpan(values));
  EXPECT_TRUE(FailsWith(found[0], Code::kDataLoss));
  EXPECT_EQ(values[0].view(), "");
  EXPECT_EQ(values[1].view(), "3");
  EXPECT_EQ(values[2].view(), "4");
  EXPECT_FALSE(found[3].value());
}

TEST_F(MultiGetTest, ItsValuesArePinnedUntilTheyGo) {
  Put("small", "1");
  Put("large", Large('x'));
  FlushAll();
  Put("in memory", Large('y'));
  const std::vector<std::string_view> keys = {"small", "large", "in memory"};
  std::vector<PinnedValue> values(3);
  engine_->MultiGet({}, keys, absl::MakeSpan(values));
  EXPECT_TRUE(FailsWith(engine_->Close(), Code::kFailedPrecondition, {"3 pinned values"}));
  std::vector<PinnedValue> moved;
  for (PinnedValue& value : values) moved.push_back(std::move(value));
  engine_.reset();
  EXPECT_EQ(moved[0].view(), "1");
  EXPECT_EQ(moved[1].view(), Large('x'));
  EXPECT_EQ(moved[2].view(), Large('y'));
}

TEST_F(MultiGetTest, AClosedDatabaseAnswersSoForEachKey) {
  Put("a", "1");
  ASSERT_OK(engine_->Close());
  std::vector<PinnedValue> values(2);
  const std::vector<std::string_view> keys = {"a", "b"};
  const auto found = engine_->MultiGet({}, keys, absl::MakeSpan(values));
  ASSERT_EQ(found.size(), 2u);
  for (const auto& answer : found) EXPECT_TRUE(FailsWith(answer, Code::kFailedPrecondition, {"closed"}));
}

// All keys of a batch have the same value at any moment, through flushes and merges.
TEST(MultiGetOfADb, SeesOneMoment) {
  Machine machine;
  const auto db = Db::Open(Machine::kDir, {.write_buffer_bytes = 4096, .env = machine.env()}).value();
  constexpr int kKeys = 40;
  std::vector<std::string> names;
  for (int i = 0; i < kKeys; ++i) names.push_back(NumberedKey(i));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const auto write = [&](int round) {
    WriteBatch batch;
    for (const std::string_view key : keys) batch.Put(key, std::to_string(round));
    ASSERT_OK(db->Write(batch, kUnsynced));
  };
  write(0);
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::vector<PinnedValue> values(kKeys);
      int last = 0;
      while (!stop) {
        const auto found = db->MultiGet({}, keys, absl::MakeSpan(values));
        for (size_t k = 0; k < keys.size(); ++k) {
          ASSERT_TRUE(found[k].value());
          ASSERT_EQ(values[k].view(), values[0].view());
        }
        const int now = std::stoi(std::string(values[0].view()));
        ASSERT_GE(now, last);
        last = now;
      }
    });
  }
  for (int round = 1; round < 300; ++round) write(round);
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_OK(db->Close());
}

}  // namespace
}  // namespace aeternus
