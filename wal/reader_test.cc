#include "wal/reader.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/coding.h"
#include "base/file_identity.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "env/file_system.h"
#include "gtest/gtest.h"
#include "wal/frame.h"
#include "wal/testing/bytes_file.h"

namespace aeternus::wal {
namespace {

constexpr DatabaseId kDatabase{77};
constexpr FileNumber kNumber{5};

// A log under construction, and what is in it.
struct Log {
  Log() : bytes(EncodeFileIdentity({.kind = FileKind::kLog, .database_id = kDatabase, .number = kNumber})) {}

  void Add(std::string_view payload, FrameType type = FrameType::kBatch) {
    const Lsn lsn(payloads.size() + 1);
    const uint64_t offset = bytes.size();
    begins.push_back(offset);
    payloads.emplace_back(payload);
    bytes.resize(offset + FrameSizeBytes(payload.size()));
    EncodeFrame({.type = type, .first_lsn = lsn, .lsn_count = 1, .payload = payload}, FrameSalt(kDatabase, kNumber),
                offset, bytes.data() + offset);
  }

  std::string bytes;
  std::vector<uint64_t> begins;  // of the frames
  std::vector<std::string> payloads;
};

Log SmallLog() {
  Log log;
  for (const std::string_view payload : {"", "a", "12345678", "nine bytes", "the last one"}) log.Add(payload);
  return log;
}

Log RandomLog(std::mt19937_64& random, int frames, size_t max_payload) {
  Log log;
  for (int i = 0; i < frames; ++i) log.Add(RandomBytes(random, random() % (max_payload + 1)));
  return log;
}

enum class How { kNext, kScanNext };

// Payloads of the frames up to the end; a frame that is out of sequence fails the test.
std::vector<std::string> ReadAll(Reader& reader, How how = How::kNext) {
  std::vector<std::string> payloads;
  while (true) {
    const uint64_t before = reader.offset();
    const absl::StatusOr<std::optional<Frame>> frame = how == How::kNext ? reader.Next() : reader.ScanNext();
    if (!frame.ok()) {
      ADD_FAILURE() << frame.status();
      return payloads;
    }
    if (!frame->has_value()) {
      EXPECT_EQ(reader.offset(), before);
      return payloads;
    }
    EXPECT_GE(reader.frame_offset(), before);
    EXPECT_EQ(reader.offset(), reader.frame_offset() + FrameSizeBytes((*frame)->payload.size()));
    payloads.emplace_back((*frame)->payload);
  }
}

std::vector<std::string> ReadAll(const std::string& bytes, How how = How::kNext) {
  BytesFile file(bytes);
  Reader reader(&file, kDatabase, kNumber);
  return ReadAll(reader, how);
}

std::vector<std::string> Slice(const std::vector<std::string>& all, size_t begin, size_t end) {
  return {all.begin() + static_cast<ptrdiff_t>(begin), all.begin() + static_cast<ptrdiff_t>(end)};
}

void FlipBit(std::string* bytes, uint64_t bit) {
  (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ (1 << bit % 8));
}

// ---- reading what is whole ----

TEST(ReaderTest, ReturnsTheFramesInOrder) {
  std::mt19937_64 random(TestSeed());
  for (const size_t max_payload : {0, 10, 1000, 100'000, 1'000'000}) {  // below, around and above the read window
    const Log log = RandomLog(random, 20, max_payload);
    EXPECT_EQ(ReadAll(log.bytes), log.payloads);
    EXPECT_EQ(ReadAll(log.bytes, How::kScanNext), log.payloads);
  }
}

// Tells to the byte where it is not zero, as a file system may.
class SparseFile final : public env::RandomAccessFile {
 public:
  explicit SparseFile(std::string bytes) : bytes_(std::move(bytes)) {}

  absl::Status Read(uint64_t offset, absl::Span<char> out) const override {
    if (offset + out.size() > bytes_.size()) return absl::OutOfRangeError("short");
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }
  absl::StatusOr<uint64_t> NextData(uint64_t offset) const override {
    return std::min(bytes_.find_first_not_of('\0', offset), bytes_.size());
  }
  const std::string& path() const override { return path_; }

 private:
  const std::string bytes_;
  const std::string path_ = "sparse";
};

TEST(ReaderTest, AFrameBehindAHoleIsFoundThoughItsSaltBeginsWithZero) {
  FileNumber number(1);
  while ((FrameSalt(kDatabase, number) & 0xff) != 0) ++number.value;
  for (const uint64_t at : {uint64_t{8192}, uint64_t{40'960}, uint64_t{40'968}}) {
    std::string bytes = EncodeFileIdentity({.kind = FileKind::kLog, .database_id = kDatabase, .number = number});
    bytes.resize(at + FrameSizeBytes(3));
    EncodeFrame({.type = FrameType::kBatch, .first_lsn = Lsn(1), .lsn_count = 1, .payload = "abc"},
                FrameSalt(kDatabase, number), at, bytes.data() + at);
    SparseFile file(bytes);
    Reader reader(&file, kDatabase, number);
    ASSERT_TRUE(reader.ScanNext().value().has_value()) << "at " << at;
    EXPECT_EQ(reader.frame_offset(), at);
  }
}

TEST(ReaderTest, FrameOfAReservedTypeIsNotTheEnd) {
  Log log;
  log.Add("prepare", FrameType::kPrepare);
  log.Add("batch");
  EXPECT_EQ(ReadAll(log.bytes), log.payloads);
}

TEST(ReaderTest, ReadsWithoutTheIdentity) {
  Log log = SmallLog();
  std::fill_n(log.bytes.begin(), kFileIdentitySizeBytes, '\xff');
  EXPECT_EQ(ReadAll(log.bytes), log.payloads);
}

TEST(ReaderTest, ZeroTailCostsNothing) {
  const Log log = SmallLog();
  BytesFile file(log.bytes, /*zero_tail=*/uint64_t{1} << 33);
  Reader reader(&file, kDatabase, kNumber);
  EXPECT_EQ(ReadAll(reader), log.payloads);
  EXPECT_EQ(ReadAll(reader, How::kScanNext), std::vector<std::string>{});
  EXPECT_LE(file.bytes_read, 64u << 10);
}

// As the kernel has it: what was read, and what it read ahead, is in memory, and counts as data there, written or not.
class ReadAheadFile final : public env::RandomAccessFile {
 public:
  explicit ReadAheadFile(const BytesFile* file) : file_(file) {}
  absl::Status Read(uint64_t offset, absl::Span<char> out) const override {
    constexpr uint64_t kPage = 4096;
    const uint64_t end = (offset + out.size() + kPage - 1) / kPage * kPage;
    in_memory_ = std::max(in_memory_, end + (offset > 0 ? 32 * kPage : 0));
    return file_->Read(offset, out);
  }
  absl::StatusOr<uint64_t> Size() const override { return file_->Size(); }
  absl::StatusOr<uint64_t> NextData(uint64_t offset) const override {
    return offset < in_memory_ ? offset : file_->NextData(offset);
  }
  const std::string& path() const override { return file_->path(); }

 private:
  const BytesFile* const file_;
  mutable uint64_t in_memory_ = 0;
};

TEST(ReaderTest, WhatTheKernelReadsAheadIsNotReadForIt) {
  const Log log = SmallLog();
  BytesFile file(log.bytes, /*zero_tail=*/uint64_t{1} << 20);
  const ReadAheadFile ahead(&file);
  ASSERT_TRUE(ReadIdentity(ahead, FileKind::kLog).ok());
  Reader reader(&ahead, kDatabase, kNumber);
  EXPECT_EQ(ReadAll(reader), log.payloads);
  EXPECT_EQ(ReadAll(reader, How::kScanNext), std::vector<std::string>{});
  EXPECT_LE(file.bytes_read, 4096u);
}

TEST(ReaderTest, ScanFindsAFrameAtAnyDistanceFromThePlacesWhereReadsEnd) {
  constexpr uint64_t kPage = 4096;
  for (uint64_t begin = 2 * kPage - 64; begin <= 2 * kPage + 64; begin += kFrameAlignmentBytes) {
    Log log;
    log.bytes.resize(begin);  // nothing but zeros before
    log.Add("far behind");
    EXPECT_EQ(ReadAll(log.bytes, How::kScanNext), log.payloads) << begin;
    log.bytes.resize(log.bytes.size() + 3);
    EXPECT_EQ(ReadAll(log.bytes, How::kScanNext), log.payloads) << begin;
  }
}

// ---- damage ----

TEST(ReaderTest, EveryFlippedBitEndsTheLogBeforeItsFrame) {
  const Log log = SmallLog();
  for (size_t frame = 0; frame < log.begins.size(); ++frame) {
    const uint64_t end = frame + 1 < log.begins.size() ? log.begins[frame + 1] : log.bytes.size();
    for (uint64_t bit = 8 * log.begins[frame]; bit < 8 * end; ++bit) {
      std::string damaged = log.bytes;
      FlipBit(&damaged, bit);
      BytesFile file(damaged);
      Reader reader(&file, kDatabase, kNumber);
      ASSERT_EQ(ReadAll(reader), Slice(log.payloads, 0, frame)) << "bit " << bit;
      ASSERT_EQ(reader.offset(), log.begins[frame]);
      ASSERT_EQ(ReadAll(reader, How::kScanNext), Slice(log.payloads, frame + 1, log.payloads.size())) << "bit " << bit;
    }
  }
}

TEST(ReaderTest, TruncationAtEveryByteLeavesTheWholeFrames) {
  const Log log = SmallLog();
  for (size_t size = 0; size <= log.bytes.size(); ++size) {
    size_t whole = 0;
    while (whole < log.begins.size() && log.begins[whole] + FrameSizeBytes(log.payloads[whole].size()) <= size) ++whole;
    const std::string cut = log.bytes.substr(0, size);
    ASSERT_EQ(ReadAll(cut), Slice(log.payloads, 0, whole)) << "cut at " << size;
    ASSERT_EQ(ReadAll(cut, How::kScanNext), Slice(log.payloads, 0, whole)) << "cut at " << size;
    // The same with an allocated tail of zeros behind the cut. A payload may end in the zeros of its own padding.
    BytesFile file(cut, 4096);
    Reader reader(&file, kDatabase, kNumber);
    const std::vector<std::string> read = ReadAll(reader);
    ASSERT_EQ(read, Slice(log.payloads, 0, read.size()));
    ASSERT_GE(read.size(), whole);
    ASSERT_LE(read.size(), whole + 1);
  }
}

TEST(ReaderTest, ScanFindsEveryFrameOutsideTheDamage) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    Log log = RandomLog(random, 30, round % 2 == 0 ? 50 : 5000);
    // A damaged run of bytes, filled with noise or zeros, over any number of frames.
    const uint64_t begin = kFileIdentitySizeBytes + random() % (log.bytes.size() - kFileIdentitySizeBytes);
    const uint64_t end = begin + 1 + random() % std::min<uint64_t>(log.bytes.size() - begin, 8000);
    const std::string noise = random() % 2 == 0 ? RandomBytes(random, end - begin) : std::string(end - begin, '\0');
    const std::string before = log.bytes;
    log.bytes.replace(begin, end - begin, noise, 0, end - begin);
    std::vector<std::string> expected;
    for (size_t i = 0; i < log.begins.size(); ++i) {
      const uint64_t size = FrameSizeBytes(log.payloads[i].size());
      if (log.bytes.compare(log.begins[i], size, before, log.begins[i], size) == 0) expected.push_back(log.payloads[i]);
    }
    ASSERT_EQ(ReadAll(log.bytes, How::kScanNext), expected);
  }
}

TEST(ReaderTest, FramesOfAnotherLifeAreNotOurs) {
  const Log log = SmallLog();
  const BytesFile file(log.bytes);
  for (const auto& [database, number] : {std::pair{DatabaseId(78), kNumber}, std::pair{kDatabase, FileNumber(6)}}) {
    Reader reader(&file, database, number);
    EXPECT_EQ(ReadAll(reader), std::vector<std::string>{});
    EXPECT_EQ(ReadAll(reader, How::kScanNext), std::vector<std::string>{});
  }
}

TEST(ReaderTest, FrameMovedToAnotherPlaceIsNotAFrame) {
  Log log;
  log.Add("sixteen bytes....");
  for (const size_t shift : {1, 4, 8, 4096}) {
    std::string moved = log.bytes;
    moved.insert(kFileIdentitySizeBytes, shift, '\0');
    EXPECT_EQ(ReadAll(moved), std::vector<std::string>{});
    EXPECT_EQ(ReadAll(moved, How::kScanNext), std::vector<std::string>{});
  }
}

// ---- hostile bytes ----

// The header of frame `frame` claims a payload of that size.
void ForgePayloadSize(Log* log, size_t frame, uint32_t payload_size) {
  StoreU32(log->bytes.data() + log->begins[frame] + 12, payload_size);
}

TEST(ReaderTest, LengthBeyondTheFileIsNotRead) {
  Log log = SmallLog();
  log.bytes.resize(4 << 20);
  ForgePayloadSize(&log, 1, 0xe000'0000);
  BytesFile file(log.bytes);
  Reader reader(&file, kDatabase, kNumber);
  EXPECT_EQ(ReadAll(reader), Slice(log.payloads, 0, 1));
  EXPECT_EQ(ReadAll(reader, How::kScanNext), Slice(log.payloads, 2, 5));
  EXPECT_LE(file.largest_read, 256u << 10);
}

TEST(ReaderTest, LengthsThatAllReachTheEndAreGivenUpInLinearTime) {
  Log log;
  while (log.bytes.size() < (1 << 20)) log.Add("");
  for (size_t i = 0; i < log.begins.size(); ++i) {
    ForgePayloadSize(&log, i, static_cast<uint32_t>(log.bytes.size() - log.begins[i] - kFrameHeaderSizeBytes));
  }
  BytesFile file(log.bytes);
  Reader reader(&file, kDatabase, kNumber);
  EXPECT_EQ(reader.ScanNext().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_LE(file.bytes_read, 20 * log.bytes.size());
}

TEST(ReaderTest, AFewDamagedLengthsDoNotStopTheSearch) {
  Log log;
  while (log.bytes.size() < (1 << 20)) log.Add("payload");
  const size_t forged = 10;
  for (size_t i = 0; i < forged; ++i) {
    ForgePayloadSize(&log, i, static_cast<uint32_t>(log.bytes.size() - log.begins[i] - kFrameHeaderSizeBytes));
  }
  EXPECT_EQ(ReadAll(log.bytes, How::kScanNext), Slice(log.payloads, forged, log.payloads.size()));
}

TEST(ReaderTest, AnyNumberOfDamagedPayloadsDoesNotStopTheSearch) {
  Log log;
  while (log.bytes.size() < (1 << 20)) log.Add("payload");
  for (size_t i = 0; i + 1 < log.begins.size(); ++i) FlipBit(&log.bytes, 8 * (log.begins[i] + kFrameHeaderSizeBytes));
  EXPECT_EQ(ReadAll(log.bytes, How::kScanNext), std::vector<std::string>{"payload"});
}

// ---- the file below ----

TEST(ReaderTest, ReadErrorIsAnErrorAndNotTheEnd) {
  BytesFile file(SmallLog().bytes);
  file.read_status = absl::InternalError("bad sector");
  Reader reader(&file, kDatabase, kNumber);
  EXPECT_EQ(reader.Next().status(), file.read_status);
  EXPECT_EQ(reader.ScanNext().status(), file.read_status);
  file.read_status = absl::OkStatus();
  EXPECT_EQ(ReadAll(reader), SmallLog().payloads) << "nothing was lost by the error";
}

TEST(ReadIdentityTest, ReadsOrRefuses) {
  const Log log = SmallLog();
  const absl::StatusOr<FileIdentity> identity = ReadIdentity(BytesFile(log.bytes), FileKind::kLog);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->database_id, kDatabase);
  EXPECT_EQ(identity->number, kNumber);
  const auto code = [](const std::string& bytes, FileKind kind) {
    return ReadIdentity(BytesFile(bytes), kind).status().code();
  };
  EXPECT_EQ(code(log.bytes, FileKind::kTable), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(log.bytes.substr(0, 63), FileKind::kLog), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code("", FileKind::kLog), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace aeternus::wal
