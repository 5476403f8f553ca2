// Damage to the bytes of a database that is open or is opened: found by Verify, and never taken for data or for the end
// of data (invariant 7).
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "aeternus/engine.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"
#include "manifest/version_edit.h"
#include "wal/frame.h"
#include "wal/reader.h"

namespace aeternus {
namespace {

using testing::Contents;
using testing::ContentsOf;
using testing::DatabaseIdOf;
using testing::FailsWith;
using testing::Flush;
using testing::FramesOf;
using testing::Machine;
using testing::Numbered;
using testing::NumberedKey;
using testing::PutNumbered;

class EngineVerifyTest : public ::testing::Test {
 protected:
  // A table with points and range tombstones, a log that is sealed and one that is not.
  EngineVerifyTest() : random_(TestSeed()), engine_(machine_.Open({.table = {.block_size_bytes = 256}})) {
    PutNumbered(*engine_, 0, 40);
    EXPECT_OK(engine_->DeleteRange(NumberedKey(10), NumberedKey(15)));
    EXPECT_OK(Flush(*engine_));
    PutNumbered(*engine_, 40, 43);
    EXPECT_TRUE(engine_->FreezeMemtable().value());
    PutNumbered(*engine_, 43, 46);
    expected_ = Numbered(0, 46);
    expected_.erase(expected_.find(NumberedKey(10)), expected_.find(NumberedKey(15)));
  }

  // Flips a random bit of each byte of [begin, end), one at a time, while the database is open.
  void ExpectEveryByteVerified(const std::string& path, uint64_t begin, uint64_t end) {
    for (uint64_t byte = begin; byte < end; ++byte) {
      const uint64_t bit = 8 * byte + random_() % 8;
      machine_.FlipBit(path, bit);
      ASSERT_TRUE(FailsWith(engine_->Verify(), absl::StatusCode::kDataLoss, {path})) << "bit " << bit;
      machine_.FlipBit(path, bit);
    }
    EXPECT_OK(engine_->Verify());
  }

