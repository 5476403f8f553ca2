#include "sstable/table.h"

#include <atomic>
#include <utility>

#include "base/status.h"
#include "bloom/filter.h"
#include "env/mutex.h"
#include "sstable/table_blocks.h"
#include "sstable/table_iterator.h"
#include "sstable/table_peek.h"
#include "sstable/table_stream.h"
#include "sstable/table_verifier.h"
#include "sstable/tombstone_block.h"

namespace aeternus::sstable {
namespace {

using PinnedBlock = TableBlocks::Pinned<BlockReader>;

std::optional<Table::Found> FindInBlock(PinnedBlock block, std::string_view key, uint64_t hash, Lsn snapshot) {
  const size_t i = block.view.Find(key, hash, snapshot);
  if (i == BlockReader::kNotFound) return std::nullopt;
  const BlockReader::Entry entry = block.view.entry(i);
  return Table::Found{.lsn = entry.lsn, .kind = entry.kind, .value = entry.value, .pin = std::move(block.pin)};
}

}  // namespace

struct Table::Impl {
  explicit Impl(const TableParams* params) : blocks(params) {}

  absl::StatusOr<std::optional<Found>> FindInBlocks(std::string_view key, uint64_t hash, Lsn snapshot);
  absl::StatusOr<std::optional<Found>> FindBehind(const IndexReader& index, size_t block, std::string_view key,
                                                  uint64_t hash, Lsn snapshot);

  TableBlocks blocks;

  // Set once, to what tombstones_owner holds: reads take no lock after that.
  std::atomic<const FragmentedTombstones*> tombstones{nullptr};
  env::Mutex mu;
  std::shared_ptr<const FragmentedTombstones> tombstones_owner ABSL_GUARDED_BY(mu);
};

std::shared_ptr<Table> Table::Open(TableParams params) { return std::shared_ptr<Table>(new Table(std::move(params))); }

Table::Table(TableParams params) : params_(std::move(params)), impl_(std::make_unique<Impl>(&params_)) {}

Table::~Table() { params_.cache->budget()->Release(tombstone_memory_bytes()); }

absl::StatusOr<bool> Table::MayContain(uint64_t hash) {
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, impl_->blocks.File());
  if (!file->footer().filter.present()) return false;  // no point entries
  AETERNUS_ASSIGN_OR_RETURN(const auto filter, impl_->blocks.Filter());
  return filter.view.MayContain(hash);
}

absl::StatusOr<std::optional<Table::Found>> Table::Find(std::string_view key, uint64_t hash, Lsn snapshot) {
  AETERNUS_ASSIGN_OR_RETURN(const bool may_contain, MayContain(hash));
  if (!may_contain) return std::nullopt;
  return impl_->FindInBlocks(key, hash, snapshot);
}

absl::StatusOr<std::optional<Table::Found>> Table::Impl::FindInBlocks(std::string_view key, uint64_t hash,
                                                                      Lsn snapshot) {
  AETERNUS_ASSIGN_OR_RETURN(const TableBlocks::Pinned<IndexReader> index, blocks.Index());
  const size_t number = index.view.FindBlock(key);
  if (number == index.view.block_count()) return std::nullopt;
  AETERNUS_ASSIGN_OR_RETURN(PinnedBlock block, blocks.Block(number));
  std::optional<Found> found = FindInBlock(std::move(block), key, hash, snapshot);
  // Only behind a separator equal to it may a key go on.
  if (found.has_value() || index.view.separator(number) != key) return found;
  return FindBehind(index.view, number, key, hash, snapshot);
}

