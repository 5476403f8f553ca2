#include "bench/row.h"

#include <string>

#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

TEST(RowTest, LineHoldsEverything) {
  const Row row{.name = "fillseq",
                .operations = 1'000'000,
                .seconds = 2.125,
                .p50_nanos = 1'900.5,
                .p99_nanos = 5'600,
                .p999_nanos = 18'000,
                .cpu_seconds = 3.5,
                .written_bytes = uint64_t{1} << 40,
                .disk_bytes = 121'000'000,
                .files = 4,
                .peak_memory_bytes = 99};
  const absl::StatusOr<Row> parsed = ParseRow(FormatRow(row));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(FormatRow(*parsed), FormatRow(row));
  EXPECT_EQ(parsed->name, "fillseq");
  EXPECT_EQ(parsed->written_bytes, row.written_bytes);
  EXPECT_DOUBLE_EQ(parsed->Rate(), 1'000'000 / 2.125);
}

TEST(RowTest, OtherLinesAreRefused) {
  const std::string line = FormatRow({.name = "x", .operations = 1, .seconds = 1});
  EXPECT_FALSE(ParseRow("").ok());
  EXPECT_FALSE(ParseRow(line + " 1").ok());
  EXPECT_FALSE(ParseRow(line.substr(0, line.rfind(' '))).ok());
  EXPECT_FALSE(ParseRow("row x one 1 1 1 1 1 1 1 1 1").ok());
}

TEST(RowTest, NoTimeIsNoRate) { EXPECT_EQ(Row{}.Rate(), 0); }

}  // namespace
}  // namespace aeternus::bench
