#include "compaction/planner.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "manifest/table_metadata.h"
#include "manifest/version.h"
#include "manifest/version_edit.h"

namespace aeternus::compaction {
namespace {

// A version whose tables are made by `make(i)`, numbered from 1 in that order.
template <typename Make>
std::shared_ptr<const Version> MakeVersion(size_t count, Make make) {
  VersionEdit edit;
  for (size_t i = 0; i < count; ++i) {
    TableMetadata table = make(i);
    if (table.number == FileNumber()) table.number = FileNumber(i + 1);
    edit.added_tables.push_back(std::move(table));
  }
  return Version().Apply(edit).value();
}

std::shared_ptr<const Version> OfSizes(const std::vector<uint64_t>& sizes) {
  return MakeVersion(sizes.size(), [&](size_t i) {
    TableMetadata table;
    table.size_bytes = sizes[i];
    table.put_count = 1;
    table.min_point_lsn = table.max_point_lsn = Lsn(100 - i);
    return table;
  });
}

// "10 12 | 100": the sizes of buckets.
std::string Draw(const std::vector<std::vector<Version::TablePtr>>& buckets) {
  std::string drawing;
  for (const auto& bucket : buckets) {
    absl::StrAppend(&drawing, drawing.empty() ? "" : " |");
    for (const auto& table : bucket) absl::StrAppend(&drawing, drawing.empty() ? "" : " ", table->size_bytes);
  }
  return drawing;
}

std::string DrawInputs(const std::optional<Plan>& plan) { return plan.has_value() ? Draw({plan->inputs}) : "none"; }

std::vector<uint64_t> Numbers(const std::vector<Plan>& plans) {
  std::vector<uint64_t> numbers;
  for (const Plan& plan : plans) numbers.push_back(plan.inputs.at(0)->number.value);
  return numbers;
}

TEST(SizeBuckets, TablesJoinWhileNearTheRunningAverage) {
  const struct {
    std::vector<uint64_t> sizes;
    std::string buckets;
  } kCases[] = {
      {{}, ""},
      {{100}, "100"},
      {{150, 100}, "100 150"},           // 1.5 x 100 is still within
      {{151, 100}, "100 | 151"},         //
      {{100, 150, 187}, "100 150 187"},  // average 125: up to 187.5
      {{100, 150, 188}, "100 150 | 188"},
      {{100, 110, 120, 1'000, 1'100, 90}, "90 100 110 120 | 1000 1100"},
      {{49, 1, 50, 20, 60}, "1 20 49 | 50 60"},  // below 50 all share one bucket
      {{0, 0, 0}, "0 0 0"},
      {{10, 1'000}, "10 | 1000"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Draw(SizeBuckets(*OfSizes(test.sizes), {}, {})), test.buckets);
}

TEST(SizeBuckets, WithoutASmallBucketEmptyTablesStillHaveOne) {
  PlannerOptions options;
  options.min_table_size_bytes = 0;
  EXPECT_EQ(Draw(SizeBuckets(*OfSizes({0, 0, 7}), {}, options)), "0 0 | 7");
}

TEST(SizeBuckets, BusyTablesAreLeftOut) {
  EXPECT_EQ(Draw(SizeBuckets(*OfSizes({100, 110, 120}), {FileNumber(2)}, {})), "100 120");
}

TEST(PlanMinor, TakesTheFullestBucketThatIsFullEnough) {
  const struct {
    std::vector<uint64_t> sizes;
    std::string inputs;
  } kCases[] = {
      {{}, "none"},
      {{100, 100, 100}, "none"},
      {{100, 100, 100, 100}, "100 100 100 100"},
      {{100, 101, 102, 103, 1'000, 1'001, 1'002, 1'003, 1'004}, "1000 1001 1002 1003 1004"},
      {{1, 2, 3, 4, 1'000, 1'001, 1'002}, "1 2 3 4"},
      {{100, 101, 102, 103, 1'000, 1'001, 1'002, 1'003}, "100 101 102 103"},  // of equals the smaller tables
  };
  for (const auto& test : kCases) EXPECT_EQ(DrawInputs(PlanMinor(*OfSizes(test.sizes), {}, {})), test.inputs);
}

TEST(PlanMinor, TakesTheSmallestTablesUpToTheMaximum) {
  PlannerOptions options;
  options.max_threshold = 5;
  const auto version = OfSizes({107, 106, 105, 104, 103, 102, 101});
  const std::optional<Plan> plan = PlanMinor(*version, {}, options);
  EXPECT_EQ(DrawInputs(plan), "101 102 103 104 105");
  EXPECT_EQ(plan->kind, Kind::kMinor);
  EXPECT_EQ(plan->input_bytes(), 515u);
}

TEST(PlanMinor, OneTableIsNeverMergedAlone) {
  PlannerOptions options;
  options.min_threshold = 0;
  EXPECT_FALSE(PlanMinor(*OfSizes({100}), {}, options).has_value());
}

constexpr int64_t kNow = 1'000'000'000;

TableMetadata WithTombstones(uint64_t puts, uint64_t deletes, uint64_t ranges, int64_t age_micros) {
  TableMetadata table;
  table.size_bytes = 1'000;
  table.put_count = puts;
  table.delete_count = deletes;
  table.range_tombstone_count = ranges;
  table.oldest_tombstone_time_micros = deletes + ranges > 0 ? kNow - age_micros : 0;
  return table;
}

PlannerOptions TombstoneOptions(double ratio, int64_t interval_micros) {
  PlannerOptions options;
  options.tombstone_ratio = ratio;
  options.tombstone_interval_micros = interval_micros;
  return options;
}

TEST(PlanTombstone, ACandidateIsOldAndRichInTombstones) {
  const struct {
    TableMetadata table;
    bool is_candidate;
  } kCases[] = {
      {WithTombstones(70, 30, 0, 500), true},     // exactly ratio and age
      {WithTombstones(71, 29, 0, 500), false},    // too few
      {WithTombstones(70, 30, 0, 499), false},    // too young
      {WithTombstones(70, 15, 15, 500), true},    // point and range tombstones count alike
      {WithTombstones(0, 0, 1, 500), true},       // nothing but a range tombstone
      {WithTombstones(100, 0, 0, 500), false},    // none
      {WithTombstones(0, 0, 0, 500), false},      // empty: nothing is divided by nothing
      {WithTombstones(70, 30, 0, -5'000), false}  // the clock was set back
  };
  for (const auto& test : kCases) {
    const auto version = MakeVersion(1, [&](size_t) { return test.table; });
    EXPECT_EQ(PlanTombstone(*version, {}, kNow, TombstoneOptions(0.3, 500)).size(), test.is_candidate ? 1u : 0u);
  }
}

TEST(PlanTombstone, TheHighestRatioComesFirst) {
  const uint64_t deletes[] = {50, 90, 10, 70, 90};
  const auto version =
      MakeVersion(5, [&](size_t i) { return WithTombstones(100 - deletes[i], deletes[i], 0, 1'000 + 10 * i); });
  // Of equals, the one whose tombstones are older.
  EXPECT_EQ(Numbers(PlanTombstone(*version, {}, kNow, TombstoneOptions(0.3, 0))), (std::vector<uint64_t>{5, 2, 4, 1}));
  EXPECT_EQ(Numbers(PlanTombstone(*version, {FileNumber(5)}, kNow, TombstoneOptions(0.3, 0))),
            (std::vector<uint64_t>{2, 4, 1}));
}

TEST(PlanTombstone, WithoutAnIntervalAClockSetBackDoesNotMatter) {
  const auto version = MakeVersion(1, [](size_t) { return WithTombstones(0, 1, 0, -5'000); });
  EXPECT_EQ(PlanTombstone(*version, {}, kNow, TombstoneOptions(0.3, 0)).size(), 1u);
}

// Such a ratio is refused when the database is opened; here it must merely do nothing.
TEST(PlanTombstone, ARatioThatIsNoNumberHasNoCandidates) {
  const auto version = MakeVersion(1, [](size_t) { return WithTombstones(0, 1, 0, 5'000); });
  const auto options = TombstoneOptions(std::numeric_limits<double>::quiet_NaN(), 0);
  EXPECT_TRUE(PlanTombstone(*version, {}, kNow, options).empty());
}

TEST(PlanMajor, TakesAllTablesOrNone) {
  EXPECT_FALSE(PlanMajor(*OfSizes({}), {}).has_value());
  EXPECT_FALSE(PlanMajor(*OfSizes({1}), {}).has_value());
  const std::optional<Plan> plan = PlanMajor(*OfSizes({1, 1'000}), {});
  EXPECT_EQ(plan->inputs.size(), 2u);
  EXPECT_EQ(plan->kind, Kind::kMajor);
  EXPECT_FALSE(PlanMajor(*OfSizes({1, 1'000}), {FileNumber(2)}).has_value());
}

// Recency was once judged by file number. Plans for the same tables under other numbers are plans of the same tables.
TEST(Planner, NumbersDecideNothing) {
  const auto shuffled = [](uint64_t stride) {
    return MakeVersion(7, [&](size_t i) {
      TableMetadata table = WithTombstones(100 - 10 * i, 10 * i, 0, 1'000);
      table.size_bytes = 100 + i;
      table.min_point_lsn = table.max_point_lsn = Lsn(50 + i);
      table.number = FileNumber(1 + (i * stride) % 7);
      return table;
    });
  };
  PlannerOptions options = TombstoneOptions(0.2, 0);
  options.max_threshold = 4;
  for (const uint64_t stride : {2, 3, 6}) {
    const auto plain = shuffled(1);
    const auto renumbered = shuffled(stride);
    EXPECT_EQ(DrawInputs(PlanMinor(*renumbered, {}, options)), DrawInputs(PlanMinor(*plain, {}, options)));
    const auto plans = PlanTombstone(*plain, {}, kNow, options);
    const auto other = PlanTombstone(*renumbered, {}, kNow, options);
    ASSERT_EQ(other.size(), plans.size());
    for (size_t i = 0; i < plans.size(); ++i) EXPECT_EQ(other[i].inputs[0]->size_bytes, plans[i].inputs[0]->size_bytes);
  }
}

// Tables of so many entries each, of a hundred bytes; table i holds keys from `smallest[i]` to `largest[i]`.
std::shared_ptr<const Version> OfEntries(const std::vector<uint64_t>& entries, const std::string& smallest = "",
                                         const std::string& largest = "") {
  return MakeVersion(entries.size(), [&](size_t i) {
    TableMetadata table;
    table.size_bytes = 100 * entries[i];
    table.put_count = entries[i];
    table.min_point_lsn = table.max_point_lsn = Lsn(100 - i);
    table.smallest = smallest.empty() ? "a" : std::string(1, smallest[i]);
    table.largest = largest.empty() ? "z" : std::string(1, largest[i]);
    return table;
  });
}

TEST(PlanMinor, LeavesAloneTablesThatOverlapNothing) {
  PlannerOptions options;
  EXPECT_EQ(DrawInputs(PlanMinor(*OfEntries({10, 11, 12, 13, 14}, "acegi", "bdfhj"), {}, options)), "none");
  EXPECT_EQ(DrawInputs(PlanMinor(*OfEntries({10, 11, 12, 13, 14}, "acccc", "bdddd"), {}, options)),
            "1100 1200 1300 1400");
  EXPECT_EQ(DrawInputs(PlanMinor(*OfEntries({10, 11, 12, 13}, "aaac", "bbbd"), {}, options)), "none")
      << "three over each key";
}

TEST(PlanMinor, LetsThereBeFewerThanTheMaximumOfThem) {
  PlannerOptions options;
  options.max_threshold = 5;
  EXPECT_EQ(DrawInputs(PlanMinor(*OfEntries({10, 11, 12, 13}, "aceg", "bdfh"), {}, options)), "none");
  EXPECT_EQ(DrawInputs(PlanMinor(*OfEntries({10, 11, 12, 13, 14}, "acegi", "bdfhj"), {}, options)),
            "1000 1100 1200 1300 1400");
}

TEST(PlanScan, ScansPayForTheSmallestTablesFirstAndForMoreOfThemWithTime) {
  const auto version = OfEntries({100'000, 200'000, 1'600'000, 10});
  EXPECT_EQ(DrawInputs(PlanScan(*version, {}, 0).plan), "none");
  EXPECT_EQ(DrawInputs(PlanScan(*version, {}, 1'000'000).plan), "none") << "each is far larger than those before it";
  const auto close = OfEntries({100'000, 300'000, 1'600'000});
  EXPECT_EQ(DrawInputs(PlanScan(*close, {}, 99'999).plan), "none");
  EXPECT_EQ(DrawInputs(PlanScan(*close, {}, 100'000).plan), "10000000 30000000");
  EXPECT_EQ(DrawInputs(PlanScan(*close, {}, 249'999).plan), "10000000 30000000");
  EXPECT_EQ(DrawInputs(PlanScan(*close, {}, 250'000).plan), "10000000 30000000 160000000");
  EXPECT_EQ(PlanScan(*close, {}, 250'000).plan->kind, Kind::kScan);
}

TEST(PlanScan, SaysForWhichSeeksItWaits) {
  const auto version = OfEntries({100'000, 300'000, 1'600'000});
  EXPECT_EQ(PlanScan(*version, {}, 0).next_seeks, 100'000u);
  EXPECT_EQ(PlanScan(*version, {}, 100'000).next_seeks, std::nullopt) << "there is a plan";
  EXPECT_EQ(PlanScan(*OfEntries({7, 7}), {}, 0).next_seeks, 1024u) << "nothing is merged for the sake of a few";
  EXPECT_EQ(PlanScan(*OfEntries({7}), {}, 0).next_seeks, std::nullopt);
  EXPECT_EQ(PlanScan(*OfEntries({}), {}, 0).next_seeks, std::nullopt);
}

TEST(PlanScan, ManyTablesOfOneSizeArePaidForTogether) {
  const auto version = OfEntries({64'000, 64'000, 64'000, 64'000});
  EXPECT_EQ(PlanScan(*version, {}, 0).next_seeks, 4 * 64'000u / 4 / 3);
  EXPECT_EQ(PlanScan(*version, {}, 22'000).plan->inputs.size(), 4u);
}

TEST(PlanScan, LeavesAloneATableFarLargerThanTheRest) {
  EXPECT_EQ(DrawInputs(PlanScan(*OfEntries({10'000, 10'000, 80'000}), {}, 1 << 30).plan), "1000000 1000000 8000000");
  EXPECT_EQ(DrawInputs(PlanScan(*OfEntries({10'000, 10'000, 80'001}), {}, 1 << 30).plan), "1000000 1000000");
}

TEST(PlanScan, LeavesAloneWhatOverlapsNothing) {
  const auto version = OfEntries({10'000, 20'000, 30'000}, "amb", "czd");
  EXPECT_EQ(DrawInputs(PlanScan(*version, {}, 1 << 30).plan), "1000000 3000000");
  EXPECT_EQ(PlanScan(*OfEntries({10'000, 20'000}, "am", "cz"), {}, 0).next_seeks, std::nullopt);
}

TEST(PlanScan, ATableOfTheSameRunIsNoneMoreToVisit) {
  const auto version = OfEntries({10'000, 10'000, 20'000}, "aam", "zcz");
  EXPECT_EQ(PlanScan(*version, {}, 9'999).plan->inputs.size(), 2u);
  EXPECT_EQ(PlanScan(*version, {}, 40'000 / 4).plan->inputs.size(), 3u) << "a scan visits two of them";
}

TEST(PlanScan, LeavesAloneWhatIsBusy) {
  EXPECT_EQ(DrawInputs(PlanScan(*OfEntries({10'000, 20'000, 30'000}), {FileNumber(2)}, 1 << 30).plan),
            "1000000 3000000");
}

}  // namespace
}  // namespace aeternus::compaction
