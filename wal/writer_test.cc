#include "wal/writer.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/file_identity.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "env/file_system.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "wal/frame.h"
#include "wal/reader.h"

namespace aeternus::wal {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimFileSystem;

constexpr char kPath[] = "db/000005.log";
const FileIdentity kIdentity = {.kind = FileKind::kLog, .database_id = DatabaseId(77), .number = FileNumber(5)};

// A log in a directory that is synced, and the payloads that were appended to it.
struct Fixture {
  explicit Fixture(uint64_t allocate_bytes = 1 << 20) {
    EXPECT_TRUE(fs.CreateDirectory("db").ok());
    writer = *Writer::Create(&fs, kPath, kIdentity, allocate_bytes);
    EXPECT_TRUE(fs.SyncDirectory("db").ok());
  }

  absl::Status Append(const std::vector<std::string>& group, bool* wrote = nullptr) {
    std::vector<Frame> frames;
    for (const std::string& payload : group) {
      frames.push_back({.first_lsn = Lsn(payloads.size() + frames.size() + 1), .lsn_count = 1, .payload = payload});
    }
    const absl::Status status = writer->Append(frames, env::LogFile::Next::kSync, wrote);
    if (status.ok()) payloads.insert(payloads.end(), group.begin(), group.end());
    return status;
  }

  SimFileSystem fs;
  std::unique_ptr<Writer> writer;
  std::vector<std::string> payloads;
};

std::vector<std::string> ReadAll(SimFileSystem& fs) {
  const auto file = fs.NewRandomAccessFile(kPath);
  if (!file.ok()) {
    ADD_FAILURE() << file.status();
    return {};
  }
  Reader reader(file->get(), kIdentity.database_id, kIdentity.number);
  std::vector<std::string> payloads;
  while (true) {
    const auto frame = reader.Next();
    EXPECT_TRUE(frame.ok()) << frame.status();
    if (!frame.ok() || !frame->has_value()) return payloads;
    EXPECT_EQ((*frame)->first_lsn, Lsn(payloads.size() + 1));
    payloads.emplace_back((*frame)->payload);
  }
}

std::vector<std::string> RandomGroup(std::mt19937_64& random) {
  std::vector<std::string> group(random() % 5);
  for (std::string& payload : group) payload = RandomBytes(random, random() % (random() % 8 == 0 ? 20'000 : 200));
  return group;
}

TEST(WriterTest, WhatIsAppendedIsRead) {
  std::mt19937_64 random(TestSeed());
  Fixture log;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(log.Append(RandomGroup(random)).ok());
  EXPECT_EQ(ReadAll(log.fs), log.payloads);
}

TEST(WriterTest, GroupIsOneReservationAndOneWrite) {
  Fixture log;
  const uint64_t reserves = log.fs.CountOf(FileOp::kReserve);
  const uint64_t commits = log.fs.CountOf(FileOp::kCommit);
  const uint64_t before = log.writer->size_bytes();
  ASSERT_TRUE(log.Append({"a", "bb", "ccc"}).ok());
  EXPECT_EQ(log.fs.CountOf(FileOp::kReserve), reserves + 1);
  EXPECT_EQ(log.fs.CountOf(FileOp::kCommit), commits + 1);
  EXPECT_EQ(log.writer->size_bytes(), before + 3 * FrameSizeBytes(3));
}

TEST(WriterTest, IdentityIsSyncedByCreate) {
  Fixture log;
  const auto after = log.fs.Crash({.mode = CrashMode::kDropAll});
  const auto file = after->NewRandomAccessFile(kPath);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto identity = ReadIdentity(**file, FileKind::kLog);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(*identity, kIdentity);
}

TEST(WriterTest, NoSpaceLeavesTheLogAsItWas) {
  Fixture log(/*allocate_bytes=*/0);
  ASSERT_TRUE(log.Append({"before"}).ok());
  log.fs.SetFreeSpace(0);
  bool wrote = true;
  const uint64_t size = log.writer->size_bytes();
  EXPECT_TRUE(absl::IsResourceExhausted(log.Append({std::string(100'000, 'x')}, &wrote)));
  EXPECT_FALSE(wrote);
  EXPECT_EQ(log.writer->size_bytes(), size);
  log.fs.SetFreeSpace(uint64_t{1} << 30);
  ASSERT_TRUE(log.Append({"after"}, &wrote).ok());
  EXPECT_TRUE(wrote);
  EXPECT_EQ(ReadAll(log.fs), (std::vector<std::string>{"before", "after"}));
}

// Where space cannot be backed ahead it may run out in the write itself.
TEST(WriterTest, NoSpaceInTheWriteItselfLeavesTheLogAsItWasToo) {
  Fixture log;
  ASSERT_TRUE(log.Append({"before"}).ok());
  log.fs.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kCommit ? Fault::kNoSpace : Fault::kNone; });
  bool wrote = true;
  EXPECT_TRUE(absl::IsResourceExhausted(log.Append({"refused"}, &wrote)));
  EXPECT_FALSE(wrote);
  log.fs.SetFaultRule(nullptr);
  ASSERT_TRUE(log.Append({"after"}, &wrote).ok());
  EXPECT_EQ(ReadAll(log.fs), (std::vector<std::string>{"before", "after"}));
}

TEST(WriterTest, AFailedSyncIsFinalEvenForWantOfSpace) {
  Fixture log;
  log.fs.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kSync ? Fault::kNoSpace : Fault::kNone; });
  EXPECT_TRUE(absl::IsInternal(log.writer->Sync())) << log.writer->Sync();
}

TEST(WriterTest, FailedWriteSaysThatBytesMayBeThere) {
  for (const Fault fault : {Fault::kIoError, Fault::kFailAfterPart}) {
    Fixture log;
    ASSERT_TRUE(log.Append({"before"}).ok());
    log.fs.SetFaultRule([&](const FileCall& call) { return call.op == FileOp::kCommit ? fault : Fault::kNone; });
    bool wrote = false;
    EXPECT_FALSE(log.Append({std::string(3000, 'x'), std::string(3000, 'y')}, &wrote).ok());
    EXPECT_TRUE(wrote);
    log.fs.SetFaultRule(nullptr);
    const std::vector<std::string> read = ReadAll(log.fs);
    ASSERT_GE(read.size(), 1u);
    EXPECT_EQ(read[0], "before");
  }
}

TEST(WriterTest, CrashKeepsWhatWasSyncedAndAPrefixOfTheRest) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 100; ++round) {
    Fixture log;
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(log.Append(RandomGroup(random)).ok());
    ASSERT_TRUE(log.writer->Sync().ok());
    const size_t synced = log.payloads.size();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(log.Append(RandomGroup(random)).ok());
    const auto after = log.fs.Crash({.mode = CrashMode::kRandom, .seed = random()});
    const std::vector<std::string> read = ReadAll(*after);
    ASSERT_GE(read.size(), synced);
    ASSERT_LE(read.size(), log.payloads.size());
    log.payloads.resize(read.size());
    ASSERT_EQ(read, log.payloads);
  }
}

TEST(WriterTest, ExistingFileIsNotOverwritten) {
  Fixture log;
  EXPECT_TRUE(absl::IsAlreadyExists(Writer::Create(&log.fs, kPath, kIdentity, 0).status()));
}

}  // namespace
}  // namespace aeternus::wal
