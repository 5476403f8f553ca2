#include "env/testing/sparse_bytes.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "absl/types/span.h"
#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus::env::testing {
namespace {

std::string ReadAll(const SparseBytes& bytes) {
  std::string out(bytes.size(), '?');
  bytes.Read(0, absl::MakeSpan(out));
  return out;
}

// The model: a string, and one flag for each sector.
TEST(SparseBytesTest, BehavesLikeAString) {
  const uint64_t seed = GivenSeed().value_or(1);
  SCOPED_TRACE(::testing::Message() << "AETERNUS_SEED=" << seed);
  std::mt19937_64 random(seed);
  SparseBytes bytes;
  std::string model;
  std::string written_sectors;
  for (int step = 0; step < 1000; ++step) {
    const uint64_t offset = random() % 40'000;
    if (random() % 8 == 0) {
      bytes.Grow(offset);
      model.resize(std::max<size_t>(model.size(), offset));
    } else {
      const std::string piece(random() % (random() % 4 == 0 ? 10'000 : 20), static_cast<char>(random()));
      bytes.Write(offset, piece);
      if (!piece.empty()) model.resize(std::max(model.size(), offset + piece.size()));
      if (!piece.empty()) model.replace(offset, piece.size(), piece);
      for (size_t i = 0; i < piece.size(); ++i) {
        const size_t sector = (offset + i) / kSectorSizeBytes;
        written_sectors.resize(std::max(written_sectors.size(), sector + 1));
        written_sectors[sector] = 1;
      }
    }
    const uint64_t probe = random() % (model.size() + 1);
    const size_t sector = probe / kSectorSizeBytes;
    ASSERT_EQ(bytes.size(), model.size());
    ASSERT_EQ(bytes.IsWritten(probe), sector < written_sectors.size() && written_sectors[sector] == 1);
    const size_t next = written_sectors.find(1, sector);
    const uint64_t expected = next == std::string::npos ? model.size() : std::max(probe, next * kSectorSizeBytes);
    ASSERT_EQ(bytes.NextWritten(probe), std::min<uint64_t>(expected, model.size())) << "from " << probe;
  }
  EXPECT_EQ(ReadAll(bytes), model);
}

TEST(SparseBytesTest, CopiesDoNotSeeEachOther) {
  SparseBytes original;
  original.Write(0, std::string(10'000, 'a'));
  SparseBytes copy = original;
  copy.Write(5000, "b");
  original.Write(0, "c");
  EXPECT_EQ(ReadAll(original), "c" + std::string(9'999, 'a'));
  EXPECT_EQ(ReadAll(copy), std::string(5000, 'a') + "b" + std::string(4'999, 'a'));
}

TEST(SparseBytesTest, HugeHolesCostNothing) {
  SparseBytes bytes;
  bytes.Grow(uint64_t{1} << 50);
  EXPECT_EQ(bytes.NextWritten(0), uint64_t{1} << 50);
  bytes.Write(100'000, "x");
  EXPECT_EQ(bytes.NextWritten(0), 100'000 / kSectorSizeBytes * kSectorSizeBytes);
  EXPECT_EQ(bytes.NextWritten(200'000), uint64_t{1} << 50);
}

}  // namespace
}  // namespace aeternus::env::testing
