#include "tools/json.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace aeternus::tools {
namespace {

using std::string_literals::operator""s;

std::string ValueOf(const std::string& json_string) {
  const absl::StatusOr<std::vector<JsonField>> fields = ParseFlatJsonObject("{\"f\":" + json_string + "}");
  return fields.ok() && fields->size() == 1 ? fields->front().value : fields.status().ToString();
}

TEST(JsonTest, FieldsComeInOrderWhateverTheSpaces) {
  const std::vector<JsonField> fields =
      ParseFlatJsonObject(" { \"b\" : \"1\" ,\t\"a\":\"2\" , \"b\":\"3\" } \r").value();
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].name + fields[0].value, "b1");
  EXPECT_EQ(fields[1].name + fields[1].value, "a2");
  EXPECT_EQ(fields[2].name + fields[2].value, "b3");
  EXPECT_TRUE(ParseFlatJsonObject("{}").value().empty());
}

TEST(JsonTest, EveryEscapeIsDecoded) {
  EXPECT_EQ(ValueOf(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(ValueOf(R"("\u0041\u00e9\u20AC")"), "Aé€");
  EXPECT_EQ(ValueOf(R"("x\u0000y")"), "x\0y"s);
  EXPECT_EQ(ValueOf(R"("\ud83d\ude00")"), "😀") << "a surrogate pair is one character";
  EXPECT_EQ(ValueOf(R"("\uD800\uDC00\uDBFF\uDFFF")"), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
  EXPECT_EQ(ValueOf("\"é😀\""), "é😀");
}

TEST(JsonTest, MalformedObjectsAreRefusedWithTheColumn) {
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "column 1: expected '{', found the end of the line"},
      {"[]", "column 1: expected '{', found '['"},
      {"{", "column 2: expected a field name in quotes, found the end of the line"},
      {"{\"a\"", "column 5: expected ':', found the end of the line"},
      {"{\"a\":", "column 6: expected a value in quotes, found the end of the line"},
      {"{\"a\":1}", "column 6: expected a value in quotes, found '1'"},
      {"{\"a\":null}", "column 6: expected a value in quotes, found 'n'"},
      {"{\"a\":{}}", "column 6: expected a value in quotes, found '{'"},
      {"{\"a\":\"1\"", "column 9: expected '}', found the end of the line"},
      {"{\"a\":\"1\",}", "column 10: expected a field name in quotes, found '}'"},
      {"{\"a\":\"1\" \"b\":\"2\"}", "column 10: expected '}', found '\"'"},
      {"{a:\"1\"}", "column 2: expected a field name in quotes, found 'a'"},
      {"{\"a\":\"1\"} x", "column 11: something behind the end of the object"},
      {"{}{}", "column 3: something behind the end of the object"},
      {"{\"a\":\"1", "column 8: a string without an end"},
      {"{\"a\":\"\\", "column 7: a string without an end"},
      {"{\"a\":\"\\q\"}", "column 7: an unknown escape"},
      {"{\"a\":\"\\u12\"}", "column 7: \\u without four hexadecimal digits"},
      {"{\"a\":\"\\u12g4\"}", "column 7: \\u without four hexadecimal digits"},
      {"{\"a\":\"\\u+123\"}", "column 7: \\u without four hexadecimal digits"},
      {"{\"a\":\"\\udc00\"}", "column 13: a low surrogate without a high one before it"},
      {"{\"a\":\"\\ud800\"}", "column 13: a high surrogate without a low one behind it"},
      {"{\"a\":\"\\ud800\\n\"}", "column 13: a high surrogate without a low one behind it"},
      {"{\"a\":\"\\ud800\\u0041\"}", "column 19: a high surrogate without a low one behind it"},
      {"{\"a\":\"x\ty\"}", "column 8: a control character in a string (write it as \\u00NN)"},
      {"{\"a\":\"\xff\"}", "column 8: the string before this is not valid UTF-8"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ParseFlatJsonObject(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_EQ(std::string(status.message()).substr(0, c.message.size()), c.message) << c.text;
  }
}

TEST(JsonTest, EveryTruncationOfAnObjectIsRefused) {
  const std::string whole = R"({"key": "a\u00e9\ud83d\ude00\n", "value": "é"})";
  ASSERT_TRUE(ParseFlatJsonObject(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseFlatJsonObject(whole.substr(0, size)).ok()) << whole.substr(0, size);
  }
}

TEST(JsonTest, WrittenStringsAreEscaped) {
  std::string out;
  AppendJsonString(&out, "a\"b\\c\nd\te\rf\x01\x7fgé");
  EXPECT_EQ(out, R"("a\"b\\c\nd\te\rf\u0001\u007fgé")");
}

TEST(JsonTest, BytesThatAreNoTextBecomeBase64) {
  std::string out;
  AppendJsonBytesField(&out, "key", "é");
  AppendJsonBytesField(&out, "key", "\xff\xfe");
  EXPECT_EQ(out, "\"key\": \"é\"\"key_base64\": \"//4=\"");
}

}  // namespace
}  // namespace aeternus::tools
