#include "base/coding.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

// Every power of two, its neighbours, and random numbers of every width.
std::vector<uint64_t> InterestingNumbers() {
  std::vector<uint64_t> numbers = {0, std::numeric_limits<uint64_t>::max()};
  std::mt19937_64 random(TestSeed());
  for (int shift = 0; shift < 64; ++shift) {
    const uint64_t power = uint64_t{1} << shift;
    numbers.insert(numbers.end(), {power - 1, power, power + 1, random() >> shift});
  }
  return numbers;
}

std::string Varint(uint64_t v) {
  std::string out;
  PutVarint64(&out, v);
  return out;
}

TEST(CodingTest, FixedNumbersAreLittleEndian) {
  std::string out;
  PutU8(&out, 0x01);
  PutU32(&out, 0x05040302);
  PutU64(&out, 0x0d0c0b0a09080706);
  EXPECT_EQ(out, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d");
  char two[2];
  StoreU16(two, 0x0201);
  EXPECT_EQ(std::string(two, 2), "\x01\x02");
  EXPECT_EQ(LoadU16(two), 0x0201);
  EXPECT_EQ(LoadU32(out.data() + 1), 0x05040302u);
  EXPECT_EQ(LoadU64(out.data() + 5), 0x0d0c0b0a09080706u);
}

TEST(VarintTest, KnownEncodings) {
  EXPECT_EQ(Varint(0), std::string(1, '\0'));
  EXPECT_EQ(Varint(127), "\x7f");
  EXPECT_EQ(Varint(128), "\x80\x01");
  EXPECT_EQ(Varint(300), "\xac\x02");
  EXPECT_EQ(Varint(std::numeric_limits<uint64_t>::max()), std::string(9, '\xff') + "\x01");
}

TEST(VarintTest, RoundTripsInItsSizeAndInNoLess) {
  for (const uint64_t v : InterestingNumbers()) {
    const std::string bytes = Varint(v);
    ASSERT_EQ(bytes.size(), Varint64Size(v));
    ASSERT_LE(bytes.size(), kMaxVarint64SizeBytes);
    uint64_t loaded = ~v;
    const char* end = bytes.data() + bytes.size();
    ASSERT_EQ(LoadVarint64(bytes.data(), end, &loaded), end) << v;
    ASSERT_EQ(loaded, v);
    for (const char* cut = bytes.data(); cut < end; ++cut) {
      ASSERT_EQ(LoadVarint64(bytes.data(), cut, &loaded), nullptr) << v;
    }
  }
}

// One number, one encoding: whatever decodes encodes to the same bytes.
TEST(VarintTest, NoOtherEncodingIsAccepted) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes = RandomBytes(random, 1 + random() % 11);
    for (size_t i = 0; i + 1 < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] | 0x80);
    if (random() % 2 == 0) bytes.back() = static_cast<char>(random() % 3);  // zeros and ones on top are the traps
    uint64_t v = 0;
    const char* next = LoadVarint64(bytes.data(), bytes.data() + bytes.size(), &v);
    if (next == nullptr) continue;
    ASSERT_EQ(Varint(v), bytes.substr(0, static_cast<size_t>(next - bytes.data())));
  }
  for (const std::string& overlong : {std::string("\x80\x00", 2), std::string("\xff\x80\x00", 3),
                                      std::string(9, '\xff') + '\x02', std::string(10, '\xff') + '\x01'}) {
    uint64_t v = 0;
    EXPECT_EQ(LoadVarint64(overlong.data(), overlong.data() + overlong.size(), &v), nullptr);
  }
}

// ---- Decoder ----

// What one Take reads, with the bytes that hold it.
enum class Field { kU8, kU32, kU64, kVarint, kBytes, kLengthPrefixed };
struct Written {
  Field field;
  uint64_t number = 0;
  std::string bytes = "";
};

Written RandomWritten(std::mt19937_64& random, std::string* out) {
  Written w{static_cast<Field>(random() % 6), random() >> random() % 64};
  switch (w.field) {
    case Field::kU8:
      PutU8(out, static_cast<uint8_t>(w.number &= 0xff));
      break;
    case Field::kU32:
      PutU32(out, static_cast<uint32_t>(w.number &= 0xffffffff));
      break;
    case Field::kU64:
      PutU64(out, w.number);
      break;
    case Field::kVarint:
      PutVarint64(out, w.number);
      break;
    case Field::kBytes:
      out->append(w.bytes = RandomBytes(random, random() % 5));
      break;
    case Field::kLengthPrefixed:
      PutLengthPrefixed(out, w.bytes = RandomBytes(random, random() % 300));
      break;
  }
  return w;
}

// Whether the decoder yields exactly what was written; false when it reports an error.
bool Takes(Decoder& in, const Written& w) {
  const auto is_number = [&w](const auto& taken) { return taken.ok() && *taken == w.number; };
  const auto is_bytes = [&w](const auto& taken) { return taken.ok() && *taken == w.bytes; };
  switch (w.field) {
    case Field::kU8:
      return is_number(in.TakeU8("u8"));
    case Field::kU32:
      return is_number(in.TakeU32("u32"));
    case Field::kU64:
      return is_number(in.TakeU64("u64"));
    case Field::kVarint:
      return is_number(in.TakeVarint64("varint"));
    case Field::kBytes:
      return is_bytes(in.TakeBytes(w.bytes.size(), "bytes"));
    case Field::kLengthPrefixed:
      return is_bytes(in.TakeLengthPrefixed("prefixed"));
  }
  return false;
}

TEST(DecoderTest, TakesWhatWasPutAndStopsAtEveryCut) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    std::vector<Written> all;
    std::vector<size_t> ends;
    for (int i = 0; i < 8; ++i) {
      all.push_back(RandomWritten(random, &bytes));
      ends.push_back(bytes.size());
    }
    for (size_t size = 0; size <= bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);  // its own allocation, so that sanitizers see its end
      Decoder in(cut, "test");
      size_t taken = 0;
      while (taken < all.size() && Takes(in, all[taken])) ++taken;
      ASSERT_TRUE(taken == all.size() || ends[taken] > size) << "gave up early";
      ASSERT_TRUE(taken == 0 || ends[taken - 1] <= size) << "took more than there is";
      ASSERT_EQ(in.ExpectEnd().ok(), in.empty());
    }
  }
}

TEST(DecoderTest, LengthBeyondTheRestOrTheLimitIsRefused) {
  const std::string huge = Varint(std::numeric_limits<uint64_t>::max()) + "abc";
  EXPECT_TRUE(absl::IsDataLoss(Decoder(huge, "test").TakeLengthPrefixed("field").status()));
  const std::string three = Varint(3) + "abc";
  EXPECT_TRUE(absl::IsDataLoss(Decoder(three, "test").TakeLengthPrefixed("field", 2).status()));
  EXPECT_EQ(Decoder(three, "test").TakeLengthPrefixed("field", 3).value(), "abc");
}

TEST(DecoderTest, ErrorNamesFileOffsetAndField) {
  Decoder in("abcde", "footer", "000007.tab", 4096);
  ASSERT_TRUE(in.TakeU32("entry count").ok());
  const absl::Status status = in.TakeU64("index offset").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  for (const char* part : {"000007.tab", "4100", "footer", "index offset"}) {
    EXPECT_NE(status.message().find(part), std::string_view::npos) << part << " is missing in " << status;
  }
}

}  // namespace
}  // namespace aeternus
