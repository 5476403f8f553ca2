#include "manifest/version.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "absl/status/status.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "manifest/table_metadata.h"
#include "manifest/testing/samples.h"
#include "manifest/version_edit.h"

namespace aeternus {
namespace {

using Model = std::map<FileNumber, TableMetadata>;

TableMetadata Table(uint64_t number, uint64_t max_lsn = 1) {
  TableMetadata table;
  table.number = FileNumber(number);
  table.put_count = 1;
  table.max_point_lsn = Lsn(max_lsn);
  table.size_bytes = 100;
  return table;
}

VersionEdit Edit(std::vector<TableMetadata> added, std::vector<FileNumber> removed) {
  VersionEdit edit;
  edit.added_tables = std::move(added);
  edit.removed_tables = std::move(removed);
  return edit;
}

void ExpectIsModel(const Version& version, const Model& model) {
  ASSERT_EQ(version.tables().size(), model.size());
  uint64_t total_bytes = 0;
  Lsn max_lsn = kMinLsn;
  for (const auto& [number, table] : model) {
    const Version::TablePtr found = version.Find(number);
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(*found, table);
    total_bytes += table.size_bytes;
    max_lsn = std::max(max_lsn, table.max_lsn());
  }
  EXPECT_EQ(version.total_bytes(), total_bytes);
  EXPECT_EQ(version.max_lsn(), max_lsn);
  EXPECT_TRUE(std::is_sorted(
      version.tables().begin(), version.tables().end(),
      [](const Version::TablePtr& a, const Version::TablePtr& b) { return a->max_lsn() > b->max_lsn(); }));
}

TEST(VersionTest, RandomEditsAgreeWithAMapAndLeaveTheirBaseAlone) {
  std::mt19937_64 random(TestSeed());
  std::shared_ptr<const Version> version = std::make_shared<Version>();
  Model model;
  for (int round = 0; round < 500; ++round) {
    VersionEdit edit;
    Model next = model;
    for (const auto& [number, table] : model) {
      if (random() % 10 == 0) {
        edit.removed_tables.push_back(number);
        next.erase(number);
      }
    }
    for (uint64_t i = random() % 3; i > 0; --i) {
      const FileNumber number(random() % 200);
      if (next.count(number) > 0) continue;
      edit.added_tables.push_back(RandomTable(random, number));
      next[number] = edit.added_tables.back();
    }
    const auto applied = version->Apply(edit);
    ASSERT_TRUE(applied.ok()) << applied.status();
    ExpectIsModel(*version, model);
    ExpectIsModel(**applied, next);
    version = *applied;
    model = std::move(next);
  }
}

TEST(VersionTest, TablesAreOrderedByMaxLsnWhicheverWayTheyCome) {
  const auto version = Version().Apply(Edit({Table(1, 30), Table(2, 10), Table(3, 20)}, {}));
  ASSERT_TRUE(version.ok()) << version.status();
  std::vector<uint64_t> numbers;
  for (const Version::TablePtr& table : (*version)->tables()) numbers.push_back(table->number.value);
  EXPECT_EQ(numbers, (std::vector<uint64_t>{1, 3, 2}));
}

TEST(VersionTest, RefusesWhatDoesNotFit) {
  const auto version = *Version().Apply(Edit({Table(1), Table(2)}, {}));
  const struct {
    const char* what;
    VersionEdit edit;
  } cases[] = {
      {"removes a table that was never live", Edit({}, {FileNumber(3)})},
      {"removes a table twice", Edit({}, {FileNumber(1), FileNumber(1)})},
      {"removes a table that it adds", Edit({Table(3)}, {FileNumber(3)})},
      {"adds a live table", Edit({Table(1)}, {})},
      {"adds a table twice", Edit({Table(3), Table(3)}, {})},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(absl::IsFailedPrecondition(version->Apply(c.edit).status())) << c.what;
  }
}

TEST(VersionTest, TableMayBeReplacedByItself) {
  const auto version = *Version().Apply(Edit({Table(1)}, {}));
  TableMetadata moved = Table(1);
  moved.level = 3;
  const auto next = version->Apply(Edit({moved}, {FileNumber(1)}));
  ASSERT_TRUE(next.ok()) << next.status();
  ExpectIsModel(**next, {{FileNumber(1), moved}});
}

TEST(VersionTest, SnapshotReplacesEverything) {
  const auto version = *Version().Apply(Edit({Table(1), Table(2)}, {}));
  VersionEdit snapshot = Edit({Table(2), Table(5)}, {});
  snapshot.is_snapshot = true;
  const auto next = version->Apply(snapshot);
  ASSERT_TRUE(next.ok()) << next.status();
  ExpectIsModel(**next, {{FileNumber(2), Table(2)}, {FileNumber(5), Table(5)}});
}

}  // namespace
}  // namespace aeternus
