// Every call to the file system fails once, or from then on: with an I/O error, for want of space, or after half of its
// bytes were written. Whatever the database answers then, it shows exactly what it acknowledged; and whatever is on the
// disk afterwards opens, holds everything acknowledged with sync, and keeps what it showed.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "aeternus/options.h"
#include "aeternus/stats.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::SimFileSystem;

EngineConfig SmallConfig() {
  EngineConfig config;
  config.write_buffer_bytes = 256;
  config.table.block_size_bytes = 256;
  config.compaction.min_threshold = 2;
  config.compaction.tombstone_ratio = 0.1;
  return config;
}

struct Injection {
  uint64_t call = 0;
  Fault fault = Fault::kNone;
  bool for_good = false;
};

// A short life with one injection. The history is the same for the same seed, as far as the errors let it.
class FaultyLife {
 public:
  explicit FaultyLife(uint64_t seed) : rng_(seed), database_(SmallConfig()) {}

  void Run(const Injection& injection) {
    database_.disk().FailAt(injection.call, injection.fault, injection.for_good);
    if (Open()) Work();
    database_.disk().SetFaultRule(nullptr);
    if (!testing::Test::HasFailure()) CheckState();
    if (!testing::Test::HasFailure()) End();
  }
  uint64_t calls() { return database_.disk().calls(); }

 private:
  bool Open() {
    if (database_.Open().ok()) return true;
    // The machine recovers; so does the database, on what its first attempt has left.
    database_.disk().SetFaultRule(nullptr);
    const absl::Status status = database_.Open();
    EXPECT_TRUE(status.ok()) << "after a failed open: " << status;
    return status.ok();
  }

  void Work() {
    for (int step = 0; step < 40 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      Step();
      CheckContents();
    }
  }

  void Step() {
    switch (rng_.Below(12)) {
      case 0:
        return Expect(FlushEverything(*database_));
      case 1:
        return Expect(database_->MinorCompact().status());
      case 2:
        return Expect(database_->TombstoneCompact().status());
      case 3:
        return Expect(database_->MajorCompact().status());
      default:
        return Write();
    }
  }

  // Maintenance may fail, in words; what it must not do shows elsewhere.
  static void Expect(const absl::Status& status) { EXPECT_TRUE(status.ok() || !status.message().empty()); }

  void Write() {
    const std::string key = absl::StrCat("k", 10 + rng_.Below(20));
    const std::string value(10 + rng_.Below(60), static_cast<char>('a' + rng_.Below(26)));
    const bool sync = rng_.OneIn(2), is_delete = rng_.OneIn(4);
    Contents after = states_.back();
    if (is_delete) {
      after.erase(key);
    } else {
      after[key] = value;
    }
    const absl::Status status =
        is_delete ? database_->Delete(key, {.sync = sync}) : database_->Put(key, value, {.sync = sync});
    if (!status.ok()) {
      in_doubt_.push_back(std::move(after));
      return;
    }
    in_doubt_.clear();  // their LSNs have been given to what was acknowledged now
    states_.push_back(std::move(after));
    if (sync) acknowledged_ = states_.size() - 1;
  }

  // What is visible is what was acknowledged, never what failed.
  void CheckContents() {
    const absl::StatusOr<Contents> found = ReadAll(*database_);
    EXPECT_TRUE(!found.ok() || *found == states_.back());
  }

  // The faults are over: a database that has not failed for good takes writes, one that has says so.
  void CheckState() {
    if (database_.engine() == nullptr) return;
    const Stats stats = database_->Stats().value();
    const absl::Status status = database_->Put("after", "the fault");
    EXPECT_EQ(status.ok(), stats.state != EngineState::kFailed) << EngineStateName(stats.state) << ": " << status;
    EXPECT_EQ(stats.state_reason.empty(), stats.state == EngineState::kHealthy);
    if (!status.ok()) return;
    states_.push_back(states_.back());
    states_.back()["after"] = "the fault";
    acknowledged_ = states_.size() - 1;
    in_doubt_.clear();
    CheckContents();
  }

  void End() {
    if (rng_.OneIn(2)) {
      if (database_.Close().ok()) acknowledged_ = states_.size() - 1;
    } else {
      database_.Drop();
    }
    std::vector<Contents> acceptable(states_.begin() + static_cast<std::ptrdiff_t>(acknowledged_), states_.end());
    acceptable.insert(acceptable.end(), in_doubt_.begin(), in_doubt_.end());
    CheckDisk("killed", database_.disk().Fork(), acceptable);
    CheckDisk("power lost", database_.disk().Crash({.mode = CrashMode::kDropAll}), acceptable);
    CheckDisk("power lost, some kept", database_.disk().Crash({.mode = CrashMode::kRandom, .seed = rng_.Next()}),
              acceptable);
  }

  static void CheckDisk(std::string_view how, std::unique_ptr<SimFileSystem> disk,
                        const std::vector<Contents>& acceptable) {
    SCOPED_TRACE(how);
    SimDatabase database(SmallConfig(), std::move(disk));
    const absl::Status opened = database.Open();
    ASSERT_TRUE(opened.ok()) << opened;
    EXPECT_TRUE(database->Verify().ok()) << database->Verify();
    const Contents shown = ReadAll(*database).value();
    ASSERT_NE(std::find(acceptable.begin(), acceptable.end(), shown), acceptable.end())
        << "none of " << acceptable.size() << " acceptable states";
    database.Drop();
    // What was once shown after recovery survives power loss, though the pages it was read from may never have been
    // written.
    SimDatabase again(SmallConfig(), database.disk().Crash({.mode = CrashMode::kDropAll}));
    ASSERT_TRUE(again.Open().ok());
    EXPECT_EQ(ReadAll(*again).value(), shown) << "what recovery showed was lost again";
  }

  Rng rng_;
  SimDatabase database_;
  std::vector<Contents> states_ = {Contents{}};  // after each acknowledged write
  std::vector<Contents> in_doubt_;               // after each write that failed since
  size_t acknowledged_ = 0;                      // the state that must survive
};

struct FaultCase {
  const char* name;
  Fault fault;
  bool for_good;
};

class IoErrorTest : public testing::TestWithParam<FaultCase> {};

TEST_P(IoErrorTest, EveryCallMayFail) {
  const FaultCase& fault = GetParam();
  for (uint64_t seed : SeedsOrFirst(IsLongRun() ? 60 : 3)) {
    FaultyLife undisturbed(seed);
    undisturbed.Run({.call = ~uint64_t{0}, .fault = fault.fault});
    ASSERT_FALSE(HasFailure());
    for (uint64_t call = 0; call < undisturbed.calls(); ++call) {
      SCOPED_TRACE(absl::StrCat("call ", call, " fails; replay: ", ReplayCommand(seed)));
      FaultyLife(seed).Run({call, fault.fault, fault.for_good});
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, IoErrorTest,
                         testing::Values(FaultCase{"IoErrorOnce", Fault::kIoError, false},
                                         FaultCase{"IoErrorForGood", Fault::kIoError, true},
                                         FaultCase{"NoSpaceOnce", Fault::kNoSpace, false},
                                         FaultCase{"NoSpaceForGood", Fault::kNoSpace, true},
                                         FaultCase{"PartOnce", Fault::kFailAfterPart, false},
                                         FaultCase{"PartForGood", Fault::kFailAfterPart, true}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace aeternus::stress
