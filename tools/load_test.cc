#include "tools/load.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "aeternus/write_batch.h"
#include "gtest/gtest.h"
#include "tools/record.h"
#include "tools/record_reader.h"

namespace aeternus::tools {
namespace {

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) absl::StrAppend(&text, "key", i, "\tvalue\n");
  return text;
}

// Loads `text`; remembers the size of each batch, and fails the one numbered `fail_at`.
struct Loader {
  LoadOptions options = {};
  int fail_at = -1;
  std::vector<uint32_t> batches = {};
  std::vector<std::pair<uint64_t, uint64_t>> progress = {};

  LoadResult Run(const std::string& text) {
    std::istringstream in(text);
    RecordReader reader(&in, RecordFormat::kTsv);
    return Load(
        reader, options,
        [&](const WriteBatch& batch) -> absl::Status {
          if (static_cast<int>(batches.size()) == fail_at) return absl::InternalError("no");
          batches.push_back(batch.count());
          return absl::OkStatus();
        },
        [&](uint64_t records, uint64_t bytes) { progress.emplace_back(records, bytes); });
  }
};

TEST(LoadTest, BatchesAreLimitedByCount) {
  Loader loader{.options = {.batch_records = 10}};
  const LoadResult result = loader.Run(Lines(25));
  EXPECT_TRUE(result.input_status.ok() && result.write_status.ok());
  EXPECT_EQ(result.records, 25u);
  EXPECT_EQ(loader.batches, (std::vector<uint32_t>{10, 10, 5}));
}

TEST(LoadTest, BatchesAreLimitedByBytes) {
  Loader loader{.options = {.batch_records = 1000, .batch_bytes = 30}};
  EXPECT_EQ(loader.Run(Lines(6)).records, 6u);
  EXPECT_EQ(loader.batches, (std::vector<uint32_t>{3, 3})) << "12 bytes and a little each";
}

TEST(LoadTest, NothingIsWrittenForAnEmptyInput) {
  Loader loader;
  EXPECT_EQ(loader.Run("").records, 0u);
  EXPECT_TRUE(loader.batches.empty());
}

TEST(LoadTest, TheRecordsBeforeAMalformedLineAreKept) {
  Loader loader{.options = {.batch_records = 10}};
  const LoadResult result = loader.Run(Lines(16) + "broken\n" + Lines(5));
  EXPECT_EQ(result.records, 16u);
  EXPECT_EQ(loader.batches, (std::vector<uint32_t>{10, 6}));
  EXPECT_EQ(result.input_status.message(), "line 17: no tab between key and value");
  EXPECT_TRUE(result.write_status.ok());
}

TEST(LoadTest, AFailedWriteEndsTheLoad) {
  Loader loader{.options = {.batch_records = 10}, .fail_at = 1};
  const LoadResult result = loader.Run(Lines(35));
  EXPECT_EQ(result.records, 10u);
  EXPECT_EQ(result.write_status.message(), "no");
}

TEST(LoadTest, ProgressIsToldAfterEachBatch) {
  Loader loader{.options = {.batch_records = 2}};
  loader.Run("a\t1\nb\t2\nc\t3\n");
  EXPECT_EQ(loader.progress, (std::vector<std::pair<uint64_t, uint64_t>>{{2, 8}, {3, 12}}));
}

}  // namespace
}  // namespace aeternus::tools
