#include "wal/frame.h"

#include <string>

#include "base/coding.h"
#include "base/crc32c.h"
#include "base/types.h"
#include "gtest/gtest.h"

namespace aeternus::wal {
namespace {

constexpr uint64_t kSalt = 0x1122334455667788;

std::string Encode(const Frame& frame, uint64_t offset) {
  std::string bytes(FrameSizeBytes(frame.payload.size()), '\xee');
  EncodeFrame(frame, kSalt, offset, bytes.data());
  return bytes;
}

Frame SomeFrame() {
  return {
      .type = FrameType::kEdit, .first_lsn = Lsn(0x0a0b0c), .lsn_count = 3, .synced_lsn = Lsn(9), .payload = "abcde"};
}

// The format is final: these are the bytes of the table in frame.h, written out by hand.
TEST(FrameTest, BytesAreThoseOfTheTable) {
  std::string expected;
  PutU64(&expected, kSalt);
  std::string covered;
  PutU32(&covered, 5);                      // payload size
  PutU64(&covered, 0x0400'0000'000a'0b0c);  // type 4, first LSN
  PutU64(&covered, 9);                      // synced LSN
  PutU32(&covered, 3);                      // LSN count
  PutU32(&covered, 8);                      // offset 64 / 8
  covered += "abcde";
  PutU32(&expected, Crc32c(covered));
  expected += covered + std::string(3, '\0');  // padding
  EXPECT_EQ(Encode(SomeFrame(), 64), expected);
}

TEST(FrameTest, DecodesWhatItEncoded) {
  const Frame frame = SomeFrame();
  const std::string bytes = Encode(frame, 64);
  ASSERT_EQ(PlausibleFrameSize(bytes.data(), kSalt, 64, 64 + bytes.size()), bytes.size());
  const std::optional<Frame> decoded = DecodeFrame(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->type, frame.type);
  EXPECT_EQ(decoded->first_lsn, frame.first_lsn);
  EXPECT_EQ(decoded->lsn_count, frame.lsn_count);
  EXPECT_EQ(decoded->synced_lsn, frame.synced_lsn);
  EXPECT_EQ(decoded->payload, frame.payload);
}

TEST(FrameTest, HeaderIsPlausibleOnlyInItsPlaceAndWhole) {
  const std::string bytes = Encode(SomeFrame(), 64);
  EXPECT_FALSE(PlausibleFrameSize(bytes.data(), kSalt + 1, 64, 1000)) << "another file's salt";
  EXPECT_FALSE(PlausibleFrameSize(bytes.data(), kSalt, 72, 1000)) << "another offset";
  EXPECT_FALSE(PlausibleFrameSize(bytes.data(), kSalt, 64, 64 + bytes.size() - 1)) << "the file ends before";
  const std::string zeros(kFrameHeaderSizeBytes, '\0');
  EXPECT_FALSE(PlausibleFrameSize(zeros.data(), kSalt, 64, 1000)) << "the end of a log";
}

TEST(FrameTest, NumbersOutOfRangeAreNotPlausible) {
  struct Case {
    const char* what;
    Frame frame;
  };
  const Case cases[] = {
      {"type 0", {.type = static_cast<FrameType>(0), .first_lsn = Lsn(1), .lsn_count = 1}},
      {"type 8", {.type = static_cast<FrameType>(8), .first_lsn = Lsn(1), .lsn_count = 1}},
      {"last LSN beyond the largest", {.first_lsn = kMaxLsn, .lsn_count = 2}},
      {"synced LSN beyond the largest", {.first_lsn = Lsn(1), .lsn_count = 1, .synced_lsn = Lsn(kMaxLsn.value + 1)}},
  };
  for (const Case& c : cases) {
    EXPECT_FALSE(PlausibleFrameSize(Encode(c.frame, 64).data(), kSalt, 64, 1000)) << c.what;
  }
}

TEST(FrameTest, LongestPayloadFitsItsField) {
  std::string bytes = Encode(SomeFrame(), 64);
  StoreU32(bytes.data() + 12, 0xffff'ffff);
  EXPECT_FALSE(PlausibleFrameSize(bytes.data(), kSalt, 64, kMaxLogSizeBytes));
  StoreU32(bytes.data() + 12, kMaxPayloadSizeBytes);
  EXPECT_EQ(PlausibleFrameSize(bytes.data(), kSalt, 64, kMaxLogSizeBytes), 40 + kMaxPayloadSizeBytes);
}

TEST(FrameTest, EveryBitBehindTheSaltIsChecked) {
  const std::string bytes = Encode(SomeFrame(), 64);
  for (size_t bit = 64; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const bool is_plausible = PlausibleFrameSize(damaged.data(), kSalt, 64, 64 + bytes.size()) == bytes.size();
    EXPECT_FALSE(is_plausible && DecodeFrame(damaged).has_value()) << "bit " << bit;
  }
}

}  // namespace
}  // namespace aeternus::wal
