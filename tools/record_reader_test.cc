#include "tools/record_reader.h"

#include <sstream>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/entry.h"
#include "gtest/gtest.h"
#include "tools/record.h"

namespace aeternus::tools {
namespace {

using std::string_literals::operator""s;

// Every record of `text` as "key=value", one a line, and last the error, if any.
std::string ReadAll(RecordReader& reader) {
  std::string out;
  while (true) {
    Record record;
    const absl::StatusOr<bool> found = reader.Next(&record);
    if (!found.ok()) return absl::StrCat(out, found.status().message());
    if (!*found) return out;
    absl::StrAppend(&out, record.key, "=", record.value, "\n");
  }
}

std::string ReadAll(RecordFormat format, const std::string& text) {
  std::istringstream in(text);
  RecordReader reader(&in, format);
  return ReadAll(reader);
}

TEST(RecordReaderTest, TsvIsReadLineByLine) {
  EXPECT_EQ(ReadAll(RecordFormat::kTsv, ""), "");
  EXPECT_EQ(ReadAll(RecordFormat::kTsv, "a\t1\nb\t\n"), "a=1\nb=\n");
  EXPECT_EQ(ReadAll(RecordFormat::kTsv, "a\t1\nb\t2"), "a=1\nb=2\n") << "the last line may lack its newline";
  EXPECT_EQ(ReadAll(RecordFormat::kTsv, "a\t1\r\nb\t2\\r\r\n"), "a=1\nb=2\r\n") << "of \\r\\n only the end goes";
  EXPECT_EQ(ReadAll(RecordFormat::kTsv, "\na\t1\n\r\n\n"), "a=1\n") << "empty lines are skipped";
  EXPECT_EQ(ReadAll(RecordFormat::kTsv, "a\\tb\\x00\t\\n\\\\\\0\n"), "a\tb\0=\n\\\0\n"s);
}

TEST(RecordReaderTest, JsonIsReadLineByLine) {
  EXPECT_EQ(ReadAll(RecordFormat::kJson, "{\"key\": \"a\", \"value\": \"1\"}\n{\"value\":\"2\",\"key\":\"b\"}\r\n"),
            "a=1\nb=2\n");
  EXPECT_EQ(ReadAll(RecordFormat::kJson, "{\"key_base64\":\"/w==\",\"value_base64\":\"\"}"), "\xff=\n");
  EXPECT_EQ(ReadAll(RecordFormat::kJson, "{\"key\":\"\\ud83d\\ude00\",\"value\":\"\\u0000\"}"), "😀=\0\n"s);
}

struct MalformedCase {
  RecordFormat format;
  std::string line;
  std::string message;  // behind the line number
};

TEST(RecordReaderTest, MalformedLinesAreNamedByNumberAndTheLinesBeforeThemAreRead) {
  const MalformedCase cases[] = {
      {RecordFormat::kTsv, "nothing", "no tab between key and value"},
      {RecordFormat::kTsv, "a\tb\tc", "more than one tab (write a tab inside a key or value as \\t)"},
      {RecordFormat::kTsv, "\tvalue", "the key is empty"},
      {RecordFormat::kTsv, "a\\q\tb", "in the key: unknown escape \\q (known: \\t \\n \\r \\0 \\\\ \\xNN)"},
      {RecordFormat::kTsv, "a\tb\\", "in the value: a backslash at the end (write \\\\ for a backslash)"},
      {RecordFormat::kTsv, "a\tb\\x1", "in the value: \\x without two hexadecimal digits"},
      {RecordFormat::kTsv, std::string(kMaxKeySizeBytes + 1, 'k') + "\tv",
       "the key has 65537 bytes, the limit is 65536"},
      {RecordFormat::kJson, "a\tb", "column 1: expected '{', found 'a'"},
      {RecordFormat::kJson, "{}", "no field \"key\" or \"key_base64\""},
      {RecordFormat::kJson, "{\"key\":\"a\"}", "no field \"value\" or \"value_base64\""},
      {RecordFormat::kJson, "{\"value\":\"a\"}", "no field \"key\" or \"key_base64\""},
      {RecordFormat::kJson, "{\"key\":\"\",\"value\":\"a\"}", "the key is empty"},
      {RecordFormat::kJson, "{\"key\":\"a\",\"value\":1}", "column 20: expected a value in quotes, found '1'"},
      {RecordFormat::kJson, "{\"key\":\"a\",\"key\":\"b\",\"value\":\"\"}", "the key is given twice"},
      {RecordFormat::kJson, "{\"key\":\"a\",\"key_base64\":\"YQ==\",\"value\":\"\"}", "the key is given twice"},
      {RecordFormat::kJson, "{\"key\":\"a\",\"value\":\"\",\"value_base64\":\"\"}", "the value is given twice"},
      {RecordFormat::kJson, "{\"key_base64\":\"?\",\"value\":\"\"}", "key_base64 is not valid base64"},
      {RecordFormat::kJson, "{\"key\":\"a\",\"value\":\"\",\"ttl\":\"1\"}",
       "unknown field \"ttl\" (known: key, key_base64, value, value_base64)"},
  };
  for (const MalformedCase& c : cases) {
    const std::string good = c.format == RecordFormat::kTsv ? "k\tv\n" : "{\"key\":\"k\",\"value\":\"v\"}\n";
    EXPECT_EQ(ReadAll(c.format, good + "\n" + good + c.line + "\n" + good),
              absl::StrCat("k=v\nk=v\nline 4: ", c.message));
  }
}

TEST(RecordReaderTest, TheLongestLineAllowedIsReadAndALongerOneRefused) {
  for (const size_t extra : {0, 1}) {
    std::istringstream in(absl::StrCat("a\t1\nk\t", std::string(98 + extra, 'v'), "\n"));
    RecordReader reader(&in, RecordFormat::kTsv, /*max_line_size_bytes=*/100);
    const std::string read = ReadAll(reader);
    if (extra == 0) {
      EXPECT_TRUE(absl::EndsWith(read, "v\n")) << read;
    } else {
      EXPECT_EQ(read, "a=1\nline 2: longer than the limit of 100 bytes");
    }
  }
}

TEST(RecordReaderTest, LinesThatSpanReadsAreWhole) {
  std::string text;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const std::string value(static_cast<size_t>(i * 7), static_cast<char>('a' + i % 26));
    absl::StrAppend(&text, "key", i, "\t", value, "\n");
    absl::StrAppend(&expected, "key", i, "=", value, "\n");
  }
  std::istringstream in(text);
  RecordReader reader(&in, RecordFormat::kTsv);
  EXPECT_EQ(ReadAll(reader), expected);
  EXPECT_EQ(reader.line_number(), 300u);
  EXPECT_EQ(reader.bytes_read(), text.size());
}

TEST(RecordReaderTest, BytesReadAreThoseOfTheLinesTaken) {
  std::istringstream in("\r\na\t1\r\nb\t2\n");
  RecordReader reader(&in, RecordFormat::kTsv);
  Record record;
  ASSERT_TRUE(reader.Next(&record).value());
  EXPECT_EQ(reader.bytes_read(), 7u);
  EXPECT_EQ(reader.line_number(), 2u);
}

// A stream that gives one piece at a time and then fails.
class FailingBuffer : public std::streambuf {
 public:
  explicit FailingBuffer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

 protected:
  int_type underflow() override {
    if (next_ == pieces_.size()) throw std::ios_base::failure("device lost");
    std::string& piece = pieces_[next_++];
    setg(piece.data(), piece.data(), piece.data() + piece.size());
    return traits_type::to_int_type(piece[0]);
  }

 private:
  std::vector<std::string> pieces_;
  size_t next_ = 0;
};

TEST(RecordReaderTest, AFailingStreamIsAnErrorAndNoEnd) {
  FailingBuffer buffer({"a\t1", "2\nb", "\t3\nc\t4"});
  std::istream in(&buffer);
  RecordReader reader(&in, RecordFormat::kTsv);
  EXPECT_EQ(ReadAll(reader), "a=12\nb=3\nline 4: the input cannot be read");
}

}  // namespace
}  // namespace aeternus::tools
