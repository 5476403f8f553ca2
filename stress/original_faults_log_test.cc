// Faults of the original AeternusDB in its logs, each reproduced there, and what must hold here instead.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "base/file_identity.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::FileCall;
using env::testing::SimFileSystem;

constexpr int kPuts = 20;

// Where the written part of a log ends: behind it there are only zeros.
size_t EndOfFrames(const std::string& log) { return log.find_last_not_of('\0') + 1; }

// The log of a database that was killed after kPuts synced puts, and the disk it lies on.
struct KilledDatabase {
  std::unique_ptr<SimFileSystem> disk;
  std::string log_path;
  std::string log;
  size_t last_frame = 0;  // where the last put's frame begins, or earlier
};

KilledDatabase Kill() {
  SimDatabase database;
  EXPECT_TRUE(database.Open().ok());
  EXPECT_TRUE(PutNumbered(*database, 0, kPuts - 1).ok());
  // The log in use is the one that a put makes longer.
  const auto before = database.Image();
  EXPECT_TRUE(PutNumbered(*database, kPuts - 1, kPuts).ok());
  KilledDatabase killed;
  for (const std::string& path : database.Logs()) {
    if (before.at(path) == database.disk().Contents(path).value()) continue;
    killed.log_path = path;
    killed.log = database.disk().Contents(path).value();
    killed.last_frame = EndOfFrames(before.at(path));
  }
  EXPECT_FALSE(killed.log_path.empty());
  killed.disk = database.disk().Fork();
  return killed;
}

// Opens a copy of the killed database with `log` in place of its log, and reads it.
absl::StatusOr<Contents> OpenWithLog(const KilledDatabase& killed, std::string log) {
  SimDatabase database({}, killed.disk->Fork());
  EXPECT_TRUE(database.disk().SetContents(killed.log_path, std::move(log)).ok());
  if (absl::Status status = database.Open(); !status.ok()) return status;
  return ReadAll(*database);
}

TEST(OriginalFaultsLogTest, LogCutShortInItsLastRecordOpens) {
  const KilledDatabase killed = Kill();
  const size_t end = EndOfFrames(killed.log);
  ASSERT_LT(killed.last_frame, end);
  for (size_t size = killed.last_frame; size < end; ++size) {
    const absl::StatusOr<Contents> found = OpenWithLog(killed, killed.log.substr(0, size));
    ASSERT_TRUE(found.ok()) << "cut to " << size << " bytes: " << found.status();
    ASSERT_EQ(*found, NumberedContents(0, kPuts - 1)) << "cut to " << size << " bytes";
  }
}

