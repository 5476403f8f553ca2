// The harnesses are tested themselves: bugs are planted one at a time, in the library (base/planted_bug.h) or as a disk
// that lies (lie.h), and the harness that each belongs to has to notice, within small bounds (hunt.h). Without the bug
// it does the same, and must find nothing.
//
// Release builds have no planted bugs; there it is the lies alone.
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/testing/scoped_planted_bug.h"
#include "gtest/gtest.h"
#include "stress/hunt.h"
#include "stress/lie.h"

namespace aeternus::stress {
namespace {

#ifdef NDEBUG
static_assert(!kBugsCanBePlanted && !IsPlanted(PlantedBug::kLsnReused), "the compiler knows that there are none");
#endif

struct Planted {
  std::string_view name;
  Harness caught_by;
  PlantedBug bug = PlantedBug::kNone;
  const Lie* lie = nullptr;
};

constexpr Planted kInTheLibrary[] = {
    {"AcknowledgedBeforeSync", Harness::kCrashEnumeration, PlantedBug::kAcknowledgedBeforeSync},
    {"NewLogSyncedBeforeOld", Harness::kCrashEnumeration, PlantedBug::kNewLogSyncedBeforeOld},
    {"FailedSyncRetried", Harness::kCrashEnumeration, PlantedBug::kFailedSyncRetried},
    {"FailureForgotten", Harness::kIoErrors, PlantedBug::kFailureForgotten},
    {"PublishedBeforeApplied", Harness::kSchedules, PlantedBug::kPublishedBeforeApplied},
    {"FailedEngineSeals", Harness::kCrashEnumeration, PlantedBug::kFailedEngineSeals},
    {"LogsDeletedBeforeEdit", Harness::kCrashEnumeration, PlantedBug::kLogsDeletedBeforeEdit},
    {"InputsDeletedBeforeEdit", Harness::kCrashEnumeration, PlantedBug::kInputsDeletedBeforeEdit},
    {"FlushIgnoresSnapshots", Harness::kSchedules, PlantedBug::kFlushIgnoresSnapshots},
    {"CompactionIgnoresSnapshots", Harness::kDifferential, PlantedBug::kCompactionIgnoresSnapshots},
    {"TombstoneDroppedEarly", Harness::kDifferential, PlantedBug::kTombstoneDroppedEarly},
    {"CutIgnored", Harness::kCrashEnumeration, PlantedBug::kCutIgnored},
    {"RecoveredLogLeftOpen", Harness::kCrashEnumeration, PlantedBug::kRecoveredLogLeftOpen},
    {"SyncedLsnFromDiscarded", Harness::kCrashEnumeration, PlantedBug::kSyncedLsnFromDiscarded},
    {"WitnessesIgnored", Harness::kDamage, PlantedBug::kWitnessesIgnored},
    {"LsnReused", Harness::kDifferential, PlantedBug::kLsnReused},
    {"LsnLoadedBeforeView", Harness::kSchedules, PlantedBug::kLsnLoadedBeforeView},
    {"SnapshotTakenUnregistered", Harness::kSchedules, PlantedBug::kSnapshotTakenUnregistered},
    {"FirstTableAnswers", Harness::kDifferential, PlantedBug::kFirstTableAnswers},
    {"AgeByTableNumber", Harness::kDifferential, PlantedBug::kAgeByTableNumber},
    {"TombstonesOutsideBounds", Harness::kDifferential, PlantedBug::kTombstonesOutsideBounds},
    {"TablesTombstonesSkipped", Harness::kDifferential, PlantedBug::kTablesTombstonesSkipped},
    {"BlockChecksumIgnored", Harness::kDamage, PlantedBug::kBlockChecksumIgnored},
    {"IteratorErrorSwallowed", Harness::kIoErrors, PlantedBug::kIteratorErrorSwallowed},
};

std::vector<Planted> AllPlanted() {
  std::vector<Planted> all;
  for (const Lie& lie : kLies) {
    all.push_back({.name = lie.name, .caught_by = Harness::kCrashEnumeration, .lie = &lie});
  }
  if (kBugsCanBePlanted) all.insert(all.end(), std::begin(kInTheLibrary), std::end(kInTheLibrary));
  return all;
}

std::string NameOf(const Planted& planted) { return absl::StrCat(planted.lie == nullptr ? "" : "No", planted.name); }

// A hunt, and how much of it was done.
class Progress {
 public:
  explicit Progress(std::unique_ptr<Hunt> hunt) : hunt_(std::move(hunt)) {}

