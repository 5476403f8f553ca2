// Point reads beside a scan where memtables hold so many keys that filters answer for them.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::kUnsynced;
using testing::Machine;
using testing::NumberedKey;

constexpr int kKeys = 12'000;

class LargeMemtableTest : public ::testing::Test {
 protected:
  LargeMemtableTest() : engine_(machine_.Open({.write_buffer_bytes = size_t{8} << 20})) {}

  void Put(int begin, int end, const std::string& value) {
    for (int i = begin; i < end; ++i) {
      ASSERT_OK(engine_->Put(NumberedKey(i), value, kUnsynced));
      expected_[NumberedKey(i)] = value;
    }
  }
  void Delete(int i) {
    ASSERT_OK(engine_->Delete(NumberedKey(i), kUnsynced));
    expected_.erase(NumberedKey(i));
  }
  void DeleteRange(int begin, int end) {
    ASSERT_OK(engine_->DeleteRange(NumberedKey(begin), NumberedKey(end), kUnsynced));
    for (int i = begin; i < end; ++i) expected_.erase(NumberedKey(i));
  }
  void ExpectPointsReadAs(const Contents& expected, const ReadOptions& options = {}) {
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = NumberedKey(i);
      const auto found = expected.find(key);
      const auto want = found == expected.end() ? std::nullopt : std::optional<std::string>(found->second);
      ASSERT_EQ(engine_->Get(key, options).value(), want) << key;
      const std::string_view keys[] = {key};
      std::array<PinnedValue, 1> values;
      ASSERT_EQ(engine_->MultiGet(options, keys, absl::MakeSpan(values)).at(0).value(), want.has_value()) << key;
      if (want.has_value()) {
        ASSERT_EQ(values[0].view(), *want) << key;
      }
    }
  }

  Machine machine_;
  const std::unique_ptr<Engine> engine_;
  Contents expected_;
};

TEST_F(LargeMemtableTest, PointReadsFindWhatScansSeeInEveryLayer) {
  Put(0, 3'000, "in a table");
  ASSERT_OK(engine_->FreezeMemtable());
  ASSERT_OK(engine_->FlushAllFrozen());
  Put(4'000, 7'000, "frozen");
  const Contents before = expected_;
  const auto snapshot = engine_->GetSnapshot().value();
  DeleteRange(1'000, 1'200);  // of keys that this memtable has not
  DeleteRange(6'500, 6'600);
  Delete(2'500);
  Put(2'600, 2'610, "over the table");
  ASSERT_OK(engine_->FreezeMemtable());
  Put(8'000, 11'000, "active");
  DeleteRange(200, 300);
  DeleteRange(4'100, 4'200);
  Delete(6'700);
  Put(250, 260, "again");

  EXPECT_EQ(ContentsOf(*engine_), expected_);
  ExpectPointsReadAs(expected_);
  ExpectPointsReadAs(before, {.snapshot = snapshot.get()});
}

}  // namespace
}  // namespace aeternus
