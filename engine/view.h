// Everything a read needs, at one moment: the memtables and the open tables. Immutable and shared: a reader takes it
// once and needs no lock from then on, whatever is flushed or compacted meanwhile.
//
// The composition of scans is here; point reads are in point_read.h. Which version wins in a scan is decided in
// iterator/visible_iterator (invariant 4).
#ifndef AETERNUS_ENGINE_VIEW_H_
#define AETERNUS_ENGINE_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "env/huge_block_pool.h"
#include "iterator/visible_iterator.h"
#include "manifest/version.h"
#include "memtable/memtable.h"
#include "memtable/memtable_iterator.h"
#include "sstable/table.h"

namespace aeternus {

// The memory of one database. Outlives whatever was charged to it, pinned values of a destroyed database included.
struct MemoryResources {
  // Of what memtables have done with, `max_spare_bytes` are kept for the next ones.
  MemoryResources(size_t limit_bytes, size_t max_spare_bytes)
      : budget(limit_bytes), cache(&budget), spare_blocks(max_spare_bytes, [this](ptrdiff_t bytes) {
          bytes > 0 ? budget.Charge(static_cast<size_t>(bytes)) : budget.Release(static_cast<size_t>(-bytes));
        }) {}

  MemoryBudget budget;
  FrameCache cache;
  env::HugeBlockPool spare_blocks;
};

// A memtable whose arena counts against the budget for as long as anyone holds it.
class ChargedMemtable {
 public:
  ChargedMemtable(std::shared_ptr<MemoryResources> resources, std::shared_ptr<Memtable> table)
      : resources_(std::move(resources)), table_(std::move(table)) {
    Recharge();
  }
  ~ChargedMemtable() { resources_->budget.Release(charged_bytes_); }
  ChargedMemtable(const ChargedMemtable&) = delete;
  ChargedMemtable& operator=(const ChargedMemtable&) = delete;

  Memtable& table() { return *table_; }
  const Memtable& table() const { return *table_; }
  // Brings the budget up to date; by the writer, after it has added entries.
  void Recharge();

 private:
  const std::shared_ptr<MemoryResources> resources_;
  size_t charged_bytes_ = 0;
  const std::shared_ptr<Memtable> table_;
};

// A memtable that takes no more writes, and the log that holds the same entries.
struct FrozenMemtable {
  std::shared_ptr<ChargedMemtable> memtable;
  FileNumber log;
  uint64_t log_end_offset = 0;
};

struct View : std::enable_shared_from_this<View> {
  std::shared_ptr<MemoryResources> resources;  // first, so that it dies last
  std::shared_ptr<ChargedMemtable> active;
  std::vector<FrozenMemtable> frozen;  // oldest first
  std::shared_ptr<const Version> version;
  std::vector<std::shared_ptr<sstable::Table>> tables;  // in the order of version->tables()
};

// All layers merged under the one visibility rule.
class ViewIterator {
 public:
  // The caller keeps `view` alive.
  static absl::StatusOr<ViewIterator> Make(const View& view, VisibleIterator::Options options);

  VisibleIterator& visible() { return visible_; }
  const VisibleIterator& visible() const { return visible_; }
  // Sees a later snapshot of the same view, as one made anew would, unpositioned. Nothing is made anew: layers and
  // their buffers stay. False, and nothing has changed, where only a new one will do: after an error, or when there are
  // range tombstones that this one may not know of, or that its snapshot hid.
  bool MoveTo(Lsn snapshot);
  // The tables that a seek visits: one of each sorted run within the bounds.
  size_t run_count() const { return run_count_; }

 private:
  ViewIterator(const View& view, VisibleIterator visible, std::vector<SnapshotIterator*> in_memtables, size_t run_count,
               bool sees_all_tombstones)
      : view_(view),
        run_count_(run_count),
        sees_all_tombstones_(sees_all_tombstones),
        visible_(std::move(visible)),
        in_memtables_(std::move(in_memtables)) {}

  const View& view_;
  const size_t run_count_;
  const bool sees_all_tombstones_;  // all that it was made with
  VisibleIterator visible_;
  std::vector<SnapshotIterator*> in_memtables_;  // parts of `visible_`
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_VIEW_H_
