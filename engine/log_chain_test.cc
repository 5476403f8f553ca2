#include "engine/log_chain.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/file_identity.h"
#include "base/status.h"
#include "base/testing/test_seed.h"
#include "engine/file_names.h"
#include "engine/testing/log_chain_on_disk.h"
#include "engine/testing/status.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "wal/reader.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using testing::FailsWith;

// A frame with its payload copied.
struct ReadFrame {
  wal::FrameType type;
  Lsn first_lsn;
  uint32_t lsn_count;
  Lsn synced_lsn;
  std::string payload;
  uint64_t offset, end_offset;
};

class LogChainTest : public ::testing::Test, protected testing::LogChainOnDisk {
 protected:
  std::vector<ReadFrame> FramesOf(uint64_t number) {
    const auto file = fs_.NewRandomAccessFile(PathOf(FileNumber(number))).value();
    wal::Reader reader(file.get(), kDatabase, FileNumber(number));
    std::vector<ReadFrame> frames;
    while (true) {
      const std::optional<wal::Frame> frame = reader.Next().value();
      if (!frame.has_value()) return frames;
      frames.push_back({frame->type, frame->first_lsn, frame->lsn_count, frame->synced_lsn, std::string(frame->payload),
                        reader.frame_offset(), reader.offset()});
    }
  }

  LogLink LinkOf(uint64_t number) {
    return DecodeLogLink(FramesOf(number)[0].payload, PathOf(FileNumber(number)), kFileIdentitySizeBytes).value();
  }

  // Notes every call that changes or syncs something, as "sync db/000001.log".
  void RecordCalls() {
    fs_.SetFaultRule([this](const FileCall& call) {
      calls_.push_back(std::string(FileOpName(call.op)) + " " + call.path);
      return Fault::kNone;
    });
  }
  std::vector<std::string> CallsOf(FileOp op) const {
    std::vector<std::string> found;
    for (const std::string& call : calls_) {
      if (call.rfind(std::string(FileOpName(op)) + " ", 0) == 0) found.push_back(call);
    }
    return found;
  }

  std::vector<std::string> calls_;
};

TEST(LogLink, IsDecodedToWhatWasEncoded) {
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 100; ++i) {
    const LogLink link{FileNumber(random()), random(), Lsn(random())};
    const std::string payload = EncodeLogLink(link);
    ASSERT_EQ(payload.size(), 24u);
    const LogLink decoded = DecodeLogLink(payload, "000001.log", 64).value();
    EXPECT_EQ(decoded.predecessor, link.predecessor);
    EXPECT_EQ(decoded.end_offset, link.end_offset);
    EXPECT_EQ(decoded.last_lsn, link.last_lsn);
    for (size_t size = 0; size < payload.size(); ++size) {
      EXPECT_TRUE(FailsWith(DecodeLogLink(payload.substr(0, size), "000001.log", 64), absl::StatusCode::kDataLoss));
    }
    EXPECT_TRUE(FailsWith(DecodeLogLink(payload + "x", "000001.log", 64), absl::StatusCode::kDataLoss));
  }
}

TEST_F(LogChainTest, ALogBeginsWithALinkAndEndsWithASeal) {
  ASSERT_OK(Append("one", 3));
  ASSERT_OK(Append("two"));
  ASSERT_OK(chain_.SyncAll());
  ASSERT_OK(Append("three"));
  ASSERT_OK(chain_.Seal(&wrote_));
  EXPECT_FALSE(chain_.has_active());

  const std::vector<ReadFrame> frames = FramesOf(1);
  ASSERT_EQ(frames.size(), 5u);
  EXPECT_EQ(frames[0].type, wal::FrameType::kLink);
  EXPECT_EQ(frames[0].first_lsn, Lsn(1));
  EXPECT_EQ(LinkOf(1).predecessor, FileNumber(0));
  EXPECT_EQ(frames[1].payload, "one");
  EXPECT_EQ(frames[2].first_lsn, Lsn(4));
  EXPECT_EQ(frames[3].payload, "three");
  EXPECT_EQ(frames[4].type, wal::FrameType::kSeal);
  EXPECT_EQ(frames[4].first_lsn, Lsn(5));
  EXPECT_EQ(frames[4].lsn_count, 0u);
  EXPECT_EQ(frames[4].synced_lsn, Lsn(4)) << "the seal of a switch proves only what was synced before";
}