  uint64_t pieces() const { return pieces_; }
  std::string Extent() const { return hunt_->Extent(); }
  // What is wrong, if anything is until so much is done.
  std::optional<std::string> GoOnTo(uint64_t pieces) {
    while (pieces_ < pieces && !hunt_->is_over()) {
      ++pieces_;
      if (std::optional<std::string> wrong = hunt_->Next()) return wrong;
    }
    return std::nullopt;
  }

 private:
  const std::unique_ptr<Hunt> hunt_;
  uint64_t pieces_ = 0;
};

class PlantedBugsTest : public testing::TestWithParam<Planted> {
 protected:
  static void TearDownTestSuite() {
    std::printf("planted: %d, caught: %d\n", planted_, caught_);
    EXPECT_EQ(planted_, caught_);
    controls_.clear();
  }

  // The hunt of that harness without any bug: one for all, because it is the same each time.
  static Progress& ControlOf(Harness harness) {
    const auto control = controls_.find(harness);
    return control != controls_.end() ? control->second : controls_.emplace(harness, NewHunt(harness)).first->second;
  }

  static inline int planted_ = 0;
  static inline int caught_ = 0;

 private:
  static inline std::map<Harness, Progress> controls_;
};

TEST_P(PlantedBugsTest, IsCaughtAndNothingIsWithoutIt) {
  const Planted& planted = GetParam();
  const std::string harness(HarnessName(planted.caught_by));
  ++planted_;
  Progress hunt(NewHunt(planted.caught_by, planted.lie));
  std::optional<std::string> wrong;
  {
    const ScopedPlantedBug bug(planted.bug);
    wrong = hunt.GoOnTo(std::numeric_limits<uint64_t>::max());
  }
  ASSERT_TRUE(wrong.has_value()) << "missed: after " << hunt.Extent() << " the " << harness << " has noticed nothing";
  const std::string first_line = wrong->substr(0, wrong->find('\n'));
  std::printf("%s: caught by the %s after %s: %s\n", NameOf(planted).c_str(), harness.c_str(), hunt.Extent().c_str(),
              first_line.c_str());
  ASSERT_EQ(ControlOf(planted.caught_by).GoOnTo(hunt.pieces()), std::nullopt)
      << "the " << harness << " finds something wrong without the bug, too";
  ++caught_;
}

INSTANTIATE_TEST_SUITE_P(Planted, PlantedBugsTest, testing::ValuesIn(AllPlanted()),
                         [](const auto& info) { return NameOf(info.param); });

TEST(PlantedBugsListTest, HoldsEveryBugOnceAndAtLeastTwentyOfThem) {
  std::set<PlantedBug> bugs;
  for (const Planted& planted : kInTheLibrary) {
    EXPECT_TRUE(bugs.insert(planted.bug).second) << planted.name << " is there twice";
  }
  for (int bug = static_cast<int>(PlantedBug::kNone) + 1; bug < static_cast<int>(PlantedBug::kCount); ++bug) {
    EXPECT_TRUE(bugs.contains(static_cast<PlantedBug>(bug))) << "nobody is held to finding bug number " << bug;
  }
  if (kBugsCanBePlanted) {
    EXPECT_GE(AllPlanted().size(), 20u);
  }
}

}  // namespace
}  // namespace aeternus::stress
