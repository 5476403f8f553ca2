#include "sstable/testing/table_harness.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "gtest/gtest.h"

namespace aeternus::sstable::testing {

using aeternus::testing::Random;

namespace {

std::string Shorten(std::string_view text) {
  if (text.size() <= 60) return absl::CHexEscape(text);
  return absl::StrCat("<", text.size(), " bytes, hash ", absl::Hex(StableHash(text)), ">");
}

// Shapes that matter to prefixes, separators and tags.
std::string RandomKey(Random& random) {
  const std::string number = std::to_string(random.Below(300));
  switch (random.Below(7)) {
    case 0:
      return absl::StrCat("user", std::string(12 - number.size(), '0'), number);
    case 1:
      return number;
    case 2:
      return std::string(1 + random.Below(12), 'a');  // each a prefix of the next
    case 3:
      return std::string(random.Below(10), '\xff') + static_cast<char>(random.Below(256));
    case 4:
      return std::string(random.Below(10), '\0') + static_cast<char>(random.Below(3));
    case 5:
      return absl::StrCat("a shared prefix longer than a word/", number);
    default:
      return std::string(1, static_cast<char>(random.Below(256))) + number;
  }
}

std::string RandomValue(Random& random) {
  if (random.OneIn(4)) return "";
  return std::string(random.Below(random.OneIn(20) ? 2000 : 40), static_cast<char>('a' + random.Below(26)));
}

}  // namespace

StoredEntry Put(std::string key, uint64_t lsn, std::string value) {
  return {std::move(key), Lsn(lsn), EntryKind::kPut, std::move(value)};
}
StoredEntry Del(std::string key, uint64_t lsn) { return {std::move(key), Lsn(lsn), EntryKind::kDelete, ""}; }

std::string Render(const EntryView& entry) {
  return absl::StrCat(Shorten(entry.key), "@", entry.lsn,
                      entry.kind == EntryKind::kDelete ? " deleted" : "=" + Shorten(entry.value));
}

size_t TableModel::LowerBound(std::string_view key, Lsn lsn) const {
  size_t i = 0;
  while (i < entries.size() && CompareEntries(entries[i].key, entries[i].lsn, key, lsn) < 0) ++i;
  return i;
}

const StoredEntry* TableModel::Find(std::string_view key, Lsn snapshot) const {
  for (const StoredEntry& entry : entries) {
    if (entry.key == key && entry.lsn <= snapshot) return &entry;
  }
  return nullptr;
}

Lsn TableModel::MaxCovering(std::string_view key, Lsn snapshot) const {
  Lsn max = kMinLsn;
  for (const RangeTombstone& tombstone : tombstones) {
    if (tombstone.lsn <= snapshot && tombstone.Covers(key)) max = std::max(max, tombstone.lsn);
  }
  return max;
}

TableModel RandomModel(Random& random, size_t max_entries) {
  // Base LSN and spread decide the width of the LSNs in a block.
  const uint64_t base = random.OneIn(2) ? 1 : kMaxLsn.value - 100'000;
  std::map<std::string, std::map<uint64_t, StoredEntry, std::greater<>>> sorted;
  size_t left = 1 + random.Below(max_entries);
  while (left > 0) {
    const std::string key = RandomKey(random);
    size_t versions = random.OneIn(30) ? 1 + random.Below(200) : 1 + random.Below(3);
    for (; versions > 0 && left > 0; --versions, --left) {
      const uint64_t lsn = base + random.Below(100'000);
      sorted[key].insert_or_assign(lsn, random.OneIn(4) ? Del(key, lsn) : Put(key, lsn, RandomValue(random)));
    }
  }
  TableModel model;
  for (const auto& [key, versions] : sorted) {
    for (const auto& [lsn, entry] : versions) model.entries.push_back(entry);
  }
  for (size_t n = random.OneIn(2) ? random.Below(10) : 0; n > 0; --n) {
    RangeTombstone tombstone{RandomKey(random), RandomKey(random), Lsn(base + random.Below(100'000))};
    if (random.OneIn(5)) tombstone.end.reset();
    if (!tombstone.end.has_value() || tombstone.start < *tombstone.end) model.tombstones.push_back(tombstone);
  }
  return model;
}

TableModel SmallModel() {
  TableModel model;
  model.entries = {Put("apple", 9, "red"), Del("apple", 4), Put("apricot", 3, "")};
  for (uint64_t lsn = 30; lsn > 20; --lsn) model.entries.push_back(Put("banana", lsn, "v" + std::to_string(lsn)));
  model.entries.push_back(Put("cherry", 12, std::string(70, 'c')));
  model.entries.push_back(Del("date", 300));
  model.tombstones = {{"b", "c", Lsn(25)}, {"cherry", std::nullopt, Lsn(11)}};
  return model;
}

TableHarness::TableHarness(size_t budget_bytes) : budget_bytes_(budget_bytes) {
  EXPECT_TRUE(file_system_.CreateDirectory("/db").ok());
  params_ = {.file_system = &file_system_, .path = kPath, .database_id = kDatabaseId, .number = kNumber};
}

FileIdentity TableHarness::Identity() {
  return {.kind = FileKind::kTable, .database_id = kDatabaseId, .number = kNumber, .edit = EditNumber(3)};
}

TableSummary TableHarness::Build(const TableModel& model, const BuilderOptions& options) {
  if (file_system_.FileExists(kPath).value()) {
    EXPECT_TRUE(file_system_.DeleteFile(kPath).ok());
  }
  auto builder = Builder::Create(&file_system_, kPath, Identity(), options).value();
  for (const StoredEntry& entry : model.entries) EXPECT_TRUE(builder->Add(entry.view()).ok());
  for (const RangeTombstone& tombstone : model.tombstones) EXPECT_TRUE(builder->AddTombstone(tombstone).ok());
  EXPECT_EQ(builder->entry_count(), model.entries.size() + model.tombstones.size());
  TableSummary summary = builder->Finish().value();
  params_.size_bytes = summary.size_bytes;
  params_.has_range_tombstones = summary.range_tombstone_count > 0;
  return summary;
}

std::shared_ptr<Table> TableHarness::Open() {
  cache_.reset();
  budget_ = std::make_unique<MemoryBudget>(budget_bytes_);
  cache_ = std::make_unique<FrameCache>(budget_.get());
  params_.cache = cache_.get();
  return Table::Open(params_);
}

std::string TableHarness::Contents() { return file_system_.Contents(kPath).value(); }

void TableHarness::SetContents(std::string bytes) {
  EXPECT_TRUE(file_system_.SetContents(kPath, std::move(bytes)).ok());
}

std::vector<std::string> Drain(EntryIterator& it, bool forward, size_t limit) {
  std::vector<std::string> rendered;
  for (; it.Valid() && rendered.size() < limit; forward ? it.Next() : it.Prev()) rendered.push_back(Render(it.entry()));
  if (!it.status().ok()) rendered.push_back(it.status().ToString());
  return rendered;
}

}  // namespace aeternus::sstable::testing
