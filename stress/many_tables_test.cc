// Ten thousand tables: opened, read, scanned, compacted. What is done once for each table must not look at all others.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "aeternus/engine.h"
#include "aeternus/iterator.h"
#include "aeternus/options.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "stress/seed.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

using env::testing::FileOp;

int TableCount() { return IsLongRun() ? 20'000 : 10'000; }

// Key i, in a table of its own; every tenth table deletes the key before it too.
absl::Status WriteTable(Engine& engine, int i) {
  if (const absl::Status put = PutNumbered(engine, i, i + 1, {.sync = false}); !put.ok()) return put;
  if (i % 10 == 9) {
    if (const absl::Status deleted = engine.Delete(NumberedKey(i - 1), {.sync = false}); !deleted.ok()) return deleted;
  }
  return FlushEverything(engine);
}

Contents Expected() {
  Contents contents = NumberedContents(0, TableCount());
  for (int i = 9; i < TableCount(); i += 10) contents.erase(NumberedKey(i - 1));
  return contents;
}

TEST(ManyTablesTest, TenThousandTablesAreWrittenOpenedReadAndMerged) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  for (int i = 0; i < TableCount(); ++i) {
    const absl::Status written = WriteTable(*database, i);
    ASSERT_TRUE(written.ok()) << "table " << i << ": " << written;
  }
  ASSERT_TRUE(database.Close().ok());
  const uint64_t calls_before = database.disk().calls();
  ASSERT_TRUE(database.Open().ok());
  const uint64_t calls_of_open = database.disk().calls() - calls_before;
  EXPECT_EQ(database->Stats().value().table_count, static_cast<size_t>(TableCount()));
  EXPECT_LE(calls_of_open, static_cast<uint64_t>(TableCount()) + 100) << "opening asks for the size of each, no more";

  // A get looks at the tables whose bounds hold the key, and reads of each what it needs once.
  const uint64_t reads_before = database.disk().CountOf(FileOp::kRead);
  for (int i = 0; i < TableCount(); i += 97) {
    ASSERT_EQ(database->Get(NumberedKey(i)).value().has_value(), i % 10 != 8) << "key " << i;
  }
  const uint64_t reads_of_gets = database.disk().CountOf(FileOp::kRead) - reads_before;
  const uint64_t gets = static_cast<uint64_t>(TableCount()) / 97 + 1;
  EXPECT_LE(reads_of_gets, gets * 8) << "footer, filter, index and block, of at most two tables";
  const Contents expected = Expected();
  EXPECT_EQ(ReadAll(*database).value(), expected);
  EXPECT_TRUE(database->Verify().ok());

  ASSERT_TRUE(database->MinorCompact().value());
  EXPECT_LT(database->Stats().value().table_count, static_cast<size_t>(TableCount()));
  ASSERT_TRUE(database->MajorCompact().value());
  EXPECT_EQ(database->Stats().value().table_count, 1u);
  EXPECT_EQ(ReadAll(*database).value(), expected);
  ASSERT_TRUE(database.Reopen().ok());
  EXPECT_EQ(ReadAll(*database).value(), expected);
  EXPECT_EQ(database.Tables().size(), 1u) << "the others are deleted";
  std::printf("tables: %d\nfile-system calls of open: %llu\nreads of %llu gets: %llu\n", TableCount(),
              static_cast<unsigned long long>(calls_of_open), static_cast<unsigned long long>(gets),
              static_cast<unsigned long long>(reads_of_gets));
}

}  // namespace
}  // namespace aeternus::stress