  std::mt19937_64 random_;
  Machine machine_;
  std::unique_ptr<Engine> engine_;
  Contents expected_;
};

TEST_F(EngineVerifyTest, FindsNothingInAWholeDatabase) {
  EXPECT_OK(engine_->Verify());
  EXPECT_EQ(ContentsOf(*engine_), expected_);
  engine_.reset();
  engine_ = machine_.Open();
  EXPECT_OK(engine_->Verify());
}

TEST_F(EngineVerifyTest, FindsAFlippedBitInATable) {
  const std::string path = machine_.Tables()[0];
  ExpectEveryByteVerified(path, 0, machine_.SizeOf(path));
}

TEST_F(EngineVerifyTest, FindsATableThatIsWholeAndNotTheOneThatWasWritten) {
  // The same history in another world: the same numbers and sizes, every block in order.
  Machine worlds[2];
  std::unique_ptr<Engine> engines[2];
  for (int i = 0; i < 2; ++i) {
    engines[i] = worlds[i].Open();
    ASSERT_OK(engines[i]->Put("k", std::to_string(i)));
    ASSERT_OK(Flush(*engines[i]));
  }
  const std::string table = worlds[0].Tables()[0];
  ASSERT_EQ(worlds[1].Tables()[0], table);
  ASSERT_EQ(worlds[1].SizeOf(table), worlds[0].SizeOf(table));
  EXPECT_OK(engines[0]->Verify());
  worlds[0].Write(table, 0, *worlds[1].disk().Contents(table));
  EXPECT_TRUE(FailsWith(engines[0]->Verify(), absl::StatusCode::kDataLoss, {table}));
}

TEST_F(EngineVerifyTest, FindsAFlippedBitInTheManifest) {
  const std::string path = machine_.Manifests()[0];
  ExpectEveryByteVerified(path, 0, machine_.SizeOf(path));
}

TEST_F(EngineVerifyTest, FindsAnEditInTheManifestThatNobodyCommitted) {
  const std::string path = machine_.Manifests()[0];
  const FileNumber number = *Manifest::ParseFileName(path.substr(path.rfind('/') + 1));
  const auto file = machine_.disk().NewRandomAccessFile(path).value();
  wal::Reader reader(file.get(), DatabaseIdOf(machine_), number);
  Lsn last;
  for (auto frame = reader.Next().value(); frame.has_value(); frame = reader.Next().value()) last = frame->first_lsn;
  const std::string payload = EncodeVersionEdit({});
  std::string frame(wal::FrameSizeBytes(payload.size()), '\0');
  wal::EncodeFrame({.type = wal::FrameType::kEdit,
                    .first_lsn = Lsn(last.value + 1),
                    .lsn_count = 1,
                    .synced_lsn = last,
                    .payload = payload},
                   wal::FrameSalt(DatabaseIdOf(machine_), number), reader.offset(), frame.data());
  EXPECT_OK(engine_->Verify());
  const std::string whole = *machine_.disk().Contents(path);
  ASSERT_OK(machine_.disk().SetContents(path, whole.substr(0, reader.offset()) + frame));
  EXPECT_TRUE(FailsWith(engine_->Verify(), absl::StatusCode::kDataLoss, {path}));
}

TEST_F(EngineVerifyTest, FindsAFlippedBitInALiveLog) {
  ASSERT_EQ(machine_.Logs().size(), 2u);
  for (const std::string& path : machine_.Logs()) {
    uint64_t end = 0;
    for (const testing::LogFrame& frame : FramesOf(machine_, path)) {
      if (frame.type != wal::FrameType::kSeal) end = frame.end_offset;
    }
    ExpectEveryByteVerified(path, 0, end);
  }
}

TEST_F(EngineVerifyTest, FindsAMissingTable) {
  const std::string path = machine_.Tables()[0];
  engine_.reset();
  engine_ = machine_.Open();
  machine_.Delete(path);
  EXPECT_FALSE(engine_->Verify().ok());
}

TEST_F(EngineVerifyTest, AFlippedBitInATableIsAnErrorOfTheReadThatMeetsItAndNeverAnotherAnswer) {
  engine_.reset();
  const std::string path = machine_.Tables()[0];
  for (uint64_t byte = 0; byte < machine_.SizeOf(path); ++byte) {
    SCOPED_TRACE("byte " + std::to_string(byte));
    Machine damaged = machine_.AfterKill();
    damaged.FlipBit(path, 8 * byte + random_() % 8);
    const auto engine = damaged.TryOpen();
    if (!engine.ok()) {
      ASSERT_TRUE(absl::IsDataLoss(engine.status())) << engine.status();
      continue;
    }
    Contents found;
    const auto it = (*engine)->NewIterator({});
    absl::Status end = it.status();
    if (it.ok()) {
      for ((*it)->SeekToFirst(); (*it)->Valid(); (*it)->Next()) found.emplace((*it)->key(), (*it)->value());
      end = (*it)->status();
    }
    if (end.ok()) {
      ASSERT_EQ(found, expected_);
    } else {
      ASSERT_TRUE(absl::IsDataLoss(end)) << end;
    }
    for (const auto& [key, value] : Numbered(0, 46)) {
      const auto read = (*engine)->Get(key);
      if (read.ok()) {
        ASSERT_EQ(read->has_value(), expected_.contains(key)) << key;
      } else {
        ASSERT_TRUE(absl::IsDataLoss(read.status())) << read.status();
      }
    }
  }
}

// The original's compaction read a damaged block as the end of its table, which made the loss permanent.
TEST_F(EngineVerifyTest, ACompactionThatMeetsDamageFailsAndKeepsItsInputs) {
  PutNumbered(*engine_, 50, 90);
  ASSERT_TRUE(engine_->FreezeMemtable().value());
  ASSERT_TRUE(engine_->FlushAllFrozen().value());
  engine_.reset();
  const std::string path = machine_.Tables()[0];
  for (uint64_t byte = 0; byte < machine_.SizeOf(path); byte += 7) {
    Machine damaged = machine_.AfterKill();
    damaged.FlipBit(path, 8 * byte + random_() % 8);
    const auto engine = damaged.TryOpen();
    if (!engine.ok()) continue;
    const uint64_t tables = (*engine)->Stats()->table_count;
    const auto compacted = (*engine)->MajorCompact();
    if (compacted.ok()) {
      ASSERT_EQ(ContentsOf(**engine).size(), expected_.size() + 40) << "byte " << byte;
    } else {
      ASSERT_TRUE(absl::IsDataLoss(compacted.status())) << compacted.status();
      ASSERT_EQ((*engine)->Stats()->table_count, tables);
      ASSERT_EQ(damaged.Tables().size(), tables);
    }
  }
}

}  // namespace
}  // namespace aeternus
