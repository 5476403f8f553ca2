#include "tools/regex_range.h"

#include <string>
#include <vector>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "tools/key_range.h"

namespace aeternus::tools {
namespace {

std::string RangeOf(const std::string& pattern) { return FormatRange(MatchRange(RE2(pattern))); }

constexpr char kEverything[] = "[\"\", unbounded)";

TEST(RegexRangeTest, AnAnchoredPatternNarrowsTheRange) {
  EXPECT_EQ(RangeOf("^/usr/lib/"), "[\"/usr/lib/\", \"/usr/lib0\")");
  EXPECT_EQ(RangeOf("^/usr/lib/.*\\.so$"), "[\"/usr/lib/\", \"/usr/lib0\")");
  EXPECT_EQ(RangeOf("\\A/etc"), "[\"/etc\", \"/etd\")");
  EXPECT_EQ(RangeOf("^(?:a|b)c"), "[\"ac\", \"bd\")");
  EXPECT_EQ(RangeOf("^ax|^cx"), "[\"ax\", \"cy\")");
  EXPECT_EQ(RangeOf("(?i)^/etc"), "[\"/ETC\", \"/etd\")");
  EXPECT_EQ(RangeOf("^b\\b"), "[\"b\", \"c\")") << "the boundary belongs to the b before it";
}

TEST(RegexRangeTest, AnExactMatchIsInsideItsOwnRange) {
  EXPECT_EQ(RangeOf("^abc$"), "[\"abc\", \"abc\\0\")");
  EXPECT_EQ(RangeOf("^ab?$"), "[\"a\", \"ab\\0\")");
}

TEST(RegexRangeTest, WhatMayBeginAnywhereIsNotNarrowed) {
  for (const char* pattern :
       {"",    "a",   "\\.so$", "a|^b", "^a|b", "^a|(^b)|c", "(^a)|b", "(?m)^a", "^a|(?m)^b", "(?im)^a",
        "^*a", "^?a", "^{0}a",  "\\^a", "[^a]", "x^a",       "^.*a",   "^",      "$",         "\\Q^a\\E"}) {
    EXPECT_EQ(RangeOf(pattern), kEverything) << pattern;
  }
}

TEST(RegexRangeTest, BarsThatSeparateNothingDoNotUnanchor) {
  for (const char* pattern :
       {"^a[|]", "^a\\|b", "^a\\Q|\\E", "^a\\Q|", "^a(b|c)", "^a[^]|]", "^a[[:alpha:]|]", "^a[\\]|]"}) {
    ASSERT_TRUE(RE2(pattern).ok()) << pattern;
    EXPECT_TRUE(IsAnchoredAtStart(pattern)) << pattern;
  }
  for (const char* pattern : {"^a[]b]|c", "^a\\\\|b", "^a\\Q\\E|b", "^(a)|b", "^a[[:alpha:]]|b", "^[[:]|b", "^a||^b"}) {
    EXPECT_FALSE(IsAnchoredAtStart(pattern)) << pattern;
  }
}

TEST(RegexRangeTest, BoundsThatAreCutOffStillHoldEverything) {
  const std::string prefix(100, 'a');
  const KeyRange range = MatchRange(RE2("^" + prefix));
  EXPECT_TRUE(range.Contains(prefix));
  EXPECT_TRUE(range.Contains(prefix + "\xff\xff"));
  EXPECT_FALSE(range.Contains("b"));
  const KeyRange exact = MatchRange(RE2("^" + prefix + "$"));
  EXPECT_TRUE(exact.Contains(prefix));
}

// Grows a pattern out of the pieces that a range could get wrong.
std::string RandomPattern(std::mt19937_64& random, int depth) {
  static const std::vector<std::string> kAtoms = {"a", "b",   "k",     "s",       "ab",   "\\|",        "[ab]", "[^a]",
                                                  ".", "\\C", "[|)(]", "\\Q|\\E", "[]a]", "\\x{ff}",    "é",    "\\b",
                                                  "$", "^",   "\\z",   "\\.",     "\\pL", "[[:alpha:]]"};
  static const std::vector<std::string> kRepeats = {"*", "+", "?", "{2}", "{0,2}", "*?", "{1,}"};
  std::string pattern;
  const int parts = 1 + static_cast<int>(random() % 3);
  for (int i = 0; i < parts; ++i) {
    switch (depth == 0 ? 0 : random() % 6) {
      case 1:
        pattern += "(" + RandomPattern(random, depth - 1) + ")";
        break;
      case 2:
        pattern += "(?i:" + RandomPattern(random, depth - 1) + ")";
        break;
      case 3:
        pattern += RandomPattern(random, depth - 1) + "|" + (random() % 2 == 0 ? "^" : "");
        break;
      default:
        pattern += kAtoms[random() % kAtoms.size()];
        if (random() % 4 == 0) pattern += kRepeats[random() % kRepeats.size()];
    }
  }
  return pattern;
}

std::string RandomKey(std::mt19937_64& random) {
  static const std::vector<std::string> kPieces = {"a",      "b",
                                                   "k",      "s",
                                                   "A",      "K",
                                                   "S",      "|",
                                                   ")",      "]",
                                                   "^",      "é",
                                                   "ÿ",      "\xff",
                                                   "\u212a", "\u017f",
                                                   "\n",     std::string(1, '\0'),
                                                   ".",      "\xf4\x8f\xbf\xbf"};
  std::string key;
  for (int i = static_cast<int>(random() % 5); i > 0; --i) key += kPieces[random() % kPieces.size()];
  return key;
}

TEST(RegexRangeTest, NoMatchIsEverOutsideTheRange) {
  std::mt19937_64 random(TestSeed());
  static const std::vector<std::string> kHeads = {"^",     "^",     "^",    "\\A",   "",      "(?i)^",
                                                  "(?m)^", "(?s)^", "(?i)", "^(?i)", "(?mi)^"};
  RE2::Options quiet;
  quiet.set_log_errors(false);
  int narrowed = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string pattern = kHeads[random() % kHeads.size()] + RandomPattern(random, 3);
    const RE2 regex(pattern, quiet);
    if (!regex.ok()) continue;
    const KeyRange range = MatchRange(regex);
    if (range == KeyRange{}) continue;
    ++narrowed;
    for (int k = 0; k < 60; ++k) {
      const std::string key = RandomKey(random);
      if (RE2::PartialMatch(key, regex)) {
        ASSERT_TRUE(range.Contains(key)) << "pattern " << pattern << " range " << FormatRange(range) << " key " << key;
      }
    }
  }
  EXPECT_GT(narrowed, 300) << "the patterns must exercise the narrowing";
}

}  // namespace
}  // namespace aeternus::tools