absl::StatusOr<std::optional<Table::Found>> Table::Impl::FindBehind(const IndexReader& index, size_t block,
                                                                    std::string_view key, uint64_t hash, Lsn snapshot) {
  AETERNUS_ASSIGN_OR_RETURN(size_t number, blocks.FindLaterBlock(index, block, key, snapshot));
  // The version is the first of `key` in that block, or in the next.
  for (; number < index.block_count() && index.separator(number - 1) == key; ++number) {
    AETERNUS_ASSIGN_OR_RETURN(PinnedBlock later, blocks.Block(number));
    std::optional<Found> found = FindInBlock(std::move(later), key, hash, snapshot);
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

void Table::PrefetchFilter(uint64_t hash) const {
  bloom::FilterView filter;
  if (impl_->blocks.PeekFilter(&filter)) filter.Prefetch(hash);
}

Peeked Table::Peek(std::string_view key, uint64_t hash, Lsn snapshot, PeekedVersion* found) const {
  return PeekOne(impl_->blocks, key, hash, snapshot, found);
}

void Table::PeekMany(Lsn snapshot, absl::Span<Lookup* const> lookups) const {
  sstable::PeekMany(impl_->blocks, snapshot, lookups);
}

std::optional<Lsn> Table::PeekCoveringTombstone(std::string_view key, Lsn snapshot) const {
  if (!params_.has_range_tombstones) return kMinLsn;
  const FragmentedTombstones* tombstones = impl_->tombstones.load(std::memory_order_acquire);
  if (tombstones == nullptr) return std::nullopt;
  return tombstones->MaxCovering(key, snapshot);
}

absl::StatusOr<bool> Table::HoldsVersionBelow(std::string_view key, uint64_t hash, Lsn below) {
  if (below == kMinLsn) return false;
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<Found> found, Find(key, hash, Lsn(below.value - 1)));
  return found.has_value();
}

absl::StatusOr<bool> Table::HoldsKeyInRangeBelow(std::string_view start, const std::optional<std::string>& end,
                                                 Lsn below) {
  TableIterator it(shared_from_this(), &impl_->blocks);
  for (it.Seek(start, kMaxLsn); it.Valid() && (!end.has_value() || it.entry().key < *end); it.Next()) {
    if (it.entry().lsn < below) return true;
  }
  AETERNUS_RETURN_IF_ERROR(it.status());
  return false;
}

absl::StatusOr<Lsn> Table::MaxCoveringTombstone(std::string_view key, Lsn snapshot) {
  if (!params_.has_range_tombstones) return kMinLsn;
  const FragmentedTombstones* tombstones = impl_->tombstones.load(std::memory_order_acquire);
  if (tombstones == nullptr) {
    AETERNUS_RETURN_IF_ERROR(RangeTombstones().status());
    tombstones = impl_->tombstones.load(std::memory_order_acquire);
  }
  return tombstones->MaxCovering(key, snapshot);
}

absl::StatusOr<std::shared_ptr<const FragmentedTombstones>> Table::RangeTombstones() {
  if (impl_->tombstones.load(std::memory_order_acquire) == nullptr) {
    AETERNUS_ASSIGN_OR_RETURN(std::vector<RangeTombstone> tombstones, ReadTombstones());
    auto fragmented = std::make_shared<const FragmentedTombstones>(FragmentedTombstones::Build(std::move(tombstones)));
    env::MutexLock lock(&impl_->mu);
    if (impl_->tombstones_owner == nullptr) {  // else another thread was first
      impl_->tombstones_owner = std::move(fragmented);
      impl_->tombstones.store(impl_->tombstones_owner.get(), std::memory_order_release);
      params_.cache->budget()->Charge(tombstone_memory_bytes());
      params_.cache->MakeRoom();
    }
  }
  env::MutexLock lock(&impl_->mu);
  return impl_->tombstones_owner;
}

absl::StatusOr<std::vector<RangeTombstone>> Table::ReadTombstones() {
  if (!params_.has_range_tombstones) return std::vector<RangeTombstone>();
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, impl_->blocks.File());
  const BlockHandle& handle = file->footer().tombstones;
  AETERNUS_ASSIGN_OR_RETURN(const std::string block, file->ReadBlock(handle));
  return DecodeTombstones(block, file->path(), handle.offset);
}

size_t Table::tombstone_memory_bytes() const {
  const FragmentedTombstones* tombstones = impl_->tombstones.load(std::memory_order_acquire);
  return tombstones == nullptr ? 0 : tombstones->memory_bytes();
}

std::unique_ptr<EntryIterator> Table::NewIterator() {
  return std::make_unique<TableIterator>(shared_from_this(), &impl_->blocks);
}

std::unique_ptr<EntryIterator> Table::NewStream() {
  return std::make_unique<TableStream>(shared_from_this(), &impl_->blocks);
}

absl::StatusOr<Footer> Table::ReadFooter() {
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, impl_->blocks.File());
  return file->footer();
}

absl::StatusOr<Properties> Table::ReadProperties() {
  AETERNUS_ASSIGN_OR_RETURN(const TableFile* file, impl_->blocks.File());
  const BlockHandle& handle = file->footer().properties;
  AETERNUS_ASSIGN_OR_RETURN(const std::string block, file->ReadBlock(handle));
  return DecodeProperties(block, file->path(), handle.offset);
}

absl::Status Table::Verify(std::optional<uint32_t> expected_checksum) {
  return TableVerifier::Verify(params_, expected_checksum);
}

}  // namespace aeternus::sstable
