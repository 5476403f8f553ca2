#include "tools/text.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus::tools {
namespace {

using std::string_literals::operator""s;

TEST(EscapeTest, EveryByteSurvivesARoundTrip) {
  for (int first = 0; first < 256; ++first) {
    for (const std::string& tail : {""s, "x"s, "\\"s, "0"s, "\xff"s}) {
      const std::string bytes = std::string(1, static_cast<char>(first)) + tail;
      const absl::StatusOr<std::string> back = UnescapeBytes(EscapeBytes(bytes));
      ASSERT_TRUE(back.ok()) << back.status();
      EXPECT_EQ(*back, bytes) << "escaped as " << EscapeBytes(bytes);
    }
  }
}

TEST(EscapeTest, RandomBytesSurviveARoundTripAndStayOnOneLine) {
  std::mt19937_64 random(TestSeed());
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = RandomBytes(random, random() % 40);
    const std::string escaped = EscapeBytes(bytes);
    EXPECT_EQ(escaped.find_first_of("\t\n\r"), std::string::npos);
    EXPECT_EQ(UnescapeBytes(escaped).value(), bytes);
  }
}

TEST(EscapeTest, TextStaysReadable) {
  EXPECT_EQ(EscapeBytes("/usr/share/Größe 字"), "/usr/share/Größe 字");
  EXPECT_EQ(EscapeBytes("a\tb\nc\rd\\e\0f"s), "a\\tb\\nc\\rd\\\\e\\0f");
  EXPECT_EQ(EscapeBytes("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(EscapeBytes("ö\xff"), "\\xc3\\xb6\\xff") << "not UTF-8 as a whole, so no byte of it is taken for text";
}

TEST(UnescapeTest, UnescapedBytesStandForThemselves) {
  EXPECT_EQ(UnescapeBytes("a\tb\xff").value(), "a\tb\xff");
  EXPECT_EQ(UnescapeBytes("\\x4A\\x4a").value(), "JJ");
}

TEST(UnescapeTest, MalformedEscapesAreRefused) {
  for (const char* text : {"\\", "a\\", "\\q", "\\x", "\\x1", "\\x1g", "\\xg1", "\\T"}) {
    const absl::Status status = UnescapeBytes(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_NE(UnescapeBytes("a\\qb").status().message().find("\\q"), std::string::npos) << "the message names the escape";
}

TEST(Utf8Test, ExactlyTheValidSequencesAreValid) {
  for (const std::string& valid :
       {""s, "abc"s, "\0"s, "\x7f"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s,
        "\xef\xbf\xbf"s, "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s}) {
    EXPECT_TRUE(IsValidUtf8(valid)) << EscapeBytes(valid + "\xff");
  }
  for (const std::string& invalid : {"\x80"s, "\xbf"s, "\xc0\x80"s, "\xc1\xbf"s, "\xc2"s, "\xc2x"s, "\xe0\x9f\xbf"s,
                                     "\xe2\x82"s, "\xed\xa0\x80"s, "\xed\xbf\xbf"s, "\xf0\x8f\xbf\xbf"s,
                                     "\xf0\x90\x80"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xff"s, "ok\xc2"s}) {
    EXPECT_FALSE(IsValidUtf8(invalid)) << EscapeBytes(invalid);
  }
}

TEST(QuoteTest, LongBytesAreShortenedAtWholeCharacters) {
  EXPECT_EQ(Quote("a\tb"), "\"a\\tb\"");
  EXPECT_EQ(Quote("abcdefghij", 4), "\"ab...ij\"");
  EXPECT_EQ(Quote("ööööö", 6), "\"ö...ö\"");
  EXPECT_EQ(Quote(std::string(1000, '\x80'), 10), "\"...\"") << "continuation bytes alone hold no whole character";
}

}  // namespace
}  // namespace aeternus::tools
