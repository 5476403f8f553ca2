#include "iterator/run_iterator.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "iterator/entry_iterator.h"
#include "iterator/testing/entry_moves.h"
#include "iterator/testing/history.h"
#include "iterator/testing/random.h"
#include "iterator/testing/vector_iterator.h"

namespace aeternus {
namespace {

using ::aeternus::testing::EntryMove;
using ::aeternus::testing::ExpectSameEntry;
using ::aeternus::testing::HistoryKey;
using ::aeternus::testing::OwnedEntry;
using ::aeternus::testing::Random;
using ::aeternus::testing::RandomEntryMove;
using ::aeternus::testing::VectorIterator;

constexpr uint64_t kKeys = 40;

// Parts of up to five keys each, whose bounds may be wider than their keys, and which may have none.
class RandomRun {
 public:
  explicit RandomRun(Random* random) {
    for (uint64_t key = random->Below(3); key < kKeys;) {
      const uint64_t end = std::min(kKeys, key + 1 + random->Below(5));
      Part part{.smallest = HistoryKey(key), .largest = HistoryKey(end - 1), .entries = {}};
      if (random->OneIn(3)) {  // as of a range tombstone that ends where the next part may begin
        part.largest = HistoryKey(end);
        part.largest_is_exclusive = true;
      }
      for (; key < end; ++key) {
        if (random->OneIn(4)) continue;
        for (uint64_t version = 1 + random->Below(3); version > 0; --version) {
          part.entries.push_back({HistoryKey(key), Lsn(version * 7 + random->Below(5)), EntryKind::kPut, "v"});
        }
      }
      parts_.push_back(std::move(part));
      key += random->Below(3);
    }
    is_unbounded_ = random->OneIn(3);
    window_size_ = 1 + random->Below(4);
  }

  std::unique_ptr<EntryIterator> Open() {
    std::vector<RunPart> run;
    for (Part& part : parts_) {
      run.push_back({.smallest = part.smallest,
                     .largest = part.largest,
                     .largest_is_exclusive = part.largest_is_exclusive,
                     .open = [this, &part] {
                       ++part.times_opened;
                       auto it = std::make_unique<VectorIterator>(part.entries);
                       it->ShowWindowsOf(window_size_);
                       if (part.is_broken) it->BreakAt(0);
                       return it;
                     }});
    }
    if (is_unbounded_ && !run.empty()) run.back().largest.reset();
    return NewRunIterator(std::move(run));
  }
  std::vector<OwnedEntry> Entries() const {
    std::vector<OwnedEntry> all;
    for (const Part& part : parts_) all.insert(all.end(), part.entries.begin(), part.entries.end());
    return all;
  }
  int TimesOpened() const {
    int times = 0;
    for (const Part& part : parts_) times += part.times_opened;
    return times;
  }
  int MostTimesOpened() const {
    int most = 0;
    for (const Part& part : parts_) most = std::max(most, part.times_opened);
    return most;
  }
  void Break(size_t part) { parts_[part].is_broken = true; }
  size_t size() const { return parts_.size(); }
  const std::string& smallest(size_t part) const { return parts_[part].smallest; }

 private:
  struct Part {
    std::string smallest, largest;
    bool largest_is_exclusive = false;
    std::vector<OwnedEntry> entries;
    int times_opened = 0;
    bool is_broken = false;
  };

  std::vector<Part> parts_;
  bool is_unbounded_ = false;
  size_t window_size_ = 1;
};

TEST(RunIterator, IsMovedLikeOneSourceOfAllParts) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    RandomRun run(&random);
    const auto actual = run.Open();
    VectorIterator expected(run.Entries());
    for (int i = 0; i < 100; ++i) {
      const EntryMove move = RandomEntryMove(&random, HistoryKey(random.Below(kKeys + 2)), /*lsn_bound=*/30);
      move(*actual);
      move(expected);
      ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*actual, expected)) << "round " << round << ", move " << i;
    }
    EXPECT_LE(run.MostTimesOpened(), 1);
  }
}

TEST(RunIterator, SkipsForwardLikeASeek) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    RandomRun run(&random);
    const auto actual = run.Open();
    VectorIterator expected(run.Entries());
    uint64_t key = 0;
    for (actual->SeekToFirst(), expected.SeekToFirst(); actual->Valid(); key += 1 + random.Below(6)) {
      ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*actual, expected));
      if (HistoryKey(key) <= actual->entry().key) continue;
      actual->SkipTo(HistoryKey(key));
      expected.Seek(HistoryKey(key), kMaxLsn);
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSameEntry(*actual, expected));
  }
}

TEST(RunIterator, ASeekOpensNoPartThatItHasNotToShow) {
  Random random = Random::ForTest();
  for (int round = 0; round < 100; ++round) {
    RandomRun run(&random);
    const auto it = run.Open();
    EXPECT_EQ(run.TimesOpened(), 0);
    const size_t part = random.Below(run.size());
    it->Seek(run.smallest(part), kMaxLsn);
    if (it->Valid() && (part + 1 == run.size() || it->entry().key < run.smallest(part + 1))) {
      EXPECT_EQ(run.TimesOpened(), 1);
    }
  }
}

TEST(RunIterator, APartThatCannotBeReadEndsItWithAnErrorUntilTheNextSeek) {
  Random random = Random::ForTest();
  for (int round = 0; round < 100; ++round) {
    RandomRun run(&random);
    const size_t broken = random.Below(run.size());
    run.Break(broken);
    const auto it = run.Open();
    for (it->SeekToFirst(); it->Valid(); it->Next()) EXPECT_LT(it->entry().key, run.smallest(broken));
    EXPECT_TRUE(absl::IsDataLoss(it->status())) << it->status();
    it->Seek(HistoryKey(kKeys), kMaxLsn);
    EXPECT_FALSE(it->Valid());
    if (broken + 1 < run.size()) {
      EXPECT_TRUE(it->status().ok()) << it->status();
    }
    it->SeekBefore(run.smallest(0));
    EXPECT_FALSE(it->Valid());
    EXPECT_TRUE(it->status().ok()) << "nothing lies there, and nothing is broken: " << it->status();
  }
}

TEST(RunIterator, WithoutPartsHoldsNothing) {
  const auto it = NewRunIterator({});
  for (const bool forward : {true, false}) {
    forward ? it->SeekToFirst() : it->SeekToLast();
    EXPECT_FALSE(it->Valid());
    forward ? it->Seek("k", kMaxLsn) : it->SeekBefore("k");
    EXPECT_FALSE(it->Valid());
    EXPECT_TRUE(it->status().ok());
  }
}

}  // namespace
}  // namespace aeternus
