#include "tools/scan.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/iterator.h"
#include "base/testing/test_seed.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "tools/key_range.h"
#include "tools/regex_range.h"

namespace aeternus::tools {
namespace {

using Model = std::map<std::string, std::string, std::less<>>;

// The database's iterator over a map, bounded like the real one. Ends with an error at `damaged_key`, if given.
class ModelIterator : public Iterator {
 public:
  ModelIterator(const Model& model, IteratorOptions bounds, std::string damaged_key = "")
      : damaged_key_(std::move(damaged_key)) {
    for (const auto& [key, value] : model) {
      if (bounds.lower_bound.has_value() && key < *bounds.lower_bound) continue;
      if (bounds.upper_bound.has_value() && key >= *bounds.upper_bound) continue;
      pairs_.emplace_back(key, value);
    }
    at_ = size();
  }

  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(size() - 1); }
  void Seek(std::string_view) override { FAIL(); }
  void SeekForPrev(std::string_view) override { FAIL(); }
  absl::Status status() const override { return IsDamaged() ? absl::DataLossError("bad block") : absl::OkStatus(); }
  uint64_t lsn() const override { return 0; }
  absl::Status Refresh() override { return absl::UnimplementedError(""); }

 private:
  void NextWindow() override { MoveTo(at_ + 1); }
  void PrevWindow() override { MoveTo(at_ - 1); }
  // Each window is one pair, so that every step asks for the next.
  void MoveTo(int at) {
    at_ = at;
    if (at_ < 0 || at_ >= size() || IsDamaged()) return SetWindow({});
    const auto& [key, value] = pairs_[static_cast<size_t>(at_)];
    shown_ = {key, value};
    SetWindow({&shown_, &shown_, &shown_ + 1});
  }
  int size() const { return static_cast<int>(pairs_.size()); }
  bool IsDamaged() const { return at_ >= 0 && at_ < size() && pairs_[static_cast<size_t>(at_)].first == damaged_key_; }

  const std::string damaged_key_;
  std::vector<std::pair<std::string, std::string>> pairs_;
  int at_ = 0;
  Pair shown_;
};

// The keys that a scan emits, in order, joined; `counts` may be null.
absl::StatusOr<std::string> ScanKeys(Iterator& it, const ScanOptions& options, ScanCounts* counts = nullptr) {
  std::string keys;
  const absl::StatusOr<ScanCounts> result = Scan(it, options, [&](std::string_view key, std::string_view) {
    keys.append(key).append(" ");
    return absl::OkStatus();
  });
  if (!result.ok()) return result.status();
  if (counts != nullptr) *counts = *result;
  return keys;
}

const Model kLetters = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}};

TEST(ScanTest, GoesForwardAndBackwardWithinItsLimit) {
  ModelIterator it(kLetters, {});
  EXPECT_EQ(ScanKeys(it, {}).value(), "a b c d ");
  EXPECT_EQ(ScanKeys(it, {.reverse = true}).value(), "d c b a ");
  EXPECT_EQ(ScanKeys(it, {.limit = 2}).value(), "a b ");
  EXPECT_EQ(ScanKeys(it, {.reverse = true, .limit = 3}).value(), "d c b ");
}

TEST(ScanTest, TheLimitCountsMatchesAndStopsTheReading) {
  const RE2 regex("[bc]");
  ModelIterator it(kLetters, {});
  ScanCounts counts;
  EXPECT_EQ(ScanKeys(it, {.limit = 1, .match = &regex}, &counts).value(), "b ");
  EXPECT_EQ(counts.scanned, 2u);
  EXPECT_EQ(counts.matched, 1u);
}

TEST(ScanTest, DamageIsAnErrorAndNoEnd) {
  ModelIterator it(kLetters, {}, /*damaged_key=*/"c");
  EXPECT_EQ(ScanKeys(it, {}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ScanKeys(it, {.limit = 2}).value(), "a b ") << "what was asked for was there";
}

TEST(ScanTest, AnErrorOfTheReceiverEndsTheScan) {
  ModelIterator it(kLetters, {});
  int emitted = 0;
  const absl::StatusOr<ScanCounts> result = Scan(it, {}, [&](std::string_view, std::string_view) {
    return ++emitted == 2 ? absl::UnavailableError("closed pipe") : absl::OkStatus();
  });
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(emitted, 2);
}

TEST(ScanTest, ANarrowedScanFindsWhatAnUnnarrowedOneFinds) {
  std::mt19937_64 random(TestSeed());
  static const std::vector<std::string> kPatterns = {"^/usr/lib/.*\\.so",
                                                     "^/usr/(lib|bin)/",
                                                     "\\.so$",
                                                     "^/etc/[a-m]",
                                                     "^/(?:etc|usr)/l",
                                                     "(?i)^/USR/",
                                                     "^/usr/lib/a$",
                                                     "^/usr|^/etc",
                                                     "^/usr|so",
                                                     "lib",
                                                     "^/x",
                                                     "^.usr",
                                                     "^/usr/lib/a\\.so$",
                                                     "^(/usr/lib/|/etc/)",
                                                     "^[^/]",
                                                     "^/usr/lib/\\w+$",
                                                     "^$",
                                                     "^/u?sr"};
  static const std::vector<std::string> kParts = {"/", "usr", "etc", "lib", "bin", "a", "m", "x", ".so", "USR", "sr"};
  uint64_t scanned_narrowed = 0;
  uint64_t scanned_all = 0;
  for (int round = 0; round < 30; ++round) {
    Model model;
    for (int i = 0; i < 150; ++i) {
      std::string key = random() % 8 == 0 ? "" : "/";
      for (int part = static_cast<int>(random() % 6); part >= 0; --part) key += kParts[random() % kParts.size()];
      model[key] = "";
    }
    for (const std::string& pattern : kPatterns) {
      const RE2 regex(pattern);
      const ScanOptions options{.reverse = random() % 2 == 0, .match = &regex};
      ModelIterator narrowed(model, BoundsOf(MatchRange(regex)));
      ModelIterator all(model, {});
      ScanCounts narrowed_counts;
      ScanCounts all_counts;
      EXPECT_EQ(ScanKeys(narrowed, options, &narrowed_counts).value(), ScanKeys(all, options, &all_counts).value())
          << pattern;
      EXPECT_EQ(narrowed_counts.matched, all_counts.matched);
      scanned_narrowed += narrowed_counts.scanned;
      scanned_all += all_counts.scanned;
    }
  }
  EXPECT_LT(scanned_narrowed, scanned_all) << "narrowing must save reading";
}

}  // namespace
}  // namespace aeternus::tools