TEST_F(LogChainTest, ALinkSaysWhereTheLogBeforeItEnded) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.Seal(&wrote_));
  ASSERT_OK(Append("two", 7));
  ASSERT_OK(chain_.Seal(&wrote_));
  ASSERT_OK(Append("three"));
  for (uint64_t log = 2; log <= 3; ++log) {
    const std::vector<ReadFrame> before = FramesOf(log - 1);
    const ReadFrame& last_batch = before[before.size() - 2];
    EXPECT_EQ(LinkOf(log).predecessor, FileNumber(log - 1));
    EXPECT_EQ(LinkOf(log).end_offset, last_batch.end_offset) << "the seal stands behind the end";
    EXPECT_EQ(LinkOf(log).last_lsn.value, last_batch.first_lsn.value + last_batch.lsn_count - 1);
    EXPECT_EQ(FramesOf(log)[0].first_lsn.value, LinkOf(log).last_lsn.value + 1);
  }
}

TEST_F(LogChainTest, TheFirstLogLinksToWhereRecoveryEndedTheChain) {
  LogChain chain([this] { return MakeSegment(); }, {FileNumber(9), 640, Lsn(41)}, Lsn(41));
  const wal::Frame batch = {.first_lsn = Lsn(50), .lsn_count = 1, .synced_lsn = chain.synced_lsn(), .payload = "x"};
  ASSERT_OK(chain.Append({&batch, 1}, env::LogFile::Next::kSync, &wrote_));
  EXPECT_EQ(LinkOf(1).predecessor, FileNumber(9));
  EXPECT_EQ(LinkOf(1).end_offset, 640u);
  EXPECT_EQ(LinkOf(1).last_lsn, Lsn(41));
  EXPECT_EQ(FramesOf(1)[0].first_lsn, Lsn(50)) << "LSNs jump at a link and nowhere else";
  EXPECT_EQ(FramesOf(1)[1].synced_lsn, Lsn(41));
}

// [PREP_DURABLE]
TEST_F(LogChainTest, ASegmentAndItsNameAreSyncedBeforeItsFirstFrame) {
  RecordCalls();
  ASSERT_OK(Append("one"));
  const std::vector<std::string> expected = {"create db/000001.log",  "reserve db/000001.log",
                                             "commit db/000001.log",                        // the identity
                                             "sync db/000001.log",    "sync directory db",  //
                                             "reserve db/000001.log", "commit db/000001.log"};
  EXPECT_EQ(calls_, expected);
}

// [PREP_DURABLE]
TEST_F(LogChainTest, ASegmentWhoseHeadIsNotSyncedIsSyncedBeforeItsFirstFrame) {
  head_ = wal::Writer::Head::kUnsynced;
  ASSERT_OK(chain_.PrepareNext());
  RecordCalls();
  ASSERT_OK(Append("one"));
  ASSERT_OK(Append("two"));
  const std::vector<std::string> expected = {"sync db/000001.log", "reserve db/000001.log", "commit db/000001.log",
                                             "reserve db/000001.log", "commit db/000001.log"};
  EXPECT_EQ(calls_, expected);
}

TEST_F(LogChainTest, AFailedSyncOfTheHeadIsFinal) {
  head_ = wal::Writer::Head::kUnsynced;
  ASSERT_OK(chain_.PrepareNext());
  fs_.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kSync ? Fault::kIoError : Fault::kNone; });
  EXPECT_TRUE(FailsWith(Append("one"), absl::StatusCode::kInternal));
  EXPECT_TRUE(wrote_) << "as if a frame were lost";
}