TEST(OriginalFaultsLogTest, ZeroFilledLogTailOpens) {
  const KilledDatabase killed = Kill();
  const size_t end = EndOfFrames(killed.log);
  for (size_t zeros_from = killed.last_frame; zeros_from < end; ++zeros_from) {
    std::string log = killed.log.substr(0, zeros_from);
    log.resize(killed.log.size() + 100'000);
    const absl::StatusOr<Contents> found = OpenWithLog(killed, log);
    ASSERT_TRUE(found.ok()) << "zeros from " << zeros_from << ": " << found.status();
    ASSERT_EQ(*found, NumberedContents(0, kPuts - 1)) << "zeros from " << zeros_from;
  }
}

// In the original the next record landed behind them, and the open after that failed.
TEST(OriginalFaultsLogTest, StrayBytesAtTheEndOfALogHarmNeitherThisOpenNorTheNext) {
  const KilledDatabase killed = Kill();
  for (size_t stray = 1; stray <= 48; ++stray) {
    std::string log = killed.log.substr(0, EndOfFrames(killed.log));
    log.resize((log.size() + 7) / 8 * 8);
    log += std::string(stray, '\x5a');
    SimDatabase database({}, killed.disk->Fork());
    ASSERT_TRUE(database.disk().SetContents(killed.log_path, log).ok());
    ASSERT_TRUE(database.Open().ok()) << stray << " stray bytes";
    ASSERT_TRUE(PutNumbered(*database, kPuts, kPuts + 5).ok());
    for (int open = 0; open < 2; ++open) {
      const absl::Status status = database.Reopen();
      ASSERT_TRUE(status.ok()) << stray << " stray bytes: " << status;
      ASSERT_EQ(ReadAll(*database).value(), NumberedContents(0, kPuts + 5)) << stray << " stray bytes";
    }
  }
}

// Every way in which the identity of a log without frames may be torn.
std::vector<std::string> TornHeaders(const std::string& log) {
  std::vector<std::string> torn;
  for (size_t size : {0, 1, 20, 63}) {
    torn.push_back(log.substr(0, size));
    torn.push_back(log.substr(0, size));
    torn.back().resize(log.size());
  }
  torn.push_back(log);
  torn.back()[10] ^= 1;
  return torn;
}

TEST(OriginalFaultsLogTest, TornHeaderOfAJustCreatedLogOpens) {
  SimDatabase database({.write_buffer_bytes = 200});
  std::vector<std::pair<std::unique_ptr<SimFileSystem>, int>> moments;  // disks, and how many puts were acknowledged
  int acknowledged = 0;
  database.disk().SetFaultRule([&](const FileCall&) {
    moments.emplace_back(database.disk().Fork(), acknowledged);
    return env::testing::Fault::kNone;
  });
  ASSERT_TRUE(database.Open().ok());
  for (; acknowledged < 12; ++acknowledged) {
    ASSERT_TRUE(PutNumbered(*database, acknowledged, acknowledged + 1).ok());
  }
  database.disk().SetFaultRule(nullptr);

  int tried = 0;
  for (const auto& [disk, puts] : moments) {
    for (const std::string& path : FilesOf(*disk, FileRole::kLog)) {
      const std::string log = disk->Contents(path).value();
      if (EndOfFrames(log) > kFileIdentitySizeBytes) continue;  // in use
      for (const std::string& torn : TornHeaders(log)) {
        SimDatabase crashed(database.config(), disk->Fork());
        ASSERT_TRUE(crashed.disk().SetContents(path, torn).ok());
        const absl::Status status = crashed.Open();
        ASSERT_TRUE(status.ok()) << path << " after " << puts << " puts: " << status;
        const Contents found = ReadAll(*crashed).value();
        ASSERT_GE(found.size(), static_cast<size_t>(puts));
        ASSERT_EQ(found, NumberedContents(0, static_cast<int>(found.size())));
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 0) << "no log was ever seen between its creation and its first frame";
}

TEST(OriginalFaultsLogTest, RetiredLogsAreDeleted) {
  SimDatabase database({.write_buffer_bytes = 1024});
  ASSERT_TRUE(database.Open().ok());
  for (int i = 0; i < 5000; i += 100) {
    ASSERT_TRUE(PutNumbered(*database, i, i + 100, {.sync = false}).ok());
    ASSERT_TRUE(FlushEverything(*database).ok());
    ASSERT_LE(database.Logs().size(), 3u) << "after " << i + 100 << " puts";
  }
  EXPECT_LE(database->Stats().value().log_files, 3u);
  ASSERT_TRUE(database.Reopen().ok());
  EXPECT_LE(database.Logs().size(), 3u);
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 5000));
}

// In the original they stayed in memory, and in their logs, until some later freeze.
TEST(OriginalFaultsLogTest, RecoveredFrozenMemtablesAreFlushedByDbAtOpen) {
  SimDatabase database({.write_buffer_bytes = 1024});
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(PutNumbered(*database, 0, 200).ok());
  ASSERT_GE(database->Stats().value().frozen_memtables, 2u);
  database.Drop();

  DbConfig config;
  config.env = database.env().env();
  const std::unique_ptr<Db> db = Db::Open(SimDatabase::kDirectory, config).value();
  ASSERT_TRUE(db->WaitForBackgroundWork().ok());
  const Stats stats = db->Stats().value();
  EXPECT_EQ(stats.frozen_memtables, 0u);
  EXPECT_GE(stats.table_count, 1u);
  EXPECT_LE(stats.log_files, 3u);
  EXPECT_EQ(ReadAll(*db).value(), NumberedContents(0, 200));
}

}  // namespace
}  // namespace aeternus::stress
