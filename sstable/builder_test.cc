#include "sstable/builder.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/crc32c.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/types.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::sstable {
namespace {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimFileSystem;
using testing::Del;
using testing::Put;
using testing::SmallModel;
using testing::TableHarness;
using testing::TableModel;

std::unique_ptr<Builder> NewBuilder(SimFileSystem& file_system) {
  return Builder::Create(&file_system, "/table", TableHarness::Identity(), {.block_size_bytes = 64}).value();
}

// Of whole files, as the first builder of the format wrote them.
TEST(BuilderTest, BytesStayTheSame) {
  TableModel model = SmallModel();
  for (uint64_t i = 0; i < 3'000; ++i) {
    std::string key = "z" + std::to_string(100'000 + i / 3);
    key.append(i % 500 == 0 ? 300 : 0, 'k');
    const uint64_t lsn = (i * 7'919) % 100'003 * 3 + 3 - i % 3;
    const size_t value_size = i % 1'000 == 7 ? 200'000 : i * 31 % 140;
    model.entries.push_back(i % 11 == 0 ? Del(key, lsn) : Put(key, lsn, std::string(value_size, static_cast<char>(i))));
  }
  std::sort(model.entries.begin(), model.entries.end(),
            [](const auto& a, const auto& b) { return CompareEntries(a.key, a.lsn, b.key, b.lsn) < 0; });
  constexpr uint32_t kChecksums[][2] = {
      {64, 2'699'972'025}, {4096, 676'931'710}, {65'536, 770'943'186}, {300'000, 2'372'413'168}};
  for (const auto& [block_size, checksum] : kChecksums) {
    EXPECT_EQ(TableHarness().Build(model, {.block_size_bytes = block_size}).checksum, checksum) << block_size;
  }
}

TEST(BuilderTest, EntriesOutOfOrderAreRefusedAndStayRefused) {
  struct {
    testing::StoredEntry first, second;
  } const cases[] = {
      {Put("b", 1, ""), Put("a", 1, "")},
      {Put("b", 1, ""), Put("b", 2, "")},
      {Put("b", 1, ""), Del("b", 1)},
      {Put("bb", 1, ""), Put("b", 1, "")},
  };
  for (const auto& c : cases) {
    SimFileSystem file_system;
    const std::unique_ptr<Builder> builder = NewBuilder(file_system);
    ASSERT_TRUE(builder->Add(c.first.view()).ok());
    EXPECT_EQ(builder->Add(c.second.view()).code(), absl::StatusCode::kInternal);
    EXPECT_EQ(builder->Add(Put("z", 1, "").view()).code(), absl::StatusCode::kInternal);
    EXPECT_EQ(builder->Finish().status().code(), absl::StatusCode::kInternal);
  }
}

TEST(BuilderTest, EntriesBeyondTheFormatAreRefused) {
  const std::string long_key(kMaxKeySizeBytes + 1, 'k');
  const EntryView refused[] = {
      {.key = long_key, .lsn = Lsn(1), .kind = EntryKind::kPut, .value = ""},
      {.key = "k", .lsn = Lsn(kMaxLsn.value + 1), .kind = EntryKind::kPut, .value = ""},
      {.key = "k", .lsn = Lsn(1), .kind = EntryKind::kRangeDelete, .value = ""},
      {.key = "k", .lsn = Lsn(1), .kind = EntryKind::kInvalid, .value = ""},
  };
  for (const EntryView& entry : refused) {
    SimFileSystem file_system;
    EXPECT_EQ(NewBuilder(file_system)->Add(entry).code(), absl::StatusCode::kInternal);
  }
}

TEST(BuilderTest, NothingMakesNoTable) {
  SimFileSystem file_system;
  EXPECT_EQ(NewBuilder(file_system)->Finish().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(BuilderTest, ExistingFilesAreNotOverwritten) {
  SimFileSystem file_system;
  ASSERT_TRUE(file_system.SetContents("/table", "precious").ok());
  EXPECT_EQ(Builder::Create(&file_system, "/table", TableHarness::Identity(), {}).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(file_system.Contents("/table").value(), "precious");
}

TEST(BuilderTest, FinishedTablesTakeNoMore) {
  SimFileSystem file_system;
  const std::unique_ptr<Builder> builder = NewBuilder(file_system);
  ASSERT_TRUE(builder->Add(Put("a", 1, "").view()).ok());
  ASSERT_TRUE(builder->Finish().ok());
  EXPECT_EQ(builder->Add(Put("b", 1, "").view()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(builder->Finish().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(BuilderTest, SummaryIsOfTheSyncedFile) {
  TableHarness harness;
  TableModel model;
  for (int i = 1000; i < 9000; ++i) model.entries.push_back(Put("key" + std::to_string(i), i, std::string(100, 'v')));
  const TableSummary summary = harness.Build(model);
  ASSERT_TRUE(harness.file_system().SyncDirectory("/db").ok());
  const auto after = harness.file_system().Crash({.mode = CrashMode::kDropAll});
  const std::string bytes = after->Contents(TableHarness::kPath).value();
  EXPECT_EQ(summary.size_bytes, bytes.size());
  EXPECT_EQ(summary.checksum, Crc32c(bytes));
}

TEST(BuilderTest, SameEntriesMakeTheSameFile) {
  TableHarness harness;
  harness.Build(SmallModel());
  const std::string first = harness.Contents();
  TableModel model = SmallModel();
  std::swap(model.tombstones.front(), model.tombstones.back());
  harness.Build(model);
  EXPECT_EQ(harness.Contents(), first);
}

// Whichever call of the file system fails, the builder says so and does not go on.
TEST(BuilderTest, EveryFailureOfTheFileSystemIsReported) {
  uint64_t calls = 0;
  for (uint64_t failing = 0; failing == 0 || failing < calls; ++failing) {
    SimFileSystem file_system;
    const uint64_t before = file_system.calls();
    file_system.FailAt(before + failing, Fault::kIoError);
    absl::Status status;
    auto builder = Builder::Create(&file_system, "/table", TableHarness::Identity(), {.block_size_bytes = 64});
    status = builder.status();
    for (int i = 100'000; status.ok() && i < 104'000; ++i) {
      status = (*builder)->Add(Put(std::to_string(i), 1, std::string(100, 'v')).view());
    }
    if (status.ok()) status = (*builder)->Finish().status();
    EXPECT_FALSE(status.ok()) << "call " << failing;
    if (failing == 0) {
      // The count of calls, from a run without a fault.
      SimFileSystem intact;
      builder = NewBuilder(intact);
      for (int i = 100'000; i < 104'000; ++i) {
        ASSERT_TRUE((*builder)->Add(Put(std::to_string(i), 1, std::string(100, 'v')).view()).ok());
      }
      ASSERT_TRUE((*builder)->Finish().ok());
      calls = intact.calls();
      ASSERT_GT(calls, 5u);
    }
  }
}

TEST(BuilderTest, RunningOutOfSpaceIsResourceExhausted) {
  SimFileSystem file_system;
  file_system.SetFreeSpace(100);
  const std::unique_ptr<Builder> builder = NewBuilder(file_system);
  ASSERT_TRUE(builder->Add(Put("a", 1, std::string(1000, 'v')).view()).ok());
  EXPECT_EQ(builder->Finish().status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace aeternus::sstable
