// What operations tell of LSNs: writes where they were committed, reads as of where they read. Both shells alike.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::ContentsOf;
using testing::FailsWith;
using testing::Machine;

constexpr uint64_t kUntouched = 12345;

template <typename Shell>
struct ConfigOf;
template <>
struct ConfigOf<Engine> {
  using Type = EngineConfig;
};
template <>
struct ConfigOf<Db> {
  using Type = DbConfig;
};

template <typename Shell>
class LsnReportTest : public ::testing::Test {
 protected:
  LsnReportTest() : shell_(Shell::Open(Machine::kDir, Config()).value()) {}

  typename ConfigOf<Shell>::Type Config() {
    typename ConfigOf<Shell>::Type config;
    config.env = machine_.env();
    return config;
  }
  uint64_t LastLsn() { return shell_->Stats()->last_lsn; }

  Machine machine_;
  std::unique_ptr<Shell> shell_;
};

using Shells = ::testing::Types<Engine, Db>;
TYPED_TEST_SUITE(LsnReportTest, Shells);

TYPED_TEST(LsnReportTest, AWriteTellsTheLsnOfItsLastOperation) {
  uint64_t lsn = kUntouched;
  ASSERT_OK(this->shell_->Put("a", "1", {.commit_lsn = &lsn}));
  EXPECT_EQ(lsn, 1u);
  ASSERT_OK(this->shell_->Delete("a", {.sync = false, .commit_lsn = &lsn}));
  EXPECT_EQ(lsn, 2u);
  ASSERT_OK(this->shell_->DeleteRange("a", "b", {.commit_lsn = &lsn}));
  EXPECT_EQ(lsn, 3u);
  WriteBatch batch;
  for (const char* key : {"x", "y", "z"}) batch.Put(key, "1");
  ASSERT_OK(this->shell_->Write(batch, {.commit_lsn = &lsn}));
  EXPECT_EQ(lsn, 6u);
  EXPECT_EQ(this->LastLsn(), 6u);
}

TYPED_TEST(LsnReportTest, WhatWasNotWrittenTellsNothing) {
  uint64_t lsn = kUntouched;
  EXPECT_OK(this->shell_->Write(WriteBatch(), {.commit_lsn = &lsn}));
  EXPECT_FALSE(this->shell_->Put("", "1", {.commit_lsn = &lsn}).ok());
  ASSERT_OK(this->shell_->Close());
  EXPECT_TRUE(FailsWith(this->shell_->Put("a", "1", {.commit_lsn = &lsn}), absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(lsn, kUntouched);
}

TYPED_TEST(LsnReportTest, EveryFormOfReadTellsItsLsn) {
  ASSERT_OK(this->shell_->Put("a", "1"));
  ASSERT_OK(this->shell_->Put("b", "2"));
  uint64_t lsn = kUntouched;
  const ReadOptions options{.read_lsn = &lsn};
  const auto told = [&] { return std::exchange(lsn, kUntouched); };
  ASSERT_OK(this->shell_->Get("a", options));
  EXPECT_EQ(told(), 2u);
  PinnedValue pinned;
  ASSERT_OK(this->shell_->Get(options, "none", &pinned));
  EXPECT_EQ(told(), 2u);
  ASSERT_OK(this->shell_->Scan("a", "z", options));
  EXPECT_EQ(told(), 2u);
  ASSERT_OK(this->shell_->Scan("z", "a", options));
  EXPECT_EQ(told(), 2u);
  ASSERT_OK(this->shell_->NewIterator(options));
  EXPECT_EQ(told(), 2u);
}

TYPED_TEST(LsnReportTest, AReadAtASnapshotTellsItsLsn) {
  ASSERT_OK(this->shell_->Put("a", "1"));
  const auto snapshot = this->shell_->GetSnapshot().value();
  ASSERT_OK(this->shell_->Put("a", "2"));
  uint64_t lsn = kUntouched;
  EXPECT_EQ(this->shell_->Get("a", {.snapshot = snapshot.get(), .read_lsn = &lsn}).value(), "1");
  EXPECT_EQ(lsn, snapshot->lsn());
  EXPECT_EQ(lsn, 1u);
  EXPECT_EQ(this->shell_->NewIterator({.snapshot = snapshot.get()}).value()->lsn(), 1u);
}

TYPED_TEST(LsnReportTest, AnIteratorKnowsItsLsnAndThatOfItsRefresh) {
  ASSERT_OK(this->shell_->Put("a", "1"));
  const auto it = this->shell_->NewIterator({}).value();
  ASSERT_OK(this->shell_->Put("b", "2"));
  EXPECT_EQ(it->lsn(), 1u);
  ASSERT_OK(it->Refresh());
  EXPECT_EQ(it->lsn(), 2u);
}

TYPED_TEST(LsnReportTest, LsnsGoOnAfterReopening) {
  uint64_t before = 0, after = 0;
  ASSERT_OK(this->shell_->Put("a", "1", {.commit_lsn = &before}));
  ASSERT_OK(this->shell_->Close());
  this->shell_.reset();
  this->shell_ = TypeParam::Open(Machine::kDir, this->Config()).value();
  ASSERT_OK(this->shell_->Put("a", "2", {.commit_lsn = &after}));
  EXPECT_GT(after, before);
}

TYPED_TEST(LsnReportTest, WritersThatShareAGroupAreToldTheirOwn) {
  constexpr uint64_t kEach = 200;
  std::vector<std::vector<uint64_t>> told(4);
  std::vector<std::thread> writers;
  for (auto& lsns : told) {
    writers.emplace_back([&] {
      WriteBatch batch;
      batch.Put("a", "1");
      batch.Put("b", "1");
      for (uint64_t i = 0; i < kEach; ++i) {
        lsns.push_back(0);
        ASSERT_OK(this->shell_->Write(batch, {.sync = i % 8 == 0, .commit_lsn = &lsns.back()}));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::vector<uint64_t> all;
  for (const auto& lsns : told) {
    EXPECT_TRUE(std::is_sorted(lsns.begin(), lsns.end()));
    all.insert(all.end(), lsns.begin(), lsns.end());
  }
  std::sort(all.begin(), all.end());
  for (uint64_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], 2 * (i + 1));
}

}  // namespace
}  // namespace aeternus
