// More tables than the process may have open files: they open, and every one of them is read.
#include <sys/resource.h>

#include <memory>
#include <string>

#include "aeternus/engine.h"
#include "aeternus/options.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"
#include "stress/temp_directory.h"

namespace aeternus::stress {
namespace {

constexpr int kTables = 300;
constexpr rlim_t kOpenFiles = 100;

// Before anything asks for the real environment, which divides up the descriptors that it finds.
void LimitOpenFiles() {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = kOpenFiles;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(OpenManyTablesTest, MoreTablesThanOpenFilesAreWrittenOpenedReadAndMerged) {
  LimitOpenFiles();
  const TempDirectory dir;
  std::unique_ptr<Engine> engine = Engine::Open(dir.path(), {}).value();
  for (int i = 0; i < kTables; ++i) {
    ASSERT_TRUE(PutNumbered(*engine, i, i + 1, {.sync = false}).ok());
    const absl::Status flushed = FlushEverything(*engine);
    ASSERT_TRUE(flushed.ok()) << "table " << i << ": " << flushed;
  }
  ASSERT_TRUE(engine->Close().ok());

  absl::StatusOr<std::unique_ptr<Engine>> reopened = Engine::Open(dir.path(), {});
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  engine = *std::move(reopened);
  ASSERT_GT(engine->Stats().value().table_count, kOpenFiles);
  for (int i = 0; i < kTables; ++i) ASSERT_EQ(engine->Get(NumberedKey(i)).value(), NumberedValue(i));
  EXPECT_EQ(ReadAll(*engine).value(), NumberedContents(0, kTables));
  EXPECT_TRUE(engine->Verify().ok());
  EXPECT_TRUE(engine->MajorCompact().value());
  EXPECT_EQ(ReadAll(*engine).value(), NumberedContents(0, kTables));
}

}  // namespace
}  // namespace aeternus::stress
