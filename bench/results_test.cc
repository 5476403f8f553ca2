#include "bench/results.h"

#include <string>

#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

Row Sample(const std::string& name, double rate) {
  return {.name = name, .operations = static_cast<uint64_t>(rate * 2), .seconds = 2};
}

Results Example() {
  Results results;
  results.engines = {{.name = "aeternus"}, {.name = "rocksdb"}, {.name = "leveldb"}, {.name = "lmdb"}};
  results.rows = {"fill", "read"};
  return results;
}

TEST(ResultsTest, MedianMinAndMaxOfTheSamples) {
  Results results = Example();
  for (const double rate : {30.0, 10.0, 20.0}) results.Add("rocksdb", Sample("fill", rate));
  const Spread rate = results.RateOf("rocksdb", "fill").value();
  EXPECT_DOUBLE_EQ(rate.median, 20);
  EXPECT_DOUBLE_EQ(rate.min, 10);
  EXPECT_DOUBLE_EQ(rate.max, 30);
  results.Add("rocksdb", Sample("fill", 40));
  EXPECT_DOUBLE_EQ(results.RateOf("rocksdb", "fill")->median, 25);
  EXPECT_FALSE(results.RateOf("lmdb", "fill").has_value());
}

TEST(ResultsTest, SummaryCountsRowsAndMeansOfRatios) {
  Results results = Example();
  results.Add("aeternus", Sample("fill", 400));
  results.Add("rocksdb", Sample("fill", 100));
  results.Add("lmdb", Sample("fill", 200));
  results.Add("aeternus", Sample("read", 100));
  results.Add("rocksdb", Sample("read", 100));
  results.Add("lmdb", Sample("read", 400));
  EXPECT_EQ(results.BestPeer("fill")->name, "lmdb");
  EXPECT_DOUBLE_EQ(results.Ratio("fill", "lmdb").value(), 2);
  EXPECT_EQ(SummaryLine({&results, 1}),
            "rows ahead: 1 of 2, geometric mean vs rocksdb: 2.00, vs leveldb: n/a, vs lmdb: 0.71");
}

TEST(ResultsTest, RowThatOnlyPeersFinishedIsNotAhead) {
  Results results = Example();
  results.Add("leveldb", Sample("fill", 1));
  results.Add("aeternus", Sample("read", 1));
  EXPECT_EQ(SummaryLine({&results, 1}),
            "rows ahead: 0 of 1, geometric mean vs rocksdb: n/a, vs leveldb: n/a, vs lmdb: n/a");
}

TEST(ResultsTest, WithoutOursNothingIsCompared) {
  Results results;
  results.engines = {{.name = "rocksdb"}};
  results.rows = {"fill"};
  results.Add("rocksdb", Sample("fill", 1));
  EXPECT_EQ(SummaryLine({&results, 1}),
            "rows ahead: 0 of 0, geometric mean vs rocksdb: n/a, vs leveldb: n/a, vs lmdb: n/a");
}

}  // namespace
}  // namespace aeternus::bench
