// Whatever the writer writes, the reader reads back.
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/testing/test_seed.h"
#include "gtest/gtest.h"
#include "tools/record.h"
#include "tools/record_reader.h"
#include "tools/record_writer.h"

namespace aeternus::tools {
namespace {

// Bytes that formats trip over, more often than chance would have them.
std::string RandomText(std::mt19937_64& random, size_t min_size) {
  static const std::vector<std::string> kPieces = {
      "\t",   "\n",   "\r",  "\r\n", "\\", std::string(1, '\0'), "\"", "é", "😀",
      "\x7f", "\xff", "x41", "t",    "{",  "\xed\xa0\x80",       "a",  "/"};
  std::string text;
  const size_t size = min_size + random() % 12;
  while (text.size() < size) {
    text += random() % 4 == 0 ? RandomBytes(random, 1) : kPieces[random() % kPieces.size()];
  }
  return text;
}

class RecordRoundTripTest : public ::testing::TestWithParam<RecordFormat> {};

TEST_P(RecordRoundTripTest, AnyRecordsComeBack) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    std::vector<Record> records(random() % 20);
    std::string text;
    for (Record& record : records) {
      record = {.key = RandomText(random, 1), .value = RandomText(random, 0)};
      text += FormatRecord(GetParam(), record.key, record.value);
    }
    std::istringstream in(text);
    RecordReader reader(&in, GetParam());
    for (const Record& expected : records) {
      Record record;
      const absl::StatusOr<bool> found = reader.Next(&record);
      ASSERT_TRUE(found.ok()) << found.status() << "\n" << text;
      ASSERT_TRUE(*found) << text;
      ASSERT_EQ(record.key, expected.key);
      ASSERT_EQ(record.value, expected.value);
    }
    Record record;
    EXPECT_FALSE(reader.Next(&record).value());
    EXPECT_EQ(reader.bytes_read(), text.size());
    EXPECT_EQ(reader.line_number(), records.size()) << "one record is one line";
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, RecordRoundTripTest, ::testing::Values(RecordFormat::kTsv, RecordFormat::kJson),
                         [](const auto& info) { return AbslUnparseFlag(info.param); });

TEST(RecordWriterTest, HexIsForReadingByEye) { EXPECT_EQ(FormatRecord(RecordFormat::kHex, "a\xff", ""), "61ff\t\n"); }

TEST(RecordWriterTest, JsonFallsBackToBase64ForEachFieldAlone) {
  EXPECT_EQ(FormatRecord(RecordFormat::kJson, "a\"b", "\xff"), "{\"key\": \"a\\\"b\", \"value_base64\": \"/w==\"}\n");
}

TEST(RecordFormatTest, FlagValuesAreTheNames) {
  RecordFormat format = RecordFormat::kHex;
  std::string error;
  EXPECT_TRUE(AbslParseFlag("json", &format, &error));
  EXPECT_EQ(format, RecordFormat::kJson);
  EXPECT_FALSE(AbslParseFlag("xml", &format, &error));
  EXPECT_EQ(error, "the formats are tsv, json and hex");
}

}  // namespace
}  // namespace aeternus::tools