TEST_F(LogChainTest, APreparedSegmentIsTheNextLogAndCostsTheWriterNothing) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.PrepareNext());
  ASSERT_OK(chain_.PrepareNext());
  EXPECT_EQ(next_number_, 3u) << "one is prepared, however often it is asked for";
  ASSERT_OK(chain_.Seal(&wrote_));
  RecordCalls();
  ASSERT_OK(Append("two"));
  EXPECT_EQ(calls_, (std::vector<std::string>{"reserve db/000002.log", "commit db/000002.log"}));
}

TEST_F(LogChainTest, EnsureNextNamesTheLogThatIsOrWillBeActive) {
  EXPECT_EQ(chain_.EnsureNext().value(), FileNumber(1));
  EXPECT_EQ(chain_.EnsureNext().value(), FileNumber(1));
  ASSERT_OK(Append("one"));
  EXPECT_EQ(chain_.EnsureNext().value(), FileNumber(1));
  ASSERT_OK(chain_.Seal(&wrote_));
  EXPECT_EQ(chain_.EnsureNext().value(), FileNumber(2));
}

TEST_F(LogChainTest, ALogIsTheActiveOneFromBeforeItsFirstFrame) {
  ASSERT_OK(chain_.PrepareNext());
  int asked = 0;
  fs_.SetFaultRule([&](const FileCall& call) {
    if (call.op != FileOp::kReserve && call.op != FileOp::kCommit) return Fault::kNone;
    ++asked;
    EXPECT_EQ(chain_.EnsureNext().value(), FileNumber(1));
    EXPECT_EQ(chain_.active_position().value().number, FileNumber(1));
    return Fault::kNone;
  });
  ASSERT_OK(Append("one"));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(next_number_, 2u);
}

// [WAIT_OLDER]
TEST_F(LogChainTest, SyncAllSyncsOlderLogsFirstAndTheOldestOfThemFirst) {
  for (const char* payload : {"one", "two", "three"}) {
    ASSERT_OK(Append(payload));
    ASSERT_OK(chain_.Seal(&wrote_));
  }
  ASSERT_OK(Append("four"));
  EXPECT_EQ(chain_.synced_lsn(), Lsn(0));
  RecordCalls();
  ASSERT_OK(chain_.SyncAll());
  EXPECT_EQ(CallsOf(FileOp::kSync), (std::vector<std::string>{"sync db/000001.log", "sync db/000002.log",
                                                              "sync db/000003.log", "sync db/000004.log"}));
  EXPECT_EQ(chain_.synced_lsn(), Lsn(4));

  calls_.clear();
  ASSERT_OK(chain_.SyncAll());
  EXPECT_EQ(CallsOf(FileOp::kSync), (std::vector<std::string>{"sync db/000004.log"})) << "an older log is synced once";
}

TEST_F(LogChainTest, SyncOlderLeavesTheActiveLogAlone) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.Seal(&wrote_));
  ASSERT_OK(Append("two"));
  RecordCalls();
  ASSERT_OK(chain_.SyncOlder());
  EXPECT_EQ(CallsOf(FileOp::kSync), (std::vector<std::string>{"sync db/000001.log"}));
  EXPECT_EQ(chain_.synced_lsn(), Lsn(1));
}

TEST_F(LogChainTest, WhatIsDroppedCountsAsSyncedAndIsNotSyncedAnyMore) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(Append("x"));
    ASSERT_OK(chain_.Seal(&wrote_));
  }
  EXPECT_FALSE(chain_.OwesSyncBelow(FileNumber(1)));
  EXPECT_TRUE(chain_.OwesSyncBelow(FileNumber(2)));
  chain_.Drop(FileNumber(3));
  EXPECT_FALSE(chain_.OwesSyncBelow(FileNumber(3)));
  EXPECT_TRUE(chain_.OwesSyncBelow(FileNumber(4)));
  EXPECT_EQ(chain_.synced_lsn(), Lsn(2));
  RecordCalls();
  ASSERT_OK(chain_.SyncAll());
  EXPECT_EQ(CallsOf(FileOp::kSync), (std::vector<std::string>{"sync db/000003.log"}));
  EXPECT_FALSE(chain_.OwesSyncBelow(FileNumber(4)));
}

