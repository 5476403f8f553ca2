#include "manifest/sorted_runs.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"
#include "manifest/table_metadata.h"
#include "manifest/version.h"

namespace aeternus {
namespace {

using Runs = std::vector<std::vector<size_t>>;

Version::TablePtr Over(std::string smallest, std::optional<std::string> largest, bool is_exclusive = false) {
  auto table = std::make_shared<TableMetadata>();
  table->smallest = std::move(smallest);
  table->largest = std::move(largest);
  table->largest_is_exclusive = is_exclusive;
  return table;
}

TEST(SortedRuns, TablesThatOverlapNowhereAreOneRunInTheOrderOfTheirKeys) {
  EXPECT_EQ(SortedRuns({}), Runs());
  EXPECT_EQ(SortedRuns({Over("e", "f"), Over("a", "b"), Over("c", "d"), Over("g", std::nullopt)}),
            (Runs{{1, 2, 0, 3}}));
}

TEST(SortedRuns, AKeyThatTwoTablesMayHoldKeepsThemApart) {
  EXPECT_EQ(SortedRuns({Over("a", "c"), Over("c", "d")}), (Runs{{0}, {1}}));
  EXPECT_EQ(SortedRuns({Over("a", "c", /*is_exclusive=*/true), Over("c", "d")}), (Runs{{0, 1}}));
  EXPECT_EQ(SortedRuns({Over("a", std::nullopt), Over("c", "d")}), (Runs{{0}, {1}}));
  EXPECT_EQ(SortedRuns({Over("a", "a"), Over("a", "a")}), (Runs{{0}, {1}}));
}

TEST(TablesThatOverlap, AreThoseThatShareAKeyWithAnyOther) {
  EXPECT_EQ(TablesThatOverlap({}), std::vector<size_t>());
  EXPECT_EQ(TablesThatOverlap({Over("c", "d"), Over("a", "b")}), std::vector<size_t>());
  EXPECT_EQ(TablesThatOverlap({Over("e", "f"), Over("a", std::nullopt), Over("c", "d")}),
            (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(TablesThatOverlap({Over("e", "f"), Over("a", "c"), Over("c", "d")}), (std::vector<size_t>{1, 2}));
}

TEST(SortedRuns, AreAsManyAsThereAreTablesOverTheMostCrowdedKey) {
  std::mt19937_64 random(TestSeed());
  const auto letter = [](uint64_t i) { return std::string(1, static_cast<char>('a' + i)); };
  for (int round = 0; round < 500; ++round) {
    std::vector<Version::TablePtr> tables;
    for (uint64_t n = random() % 12; n > 0; --n) {
      const uint64_t begin = random() % 20;
      const uint64_t length = random() % 5;
      const bool is_exclusive = length > 0 && random() % 3 == 0;
      std::optional<std::string> end = letter(begin + length);
      if (random() % 12 == 0) end.reset();
      tables.push_back(Over(letter(begin), end, is_exclusive));
    }
    const Runs runs = SortedRuns(tables);

    std::vector<size_t> places;
    for (const auto& run : runs) {
      for (size_t i = 0; i < run.size(); ++i) {
        places.push_back(run[i]);
        if (i == 0) continue;
        const TableMetadata& before = *tables[run[i - 1]];
        EXPECT_FALSE(before.BoundsContain(tables[run[i]]->smallest)) << "round " << round;
        EXPECT_LE(before.smallest, tables[run[i]]->smallest);
      }
    }
    std::sort(places.begin(), places.end());
    for (size_t i = 0; i < places.size(); ++i) ASSERT_EQ(places[i], i);
    ASSERT_EQ(places.size(), tables.size());
    size_t crowd = 0;
    for (const auto& at : tables) {
      const auto holds = [&](const auto& table) { return table->BoundsContain(at->smallest); };
      crowd = std::max<size_t>(crowd, std::count_if(tables.begin(), tables.end(), holds));
    }
    EXPECT_EQ(runs.size(), crowd) << "round " << round;

    std::vector<size_t> overlapping;
    for (size_t i = 0; i < tables.size(); ++i) {
      const auto shares_a_key = [&](const auto& other) {
        return other != tables[i] &&
               (other->BoundsContain(tables[i]->smallest) || tables[i]->BoundsContain(other->smallest));
      };
      if (std::any_of(tables.begin(), tables.end(), shares_a_key)) overlapping.push_back(i);
    }
    EXPECT_EQ(TablesThatOverlap(tables), overlapping) << "round " << round;
  }
}

}  // namespace
}  // namespace aeternus
