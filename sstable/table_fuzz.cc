// A whole table file: what its reader makes of blocks that are sound each for itself and do not fit together.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/entry.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "base/testing/fuzz.h"
#include "base/types.h"
#include "iterator/entry_iterator.h"
#include "sstable/format.h"
#include "sstable/index_block.h"
#include "sstable/table.h"
#include "sstable/testing/table_harness.h"

namespace aeternus::fuzzing {
namespace {

using sstable::BlockHandle;
using sstable::Footer;
using sstable::IndexReader;
using sstable::kBlockTrailerSizeBytes;
using sstable::kFooterSizeBytes;
using sstable::Table;
using sstable::testing::TableHarness;
using sstable::testing::TableModel;

// Of the footer; the byte table is in format.h.
constexpr size_t kIdentityChecksumAt = 60;
constexpr size_t kFooterChecksumAt = 152;

void MendBlock(const BlockHandle& handle, std::string* file) {
  if (!handle.present()) return;
  const std::string_view stored = std::string_view(*file).substr(handle.offset, handle.stored_size);
  file->replace(handle.offset + handle.stored_size, kBlockTrailerSizeBytes,
                sstable::EncodeBlockTrailer(stored, handle.offset, TableHarness::kNumber));
}

// `file` with the checksums of its footer and of every block that this names mended.
std::string Mended(std::string file) {
  if (file.size() < kFooterSizeBytes) return file;
  const uint64_t footer_at = file.size() - kFooterSizeBytes;
  char* p = file.data() + footer_at;
  StoreU32(p + kIdentityChecksumAt, Crc32c({p, kIdentityChecksumAt}));
  StoreU32(p + kFooterChecksumAt, Crc32c({p, kFooterChecksumAt}));
  const absl::StatusOr<Footer> footer =
      sstable::DecodeFooter(std::string_view(file).substr(footer_at), "fuzz", file.size());
  if (!footer.ok()) return file;
  for (const BlockHandle& handle : {footer->filter, footer->tombstones, footer->index, footer->properties}) {
    MendBlock(handle, &file);
  }
  const std::string index_bytes = file.substr(footer->index.offset, footer->index.stored_size);
  if (!IndexReader::Validate(index_bytes, *footer, "fuzz", 0).ok()) return file;
  const IndexReader index(index_bytes);
  for (size_t i = 0; i < index.block_count(); ++i) MendBlock(index.block(i), &file);
  return file;
}

// Walks over all entries, of which a file cannot hold more than bytes. Whether that ended without an error; `ordered`
// says whether they came in order.
bool Walk(EntryIterator& it, bool forward, size_t steps_max, size_t* count, bool* ordered) {
  std::optional<std::pair<std::string, Lsn>> last;
  *count = 0;
  *ordered = true;
  for (forward ? it.SeekToFirst() : it.SeekToLast(); it.Valid(); forward ? it.Next() : it.Prev()) {
    CHECK_LE(++*count, steps_max) << "an iterator without an end";
    const EntryView& entry = it.entry();
    if (last.has_value()) {
      const int c = CompareEntries(last->first, last->second, entry.key, entry.lsn);
      *ordered &= forward ? c < 0 : c > 0;
    }
    last.emplace(entry.key, entry.lsn);
  }
  return it.status().ok();
}

// What Verify calls sound can be read to its end in both directions, in order, and holds what it says it holds.
void CheckSound(Table& table, size_t steps_max) {
  const std::unique_ptr<EntryIterator> it = table.NewIterator();
  size_t forward_count = 0, backward_count = 0;
  bool ordered = false;
  CHECK(Walk(*it, /*forward=*/true, steps_max, &forward_count, &ordered) && ordered) << it->status();
  CHECK(Walk(*it, /*forward=*/false, steps_max, &backward_count, &ordered) && ordered) << it->status();
  CHECK_EQ(forward_count, backward_count);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const EntryView& entry = it->entry();
    const auto found = table.Find(entry.key, StableHash(entry.key), entry.lsn);
    CHECK_OK(found.status());
    CHECK(found->has_value() && (*found)->lsn == entry.lsn && (*found)->value == entry.value);
  }
  CHECK_OK(table.RangeTombstones().status());
  CHECK_OK(table.ReadProperties().status());
}

bool ReadAndCheck(const std::string& file) {
  TableHarness harness(size_t{1} << 20);
  harness.SetContents(file);
  harness.params().size_bytes = file.size();
  for (const bool has_range_tombstones : {false, true}) {
    harness.params().has_range_tombstones = has_range_tombstones;
    const std::shared_ptr<Table> table = harness.Open();
    if (table->Verify(std::nullopt).ok()) {
      CheckSound(*table, file.size());
      return true;
    }
    // Not sound: then whatever is asked of it is answered or refused, but comes to an end.
    const std::unique_ptr<EntryIterator> it = table->NewIterator();
    size_t count = 0;
    bool ordered = false;
    Walk(*it, /*forward=*/true, file.size(), &count, &ordered);
    Walk(*it, /*forward=*/false, file.size(), &count, &ordered);
    it->Seek("banana", Lsn(25));
    it->SeekBefore("banana");
    table->Find("banana", StableHash("banana"), Lsn(25)).status().IgnoreError();
    table->MaxCoveringTombstone("banana", kMaxLsn).status().IgnoreError();
  }
  return false;
}

std::string TableFile(const TableModel& model) {
  TableHarness harness;
  harness.Build(model, {.block_size_bytes = 120});
  return harness.Contents();
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  const bool is_decoded = ReadAndCheck(std::string(input));
  return ReadAndCheck(Mended(std::string(input))) || is_decoded;
}

std::vector<Seed> Seeds() {
  TableModel points = sstable::testing::SmallModel();
  TableModel tombstones;
  tombstones.tombstones = points.tombstones;
  points.entries.resize(5);
  points.tombstones.clear();
  return {{"every_block", TableFile(sstable::testing::SmallModel())},
          {"points", TableFile(points)},
          {"tombstones", TableFile(tombstones)}};
}

}  // namespace aeternus::fuzzing