TEST_F(LogChainTest, EveryFrameSaysWhatWasDurableWhenItWasWritten) {
  std::mt19937_64 random(TestSeed());
  std::vector<uint64_t> synced_at_append;
  uint64_t synced = 0;
  for (int step = 0; step < 300; ++step) {
    switch (random() % 4) {
      case 0:
        ASSERT_OK(chain_.SyncAll());
        synced = last_lsn_;
        break;
      case 1:
        ASSERT_OK(chain_.Seal(&wrote_));
        break;
      default:
        ASSERT_OK(Append("payload"));
        synced_at_append.push_back(synced);
    }
    ASSERT_EQ(chain_.synced_lsn(), Lsn(synced));
  }
  size_t batch = 0;
  for (uint64_t log = 1; log < next_number_; ++log) {
    for (const ReadFrame& frame : FramesOf(log)) {
      if (frame.type == wal::FrameType::kLink) {
        EXPECT_EQ(frame.synced_lsn.value, synced_at_append[batch]) << "as the batch behind it";
      }
      if (frame.type != wal::FrameType::kBatch) continue;
      EXPECT_EQ(frame.synced_lsn.value, synced_at_append[batch++]);
    }
  }
  EXPECT_EQ(batch, synced_at_append.size());
}

TEST_F(LogChainTest, AFailedSyncOfAnOlderLogKeepsTheActiveOneFromBeingSynced) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.Seal(&wrote_));
  ASSERT_OK(Append("two"));
  fs_.SetFaultRule([this](const FileCall& call) {
    if (call.op == FileOp::kSync) calls_.push_back(call.path);
    return call.op == FileOp::kSync && call.path == "db/000001.log" ? Fault::kIoError : Fault::kNone;
  });
  EXPECT_TRUE(FailsWith(chain_.SyncAll(), absl::StatusCode::kInternal, {"000001.log"}));
  EXPECT_EQ(calls_, (std::vector<std::string>{"db/000001.log"}));
  EXPECT_EQ(chain_.synced_lsn(), Lsn(0));
}

