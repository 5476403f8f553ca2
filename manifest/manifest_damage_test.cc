// What Manifest::Read makes of files that are damaged, cut short, foreign or forged.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/file_identity.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"
#include "manifest/tag_length_value.h"
#include "manifest/testing/samples.h"
#include "manifest/version_edit.h"
#include "wal/frame.h"
#include "wal/writer.h"

namespace aeternus {
namespace {

using env::testing::SimFileSystem;

constexpr char kDir[] = "db";
constexpr char kCurrentPath[] = "db/CURRENT";
constexpr char kManifestPath[] = "db/MANIFEST-000001";
constexpr DatabaseId kDatabase{77};

// A database with a few edits: what its manifest says after each, and where in the file that edit ends.
struct Database {
  Database() {
    std::mt19937_64 random(TestSeed());
    EXPECT_TRUE(fs.CreateDirectory(kDir).ok());
    ManifestState state;
    state.database_id = kDatabase;
    const auto manifest = Manifest::Create(&fs, kDir, state, FileNumber(1));
    EXPECT_TRUE(manifest.ok()) << manifest.status();
    Remember(**manifest);
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE((*manifest)->Commit(RandomEdit(random, (*manifest)->state())).ok());
      Remember(**manifest);
    }
    bytes = *fs.Contents(kManifestPath);
  }

  void Remember(const Manifest& manifest) {
    states.push_back(Describe(manifest.state()));
    ends.push_back(manifest.size_bytes());
  }

  SimFileSystem fs;
  std::string bytes;                // of the manifest
  std::vector<std::string> states;  // after each edit
  std::vector<uint64_t> ends;
};

absl::StatusCode ReadCode(SimFileSystem& fs) { return Manifest::Read(&fs, kDir).status().code(); }

std::string ReadState(SimFileSystem& fs) {
  const auto state = Manifest::Read(&fs, kDir);
  if (!state.ok()) return state.status().ToString();
  return state->has_value() ? Describe(**state) : "no database";
}

void FlipBit(std::string* bytes, uint64_t bit) {
  (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ (1 << bit % 8));
}

// ---- CURRENT ----

TEST(CurrentDamageTest, EveryFlippedBitIsCorruption) {
  Database db;
  const std::string whole = *db.fs.Contents(kCurrentPath);
  for (uint64_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    FlipBit(&damaged, bit);
    ASSERT_TRUE(db.fs.SetContents(kCurrentPath, damaged).ok());
    ASSERT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss) << "bit " << bit;
  }
}

TEST(CurrentDamageTest, EveryOtherLengthIsCorruption) {
  Database db;
  const std::string whole = *db.fs.Contents(kCurrentPath);
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(db.fs.SetContents(kCurrentPath, whole.substr(0, size)).ok());
    ASSERT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss) << "cut at " << size;
  }
  ASSERT_TRUE(db.fs.SetContents(kCurrentPath, whole + '\0').ok());
  EXPECT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss);
}

TEST(CurrentDamageTest, MissingManifestIsCorruption) {
  Database db;
  ASSERT_TRUE(db.fs.DeleteFile(kManifestPath).ok());
  EXPECT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss);
}

// ---- the manifest ----

TEST(ManifestDamageTest, EveryFlippedBitIsCorruptionOrTheTornLastEdit) {
  Database db;
  const uint64_t last_edit_begin = db.ends[db.ends.size() - 2];
  for (uint64_t bit = 0; bit < 8 * db.bytes.size(); ++bit) {
    std::string damaged = db.bytes;
    FlipBit(&damaged, bit);
    ASSERT_TRUE(db.fs.SetContents(kManifestPath, damaged).ok());
    if (bit / 8 < last_edit_begin) {
      ASSERT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss) << "bit " << bit;
    } else {
      ASSERT_EQ(ReadState(db.fs), db.states[db.states.size() - 2]) << "bit " << bit;
    }
  }
}

TEST(ManifestDamageTest, CutAnywhereItKeepsTheWholeEdits) {
  Database db;
  for (size_t size = 0; size <= db.bytes.size(); ++size) {
    ASSERT_TRUE(db.fs.SetContents(kManifestPath, db.bytes.substr(0, size)).ok());
    size_t whole = 0;
    while (whole < db.ends.size() && db.ends[whole] <= size) ++whole;
    if (whole == 0) {
      ASSERT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss) << "cut at " << size;
    } else {
      ASSERT_EQ(ReadState(db.fs), db.states[whole - 1]) << "cut at " << size;
    }
  }
}

TEST(ManifestDamageTest, ZerosInPlaceOfAnEditAreCorruptionUnlessItIsTheLast) {
  Database db;
  for (size_t edit = 0; edit < db.ends.size(); ++edit) {
    const uint64_t begin = edit == 0 ? kFileIdentitySizeBytes : db.ends[edit - 1];
    std::string damaged = db.bytes;
    damaged.replace(begin, db.ends[edit] - begin, db.ends[edit] - begin, '\0');
    ASSERT_TRUE(db.fs.SetContents(kManifestPath, damaged).ok());
    if (edit + 1 < db.ends.size()) {
      EXPECT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss) << "edit " << edit;
    } else {
      EXPECT_EQ(ReadState(db.fs), db.states[edit - 1]);
    }
  }
}

