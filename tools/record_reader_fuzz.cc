// One of the two text formats of records; AETERNUS_FUZZ_FORMAT says which.
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/testing/fuzz.h"
#include "tools/record.h"
#include "tools/record_reader.h"
#include "tools/record_writer.h"

namespace aeternus::fuzzing {
namespace {

using tools::Record;
using tools::RecordFormat;
using tools::RecordReader;

constexpr RecordFormat kFormat = RecordFormat::AETERNUS_FUZZ_FORMAT;

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  std::istringstream in{std::string(input)};
  RecordReader reader(&in, kFormat);
  while (true) {
    Record record;
    const absl::StatusOr<bool> found = reader.Next(&record);
    if (!found.ok()) return false;
    CHECK_LE(reader.bytes_read(), input.size());
    if (!*found) break;
    CHECK(!record.key.empty());
    CHECK_LE(record.key.size(), kMaxKeySizeBytes);
    // Written and read again it is the same record, on one line.
    const std::string line = tools::FormatRecord(kFormat, record.key, record.value);
    CHECK_EQ(line.find('\n'), line.size() - 1);
    Record again;
    CHECK_OK(ParseRecord(kFormat, std::string_view(line).substr(0, line.size() - 1), &again));
    CHECK_EQ(again.key, record.key);
    CHECK_EQ(again.value, record.value);
  }
  CHECK_EQ(reader.bytes_read(), input.size());
  return true;
}

std::vector<Seed> Seeds() {
  std::string written;
  for (const std::string_view text : {"key", "tab\tnewline\nbackslash\\", "\xff\xfe not UTF-8", "é€😀", "\x7f\x01\"{"}) {
    written += tools::FormatRecord(kFormat, text, text);
  }
  std::vector<Seed> seeds = {{"written", written}, {"empty", ""}, {"empty_lines", "\n\r\n\n"}};
  if (kFormat == RecordFormat::kTsv) {
    seeds.push_back({"escapes", "a\\tb\\x00\\0\t\\n\\\\\\r\r\nlast\tline"});
  } else {
    seeds.push_back({"escapes", R"({"key": "\"\\\/\b\f\n\r\t\u0041\ud83d\ude00", "value_base64": "/w=="})"});
    seeds.push_back({"spaces", "{ \"value\" : \"\" ,\t\"key_base64\":\"YQ==\" } \r\n"});
  }
  return seeds;
}

}  // namespace aeternus::fuzzing