TEST_F(LogChainTest, RunningOutOfSpaceLeavesTheActiveLogAsItWas) {
  ASSERT_OK(Append("one"));
  const LogChain::Position before = chain_.active_position().value();
  const std::string bytes = fs_.Contents("db/000001.log").value();
  fs_.SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(Append(std::string(8000, 'x')), absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(wrote_);
  EXPECT_EQ(chain_.active_position()->number, before.number);
  EXPECT_EQ(chain_.active_position()->end_offset, before.end_offset);
  EXPECT_EQ(fs_.Contents("db/000001.log").value(), bytes);
  ASSERT_OK(Append("within what is allocated"));

  fs_.SetFreeSpace(1 << 20);
  ASSERT_OK(Append(std::string(8000, 'x')));
  EXPECT_EQ(FramesOf(1).size(), 4u);
}

TEST_F(LogChainTest, RunningOutOfSpaceBeforeTheFirstFrameLeavesTheSegmentPrepared) {
  ASSERT_OK(chain_.PrepareNext());
  fs_.SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(Append(std::string(8000, 'x')), absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(wrote_);
  EXPECT_FALSE(chain_.has_active());
  ASSERT_OK(Append("fits"));
  EXPECT_EQ(next_number_, 2u);
  EXPECT_EQ(FramesOf(1).size(), 2u);
}

TEST_F(LogChainTest, WithoutRoomForASegmentNothingIsBegunAndTheNextTryMayGoOn) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.Seal(&wrote_));
  fs_.SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(Append("two"), absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(wrote_);
  EXPECT_TRUE(FailsWith(chain_.PrepareNext(), absl::StatusCode::kResourceExhausted));
  fs_.SetFreeSpace(1 << 20);
  ASSERT_OK(Append("two"));
  EXPECT_EQ(LinkOf(next_number_ - 1).predecessor, FileNumber(1));
}

TEST_F(LogChainTest, WithoutRoomForTheSealTheLogStaysActive) {
  allocate_bytes_ = 0;
  ASSERT_OK(Append("one"));
  fs_.SetFreeSpace(0);
  EXPECT_TRUE(FailsWith(chain_.Seal(&wrote_), absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(wrote_);
  ASSERT_TRUE(chain_.has_active());
  fs_.SetFreeSpace(1 << 20);
  ASSERT_OK(Append("two"));
  ASSERT_OK(chain_.Seal(&wrote_));
  EXPECT_EQ(FramesOf(1).size(), 4u);
}

TEST_F(LogChainTest, AWriteThatFailsMidwaySaysSo) {
  ASSERT_OK(Append("one"));
  for (const Fault fault : {Fault::kIoError, Fault::kFailAfterPart}) {
    fs_.SetFaultRule([&](const FileCall& call) { return call.op == FileOp::kCommit ? fault : Fault::kNone; });
    EXPECT_TRUE(FailsWith(Append("two"), absl::StatusCode::kInternal));
    EXPECT_TRUE(wrote_);
    EXPECT_TRUE(FailsWith(chain_.Seal(&wrote_), absl::StatusCode::kInternal));
    EXPECT_TRUE(wrote_);
  }
}

// [CLOSE_SYNC_FIRST]
TEST_F(LogChainTest, CloseSyncsThenSealsWithAProofOfEverythingThenSyncsAgain) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.Seal(&wrote_));
  ASSERT_OK(Append("two"));
  RecordCalls();
  ASSERT_OK(chain_.Close());
  EXPECT_EQ(calls_, (std::vector<std::string>{"sync db/000001.log", "sync db/000002.log", "reserve db/000002.log",
                                              "commit db/000002.log", "sync db/000002.log"}));
  EXPECT_EQ(FramesOf(2).back().type, wal::FrameType::kSeal);
  EXPECT_EQ(FramesOf(2).back().synced_lsn, Lsn(2));
}

TEST_F(LogChainTest, CloseWithoutAnActiveLogSyncsTheOlderOnesAndBeginsNone) {
  ASSERT_OK(Append("one"));
  ASSERT_OK(chain_.Seal(&wrote_));
  RecordCalls();
  ASSERT_OK(chain_.Close());
  EXPECT_EQ(calls_, (std::vector<std::string>{"sync db/000001.log"}));
  EXPECT_EQ(chain_.synced_lsn(), Lsn(1));
  EXPECT_EQ(next_number_, 2u);
}

TEST_F(LogChainTest, TheEndIsWhereTheNewestLogEndsOrWhereRecoveryDid) {
  LogChain untouched([this] { return MakeSegment(); }, {FileNumber(1), 200, Lsn(7)}, Lsn(7));
  EXPECT_EQ(untouched.end().predecessor, FileNumber(1));
  EXPECT_EQ(untouched.end().end_offset, 200u);
  EXPECT_EQ(untouched.end().last_lsn, Lsn(7));

  ASSERT_OK(Append("one"));
  const LogLink open = chain_.end();
  EXPECT_EQ(open.predecessor, FileNumber(1));
  EXPECT_EQ(open.end_offset, chain_.active_position()->end_offset);
  EXPECT_EQ(open.last_lsn, Lsn(1));
  ASSERT_OK(chain_.Close());
  EXPECT_EQ(chain_.end().predecessor, open.predecessor);
  EXPECT_EQ(chain_.end().end_offset, open.end_offset) << "the seal stands behind it";
  EXPECT_EQ(chain_.end().last_lsn, open.last_lsn);
}

TEST_F(LogChainTest, AFailedSyncInCloseWritesNoSeal) {
  ASSERT_OK(Append("one"));
  fs_.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kSync ? Fault::kIoError : Fault::kNone; });
  EXPECT_TRUE(FailsWith(chain_.Close(), absl::StatusCode::kInternal));
  EXPECT_EQ(FramesOf(1).size(), 2u);
}

}  // namespace
}  // namespace aeternus
