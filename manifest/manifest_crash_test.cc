// Create, Commit and Checkpoint, stopped at every file-system call they make, by a loss of power or by an error and
// then a loss of power: what is found afterwards is the state before or the state after, and once success was reported,
// the state after.
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"
#include "manifest/testing/samples.h"
#include "manifest/version_edit.h"

namespace aeternus {
namespace {

using env::testing::CrashMode;
using env::testing::CrashOptions;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::SimFileSystem;

constexpr char kDir[] = "db";
constexpr char kNoDatabase[] = "no database";
constexpr int kRandomCrashes = 20;

std::string ReadState(SimFileSystem& fs) {
  const auto state = Manifest::Read(&fs, kDir);
  if (!state.ok()) return state.status().ToString();
  return state->has_value() ? Describe(**state) : kNoDatabase;
}

// The same tables every time, some with names long enough that a snapshot takes several sectors.
ManifestState StateWithTables() {
  std::mt19937_64 random(1);
  ManifestState state;
  state.database_id = DatabaseId(77);
  VersionEdit edit;
  for (uint64_t number = 10; number < 20; ++number)
    edit.added_tables.push_back(RandomTable(random, FileNumber(number)));
  edit.added_tables[3].smallest = std::string(700, 'x');
  state.version = *state.version->Apply(edit);
  state.reserved_numbers_end = FileNumber(20);
  return state;
}

VersionEdit EditOfSeveralSectors() {
  std::mt19937_64 random(2);
  VersionEdit edit;
  edit.added_tables.push_back(RandomTable(random, FileNumber(20)));
  edit.added_tables[0].smallest = std::string(1500, 'y');
  edit.removed_tables = {FileNumber(12)};
  edit.reserved_numbers_end = FileNumber(21);
  return edit;
}

// One step of a database's life: `prepare` runs undisturbed, `run` is stopped at each of its calls in turn.
struct Scenario {
  std::function<std::unique_ptr<Manifest>(SimFileSystem&)> prepare;
  std::function<absl::Status(SimFileSystem&, Manifest*)> run;
};

class CrashChecker {
 public:
  explicit CrashChecker(const Scenario& scenario) : scenario_(scenario) {
    SimFileSystem fs;
    const std::unique_ptr<Manifest> manifest = scenario.prepare(fs);
    before_ = ReadState(fs);
    EXPECT_TRUE(scenario.run(fs, manifest.get()).ok());
    after_ = ReadState(fs);
    EXPECT_NE(before_, after_);
  }

  // Power is lost before each call, and no call ever fails.
  void LosePowerBeforeEveryCall() {
    SimFileSystem fs;
    const std::unique_ptr<Manifest> manifest = scenario_.prepare(fs);
    fs.SetFaultRule([&](const FileCall& call) {
      SCOPED_TRACE(::testing::Message() << "before " << FileOpName(call.op) << " of " << call.path);
      ExpectReadableAfterCrash(fs, /*is_done=*/false);
      return Fault::kNone;
    });
    EXPECT_TRUE(scenario_.run(fs, manifest.get()).ok());
    fs.SetFaultRule(nullptr);
    ExpectReadableAfterCrash(fs, /*is_done=*/true);
  }

  // Each call fails, and every one behind it, and then power is lost.
  void FailFromEveryCall(Fault fault) {
    bool is_done = false;
    for (uint64_t call = 0; !is_done; ++call) {
      ASSERT_LT(call, 200u) << "it never comes to an end";
      SCOPED_TRACE(::testing::Message() << "failing from call " << call);
      SimFileSystem fs;
      const std::unique_ptr<Manifest> manifest = scenario_.prepare(fs);
      fs.FailAt(fs.calls() + call, fault, /*for_good=*/true);
      is_done = scenario_.run(fs, manifest.get()).ok();
      fs.SetFaultRule(nullptr);
      ExpectReadableAfterCrash(fs, is_done);
    }
  }

 private:
  void ExpectReadableAfterCrash(const SimFileSystem& fs, bool is_done) {
    for (int i = 0; i < kRandomCrashes + 2; ++i) {
      CrashOptions crash;
      crash.mode = i == 0 ? CrashMode::kDropAll : i == 1 ? CrashMode::kKeepAll : CrashMode::kRandom;
      crash.seed = random_();
      const std::unique_ptr<SimFileSystem> found = fs.Crash(crash);
      const std::string state = ReadState(*found);
      EXPECT_TRUE(state == after_ || (!is_done && state == before_)) << "crash seed " << crash.seed << ": " << state;
    }
  }

  const Scenario scenario_;
  std::mt19937_64 random_{TestSeed()};
  std::string before_, after_;
};

void StopAtEveryCall(const Scenario& scenario) {
  CrashChecker checker(scenario);
  checker.LosePowerBeforeEveryCall();
  for (const Fault fault : {Fault::kIoError, Fault::kFailAfterPart, Fault::kNoSpace}) checker.FailFromEveryCall(fault);
}

std::unique_ptr<Manifest> NoDatabase(SimFileSystem& fs) {
  EXPECT_TRUE(fs.CreateDirectory(kDir).ok());
  return nullptr;
}

std::unique_ptr<Manifest> OneDatabase(SimFileSystem& fs) {
  EXPECT_TRUE(fs.CreateDirectory(kDir).ok());
  auto manifest = Manifest::Create(&fs, kDir, StateWithTables(), FileNumber(1));
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  return *std::move(manifest);
}

TEST(ManifestCrashTest, CreationOfADatabase) {
  StopAtEveryCall({NoDatabase, [](SimFileSystem& fs, Manifest*) {
                     return Manifest::Create(&fs, kDir, StateWithTables(), FileNumber(1)).status();
                   }});
}

TEST(ManifestCrashTest, CreateByALaterOpen) {
  StopAtEveryCall({OneDatabase, [](SimFileSystem& fs, Manifest* open) {
                     return Manifest::Create(&fs, kDir, open->state(), FileNumber(30)).status();
                   }});
}

TEST(ManifestCrashTest, CreateBesideWhatAnEarlierCrashLeft) {
  const auto prepare = [](SimFileSystem& fs) {
    std::unique_ptr<Manifest> manifest = OneDatabase(fs);
    EXPECT_TRUE(fs.SetContents("db/CURRENT.tmp", "half").ok());
    EXPECT_TRUE(fs.SetContents("db/MANIFEST-000029", "half").ok());
    return manifest;
  };
  StopAtEveryCall({prepare, [](SimFileSystem& fs, Manifest* open) {
                     return Manifest::Create(&fs, kDir, open->state(), FileNumber(30)).status();
                   }});
}

TEST(ManifestCrashTest, Commit) {
  StopAtEveryCall(
      {OneDatabase, [](SimFileSystem&, Manifest* manifest) { return manifest->Commit(EditOfSeveralSectors()); }});
}

TEST(ManifestCrashTest, Checkpoint) {
  StopAtEveryCall(
      {OneDatabase, [](SimFileSystem&, Manifest* manifest) { return manifest->Checkpoint(FileNumber(30)); }});
}

TEST(ManifestCrashTest, CommitBehindACheckpoint) {
  const auto prepare = [](SimFileSystem& fs) {
    std::unique_ptr<Manifest> manifest = OneDatabase(fs);
    EXPECT_TRUE(manifest->Checkpoint(FileNumber(30)).ok());
    return manifest;
  };
  StopAtEveryCall(
      {prepare, [](SimFileSystem&, Manifest* manifest) { return manifest->Commit(EditOfSeveralSectors()); }});
}

}  // namespace
}  // namespace aeternus