TEST(ManifestDamageTest, ManifestOfAnotherDatabaseOrNumberIsCorruption) {
  Database db;
  FileIdentity identity = *DecodeFileIdentity(db.bytes.substr(0, 64), FileKind::kManifest, "", 0);
  FileIdentity other_database = identity;
  other_database.database_id = DatabaseId(78);
  FileIdentity other_number = identity;
  other_number.number = FileNumber(2);
  for (const FileIdentity& other : {other_database, other_number}) {
    ASSERT_TRUE(db.fs.SetContents(kManifestPath, EncodeFileIdentity(other) + db.bytes.substr(64)).ok());
    EXPECT_EQ(ReadCode(db.fs), absl::StatusCode::kDataLoss);
  }
}

// ---- forged histories: each frame is whole, the story is not ----

wal::Frame EditFrame(uint64_t number, std::string_view payload) {
  wal::Frame frame;
  frame.type = wal::FrameType::kEdit;
  frame.first_lsn = Lsn(number);
  frame.lsn_count = 1;
  frame.synced_lsn = Lsn(number - 1);
  frame.payload = payload;
  return frame;
}

// Reads a manifest of these frames, with a CURRENT that names it and `first_edit`.
absl::StatusOr<std::optional<ManifestState>> ReadForged(const std::vector<wal::Frame>& frames, uint64_t first_edit = 1,
                                                        uint32_t format_version = kFormatVersion) {
  SimFileSystem fs;
  EXPECT_TRUE(fs.CreateDirectory(kDir).ok());
  FileIdentity identity;
  identity.database_id = kDatabase;
  identity.number = FileNumber(1);
  identity.format_version = format_version;
  identity.kind = FileKind::kManifest;
  const auto writer = wal::Writer::Create(&fs, kManifestPath, identity, 0);
  EXPECT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE((*writer)->Append(frames, env::LogFile::Next::kSync).ok());
  identity.kind = FileKind::kCurrent;
  identity.format_version = kFormatVersion;
  identity.edit = EditNumber(first_edit);
  EXPECT_TRUE(fs.SetContents(kCurrentPath, EncodeFileIdentity(identity)).ok());
  return Manifest::Read(&fs, kDir);
}

std::string Snapshot(std::string_view key_order = "bytewise") {
  VersionEdit edit;
  edit.is_snapshot = true;
  edit.key_order_name = key_order;
  return EncodeVersionEdit(edit);
}

TEST(ForgedManifestTest, WholeHistoryIsRead) {
  const std::string snapshot = Snapshot();
  const auto state = ReadForged({EditFrame(5, snapshot), EditFrame(6, "")}, /*first_edit=*/5);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ((*state)->last_edit, EditNumber(6));
}

TEST(ForgedManifestTest, StoriesThatDoNotHoldTogetherAreCorruption) {
  const std::string snapshot = Snapshot();
  VersionEdit bare;
  bare.is_snapshot = true;
  const std::string without_key_order = EncodeVersionEdit(bare);
  VersionEdit removal;
  removal.removed_tables = {FileNumber(9)};
  const std::string removes_missing = EncodeVersionEdit(removal);
  wal::Frame batch = EditFrame(2, "");
  batch.type = wal::FrameType::kBatch;
  wal::Frame two_at_once = EditFrame(2, "");
  two_at_once.lsn_count = 2;
  wal::Frame unsynced_before = EditFrame(2, "");
  unsynced_before.synced_lsn = Lsn(0);
  const struct {
    const char* what;
    std::vector<wal::Frame> frames;
  } cases[] = {
      {"nothing", {}},
      {"no snapshot", {EditFrame(1, "")}},
      {"snapshot without a key order", {EditFrame(1, without_key_order)}},
      {"snapshot is not the edit of CURRENT", {EditFrame(2, snapshot)}},
      {"a second snapshot", {EditFrame(1, snapshot), EditFrame(2, snapshot)}},
      {"a gap", {EditFrame(1, snapshot), EditFrame(3, "")}},
      {"an edit twice", {EditFrame(1, snapshot), EditFrame(2, ""), EditFrame(2, "")}},
      {"a frame that is no edit", {EditFrame(1, snapshot), batch}},
      {"a frame of two edits", {EditFrame(1, snapshot), two_at_once}},
      {"an edit written before the last was synced", {EditFrame(1, snapshot), unsynced_before}},
      {"an edit that is no edit", {EditFrame(1, snapshot), EditFrame(2, "\xff")}},
      {"removes a table that is not live", {EditFrame(1, snapshot), EditFrame(2, removes_missing)}},
  };
  for (const auto& c : cases) {
    const absl::Status status = ReadForged(c.frames).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << c.what << ": " << status;
  }
}

TEST(ForgedManifestTest, CurrentThatCountsOnNoEditIsCorruption) {
  const std::string snapshot = Snapshot();
  EXPECT_EQ(ReadForged({EditFrame(1, snapshot)}, /*first_edit=*/0).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ForgedManifestTest, AnotherKeyOrderIsRefusedByName) {
  const std::string snapshot = Snapshot("reverse");
  const absl::Status status = ReadForged({EditFrame(1, snapshot)}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_NE(status.message().find("reverse"), std::string_view::npos) << status;
}

TEST(ForgedManifestTest, NewerVersionsAreUnimplementedAndNotCorrupt) {
  const std::string snapshot = Snapshot();
  std::string unknown;
  PutRecord(&unknown, 98, "x");
  std::string ignorable;
  PutRecord(&ignorable, 99, "x");
  EXPECT_EQ(ReadForged({EditFrame(1, snapshot), EditFrame(2, unknown)}).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(ReadForged({EditFrame(1, snapshot)}, 1, kFormatVersion + 1).status().code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(ReadForged({EditFrame(1, snapshot), EditFrame(2, ignorable)}).ok());
}

}  // namespace
}  // namespace aeternus
