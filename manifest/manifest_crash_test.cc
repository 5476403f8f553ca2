// Create, Commit and Checkpoint, stopped at every file-system call they make, by an error after which power is lost:
// what is found afterwards is the state before or the state after, and once success was reported, the state after.
#include <functional>
#include <memory>
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
using env::testing::SimFileSystem;

constexpr char kDir[] = "db";
constexpr char kNoDatabase[] = "no database";
constexpr int kRandomCrashesPerCall = 20;

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

void StopAtEveryCall(const Scenario& scenario) {
  std::mt19937_64 random(TestSeed());
  std::string before, after;
  {
    SimFileSystem fs;
    const std::unique_ptr<Manifest> manifest = scenario.prepare(fs);
    before = ReadState(fs);
    ASSERT_TRUE(scenario.run(fs, manifest.get()).ok());
    after = ReadState(fs);
    ASSERT_NE(before, after);
  }
  for (const Fault fault : {Fault::kIoError, Fault::kFailAfterPart, Fault::kNoSpace}) {
    bool succeeded = false;
    for (uint64_t call = 0; !succeeded; ++call) {
      ASSERT_LT(call, 200u) << "it never comes to an end";
      SimFileSystem fs;
      const std::unique_ptr<Manifest> manifest = scenario.prepare(fs);
      fs.FailAt(fs.calls() + call, fault, /*for_good=*/true);
      succeeded = scenario.run(fs, manifest.get()).ok();
      fs.SetFaultRule(nullptr);
      for (int i = 0; i < kRandomCrashesPerCall + 2; ++i) {
        CrashOptions crash;
        crash.mode = i == 0 ? CrashMode::kDropAll : i == 1 ? CrashMode::kKeepAll : CrashMode::kRandom;
        crash.seed = random();
        const std::unique_ptr<SimFileSystem> found = fs.Crash(crash);
        const std::string state = ReadState(*found);
        SCOPED_TRACE(::testing::Message() << "call " << call << ", crash seed " << crash.seed);
        if (succeeded) {
          ASSERT_EQ(state, after);
        } else {
          ASSERT_TRUE(state == before || state == after) << state;
        }
      }
    }
  }
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
