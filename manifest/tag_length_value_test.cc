#include "manifest/tag_length_value.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

// A reader that knows tags 2 and 4, whose values are one byte each; 4 may be repeated.
absl::StatusOr<TagSet> Take(const std::string& bytes, std::string* values) {
  return TakeRecords(bytes, "test record", "file", 100, OneTag(4),
                     [values](uint64_t tag, Decoder& value) -> absl::StatusOr<bool> {
                       if (tag != 2 && tag != 4) return false;
                       const absl::StatusOr<uint8_t> byte = value.TakeU8("byte");
                       if (!byte.ok()) return byte.status();
                       values->push_back(static_cast<char>(*byte));
                       return true;
                     });
}

struct Record {
  uint64_t tag;
  std::string value;
};

std::string Encode(const std::vector<Record>& records) {
  std::string bytes;
  for (const Record& record : records) PutRecord(&bytes, record.tag, record.value);
  return bytes;
}

TEST(TagLengthValueTest, KnownTagsAreTakenAndReported) {
  std::string values;
  const absl::StatusOr<TagSet> seen = Take(Encode({{4, "a"}, {2, "b"}, {4, "c"}}), &values);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(*seen, OneTag(2) | OneTag(4));
  EXPECT_EQ(values, "abc");
}

TEST(TagLengthValueTest, UnknownTags) {
  struct Case {
    uint64_t tag;
    absl::StatusCode code;
  };
  const Case cases[] = {
      {1, absl::StatusCode::kOk},
      {0, absl::StatusCode::kUnimplemented},
      {6, absl::StatusCode::kUnimplemented},
      {(uint64_t{1} << 40) + 1, absl::StatusCode::kOk},
      {uint64_t{1} << 40, absl::StatusCode::kUnimplemented},
  };
  for (const Case& c : cases) {
    std::string values;
    EXPECT_EQ(Take(Encode({{2, "b"}, {c.tag, "later"}, {4, "a"}}), &values).status().code(), c.code) << c.tag;
    EXPECT_EQ(values, c.code == absl::StatusCode::kOk ? "ba" : "b");
  }
}

TEST(TagLengthValueTest, MalformedRecordsAreDataLoss) {
  const std::string whole = Encode({{2, "b"}});
  const struct {
    const char* what;
    std::string bytes;
  } cases[] = {
      {"value too long", Encode({{2, "bb"}})}, {"value too short", Encode({{2, ""}})},
      {"twice", Encode({{2, "b"}, {2, "b"}})}, {"no length", whole.substr(0, 1)},
      {"no value", whole.substr(0, 2)},        {"tag is no varint", std::string(11, '\xff')},
  };
  for (const auto& c : cases) {
    std::string values;
    EXPECT_EQ(Take(c.bytes, &values).status().code(), absl::StatusCode::kDataLoss) << c.what;
  }
}

}  // namespace
}  // namespace aeternus
