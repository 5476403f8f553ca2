// One small life of a database, run once for every call it makes of the disk, with that call failing: whatever was
// acknowledged is there afterwards, in this process, after it is killed, and after power loss.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/engine.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using testing::Contents;
using testing::ContentsOf;
using testing::Flush;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;

constexpr int kPuts = 12;

// Puts kPuts keys, freezing, flushing, compacting and reopening in between, and goes on when something fails. Returns
// how many puts were acknowledged; from the first that was not, no more are tried.
int Live(Machine& machine) {
  auto engine = machine.TryOpen();
  int acknowledged = 0;
  for (int i = 0; i < kPuts; ++i) {
    if (engine.ok() && acknowledged == i && (*engine)->Put(NumberedKey(i), "value " + std::to_string(i)).ok()) {
      acknowledged = i + 1;
    }
    if (i == 6) {
      if (engine.ok()) (*engine)->Close().IgnoreError();
      engine = absl::UnknownError("closed");
      engine = machine.TryOpen();
    }
    if (!engine.ok()) continue;
    if (i % 2 == 1) (*engine)->FreezeMemtable().IgnoreError();
    if (i % 4 == 3) (*engine)->FlushAllFrozen().IgnoreError();
    if (i % 8 == 7) (*engine)->MajorCompact().IgnoreError();
    if (i % 4 != 3) continue;
    // What this life shows is what it acknowledged, and at most the one write that it could not answer for.
    const auto it = (*engine)->NewIterator({});
    if (!it.ok()) continue;
    int visible = 0;
    for ((*it)->SeekToFirst(); (*it)->Valid(); (*it)->Next()) ++visible;
    EXPECT_TRUE(!(*it)->status().ok() || visible == acknowledged || visible == acknowledged + 1)
        << visible << " of " << acknowledged;
  }
  return acknowledged;
}

void ExpectEverythingAcknowledged(Machine machine, int acknowledged) {
  const auto engine = machine.Open();
  ASSERT_NE(engine, nullptr);
  const int found = static_cast<int>(ContentsOf(*engine).size());
  EXPECT_TRUE(found == acknowledged || found == acknowledged + 1) << found << " of " << acknowledged;
  EXPECT_EQ(ContentsOf(*engine), Numbered(0, found));
  EXPECT_OK(Flush(*engine));
  EXPECT_OK(engine->MajorCompact());
  EXPECT_OK(engine->Put("later", "v"));
  EXPECT_OK(engine->Verify());
  EXPECT_EQ(ContentsOf(*engine).size(), static_cast<size_t>(found) + 1);
}

void Sweep(Fault fault, bool for_good) {
  Machine whole;
  ASSERT_EQ(Live(whole), kPuts);
  const uint64_t calls = whole.disk().calls();
  for (uint64_t call = 0; call < calls && !::testing::Test::HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(calls));
    Machine machine;
    machine.disk().FailAt(call, fault, for_good);
    const int acknowledged = Live(machine);
    ExpectEverythingAcknowledged(machine.AfterKill(), acknowledged);
    ExpectEverythingAcknowledged(machine.AfterPowerLoss(), acknowledged);
    ExpectEverythingAcknowledged(machine.AfterPowerLoss({.seed = call}), acknowledged);
  }
}

TEST(EngineFaultSweep, ACallThatFailsLosesNothingAcknowledged) { Sweep(Fault::kIoError, /*for_good=*/false); }
TEST(EngineFaultSweep, ACallThatFailsHalfwayLosesNothingAcknowledged) {
  Sweep(Fault::kFailAfterPart, /*for_good=*/false);
}
TEST(EngineFaultSweep, ACallWithoutSpaceLosesNothingAcknowledged) { Sweep(Fault::kNoSpace, /*for_good=*/false); }
TEST(EngineFaultSweep, ADiskThatFailsForGoodLosesNothingAcknowledged) { Sweep(Fault::kIoError, /*for_good=*/true); }
TEST(EngineFaultSweep, ADiskThatTurnsReadOnlyLosesNothingAcknowledged) { Sweep(Fault::kReadOnly, /*for_good=*/true); }

// ---- a manifest that has grown is written anew ----

std::string LargeKey(int i) { return NumberedKey(i) + std::string(60'000, 'k'); }

// Flushes one key whose table's bounds alone make a long edit.
absl::Status FlushLargeKey(Engine& engine, int i) {
  if (const absl::Status status = engine.Put(LargeKey(i), "v"); !status.ok()) return status;
  return Flush(engine);
}

void ExpectLargeKeys(Machine machine, int count) {
  const Contents contents = testing::ContentsWhenOpened(machine);
  EXPECT_EQ(contents.size(), static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) EXPECT_TRUE(contents.contains(LargeKey(i)));
}

TEST(EngineFaultSweep, AManifestThatHasGrownIsWrittenAnewAndAFailureOfThatLosesNothing) {
  constexpr int kFlushes = 3;
  uint64_t begin = 0, end = 0;
  {
    Machine machine;
    const auto engine = machine.Open();
    const std::string first = machine.Manifests()[0];
    for (int i = 0; i < kFlushes; ++i) {
      begin = machine.disk().calls();
      ASSERT_OK(FlushLargeKey(*engine, i));
    }
    end = machine.disk().calls();
    ASSERT_EQ(machine.Manifests().size(), 1u);
    ASSERT_NE(machine.Manifests()[0], first);
    ExpectLargeKeys(machine.AfterPowerLoss(), kFlushes);
  }
  for (const Fault fault : {Fault::kIoError, Fault::kNoSpace, Fault::kFailAfterPart}) {
    for (uint64_t call = begin; call < end; ++call) {
      SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(end));
      Machine machine;
      auto engine = machine.Open();
      for (int i = 0; i + 1 < kFlushes; ++i) ASSERT_OK(FlushLargeKey(*engine, i));
      machine.disk().FailAt(call, fault);
      const bool is_put = FlushLargeKey(*engine, kFlushes - 1).ok() || engine->Get(LargeKey(kFlushes - 1))->has_value();
      engine->Close().IgnoreError();
      if (!is_put) continue;  // the log may hold it or not
      ExpectLargeKeys(machine.AfterKill(), kFlushes);
      ExpectLargeKeys(machine.AfterPowerLoss(), kFlushes);
      ExpectLargeKeys(machine.AfterPowerLoss({.seed = call}), kFlushes);
    }
  }
}

}  // namespace
}  // namespace aeternus
