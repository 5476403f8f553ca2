// The read path of one database. Point reads glimpse at the view within a read section, without a lock and without a
// count that threads share, and turn to loading and pinning only for what is not in memory. Everything that lasts
// longer (iterators, snapshots, jobs) takes a moment under a short lock.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/core.h"
#include "engine/point_read.h"
#include "env/read_sections.h"
#include "env/sync_point.h"

namespace aeternus {

// The door to a pinned value's parts. Copies a small value; a large one keeps what holds it.
class PinAccess {
 public:
  static void Hold(FoundValue&& found, MemoryResources* memory, HandleRegistry* handles, PinnedValue* value) {
    if (Copy(found.value, handles, value)) return;
    value->held_.count = PinTicket(handles).Detach();
    value->view_ = found.value;
    value->held_.release = &ReleaseAll;
    value->held_.memtable = std::move(found.memtable);
    value->held_.cache = &memory->cache;
    value->held_.slot = found.block.Detach();
  }

  // False when the block was evicted, so that it cannot be pinned; `value` then holds nothing.
  static bool Hold(const PeekedValue& peeked, MemoryResources* memory, HandleRegistry* handles, PinnedValue* value) {
    if (Copy(peeked.value, handles, value)) return true;
    FoundValue found{.value = peeked.value, .memtable = nullptr, .block = {}};
    if (peeked.memtable != nullptr) {
      found.memtable = *peeked.memtable;
    } else {
      found.block = memory->cache.PinIfLoaded(*peeked.slot);
      if (!found.block) return false;
      // It may have been evicted and loaded again meanwhile: the same bytes elsewhere.
      const auto offset = static_cast<size_t>(peeked.value.data() - peeked.block.data());
      found.value = found.block.bytes().substr(offset, peeked.value.size());
    }
    Hold(std::move(found), memory, handles, value);
    return true;
  }

 private:
  static bool Copy(std::string_view bytes, HandleRegistry* handles, PinnedValue* value) {
    if (bytes.size() > PinnedValue::kCopiedBytes) return false;
    value->held_.count = PinTicket(handles).Detach();
    value->held_.release = &ReleaseCount;
    std::memcpy(value->copy_, bytes.data(), bytes.size());
    value->view_ = {value->copy_, bytes.size()};
    return true;
  }
  static void ReleaseCount(PinnedValue::Held& held) { PinTicket::Attach(held.count).Release(); }
  // The block goes before the memory that it is charged to, which the ticket keeps.
  static void ReleaseAll(PinnedValue::Held& held) {
    if (held.slot != nullptr) {
      FrameCache::Pin::Attach(static_cast<FrameCache*>(held.cache), static_cast<FrameCache::Slot*>(held.slot))
          .Release();
    }
    held.memtable.reset();
    ReleaseCount(held);
  }
};

namespace {

class DbIterator final : public Iterator {
 public:
  DbIterator(std::weak_ptr<const Core> core, std::shared_ptr<HandleRegistry> registry, bool at_snapshot,
             IteratorOptions bounds)
      : core_(std::move(core)), ticket_(std::move(registry)), at_snapshot_(at_snapshot), bounds_(std::move(bounds)) {}

  ~DbIterator() override { ReportSeeks(); }

  absl::Status Start(Core::Moment moment) {
    SetWindow({});
    iterator_.reset();
    moment_ = std::move(moment);
    AETERNUS_ASSIGN_OR_RETURN(ViewIterator made, ViewIterator::Make(*moment_.view, {.snapshot = moment_.lsn,
                                                                                    .lower = bounds_.lower_bound,
                                                                                    .upper = bounds_.upper_bound}));
    iterator_.emplace(std::move(made));
    return absl::OkStatus();
  }

  void SeekToFirst() override {
    CountSeek();
    Move([](VisibleIterator& it) { it.SeekToFirst(); });
  }
  void SeekToLast() override {
    CountSeek();
    Move([](VisibleIterator& it) { it.SeekToLast(); });
  }
  void Seek(std::string_view target) override {
    CountSeek();
    Move([target](VisibleIterator& it) { it.Seek(target); });
  }
  void SeekForPrev(std::string_view target) override {
    CountSeek();
    Move([target](VisibleIterator& it) { it.SeekForPrev(target); });
  }
  absl::Status status() const override {
    if (IsPlanted(PlantedBug::kIteratorErrorSwallowed)) return absl::OkStatus();
    return iterator_.has_value() ? iterator_->visible().status() : broken_;
  }
  uint64_t lsn() const override { return moment_.lsn.value; }

  absl::Status Refresh() override {
    if (at_snapshot_) return absl::FailedPreconditionError("an iterator over a snapshot cannot be refreshed");
    const std::shared_ptr<const Core> core = core_.lock();
    if (core == nullptr) return absl::FailedPreconditionError("the database of this iterator is gone");
    if (iterator_.has_value() && Stay(*core)) return absl::OkStatus();
    AETERNUS_ASSIGN_OR_RETURN(Core::Moment moment, core->Now());
    broken_ = Start(std::move(moment));
    return broken_;
  }

 private:
  static constexpr uint64_t kSeeksAtOnce = 64;

  // Once in a while, because it asks for the database.
  void CountSeek() {
    if (!iterator_.has_value() || iterator_->run_count() < 2) return;
    if (++seeks_ == kSeeksAtOnce) ReportSeeks();
  }
  void ReportSeeks() {
    const uint64_t seeks = std::exchange(seeks_, 0);
    if (seeks == 0) return;
    if (const std::shared_ptr<const Core> core = core_.lock(); core != nullptr) core->NoteSeeks(seeks, *moment_.view);
  }
  // Most often nothing has changed but the LSN.
  bool Stay(const Core& core) {
    const std::optional<Lsn> lsn = core.LsnWithin(*moment_.view);
    if (!lsn.has_value() || !iterator_->MoveTo(*lsn)) return false;
    moment_.lsn = *lsn;
    SetWindow({});
    return true;
  }
  void NextWindow() override {
    Move([](VisibleIterator& it) { it.NextWindow(); });
  }
  void PrevWindow() override {
    Move([](VisibleIterator& it) { it.PrevWindow(); });
  }
  template <typename Movement>
  void Move(Movement movement) {
    if (!iterator_.has_value()) return;
    movement(iterator_->visible());
    const VisibleIterator::Window& window = iterator_->visible().window();
    SetWindow({window.begin, window.at, window.end});
  }

  const std::weak_ptr<const Core> core_;
  const IteratorTicket ticket_;
  const bool at_snapshot_;
  const IteratorOptions bounds_;
  uint64_t seeks_ = 0;                    // not yet reported
  Core::Moment moment_;                   // before the iterator, so that it dies after it
  std::optional<ViewIterator> iterator_;  // none after a failed Refresh
  absl::Status broken_;
};

}  // namespace

absl::StatusOr<Core::Moment> Core::Now() const {
  const Lsn early(IsPlanted(PlantedBug::kLsnLoadedBeforeView) ? published_lsn_.load(std::memory_order_acquire) : 0);
  // View and LSN are taken together: no memtable can be frozen in between, so that everything up to the LSN is in it.
  env::MutexLock lock(&state_mutex_);
  if (view_ == nullptr) return ClosedError();
  if (IsPlanted(PlantedBug::kLsnLoadedBeforeView)) return Moment{view_, early};
  return Moment{view_, Lsn(published_lsn_.load(std::memory_order_acquire))};
}

absl::StatusOr<Core::Moment> Core::MomentFor(const ReadOptions& options) const {
  AETERNUS_ASSIGN_OR_RETURN(Moment moment, Now());
  if (options.snapshot != nullptr) moment.lsn = Lsn(options.snapshot->lsn());
  if (options.read_lsn != nullptr) *options.read_lsn = moment.lsn.value;
  return moment;
}

// Why everything up to the LSN is in the view. Only a freeze makes room for writes that the view lacks, and it changes
// the view before the first of them is published. If the LSN belongs to such a write, loading it makes that change
// known, so the second look at the view finds another one. (Not the same one at the same address: the section keeps
// it.)
//
// And why the LSN comes second: docs/visibility.md.
Core::Glimpse Core::Look() const {
  const uint64_t early =
      IsPlanted(PlantedBug::kLsnLoadedBeforeView) ? published_lsn_.load(std::memory_order_acquire) : 0;
  while (true) {
    env::SyncPoint("read:view");
    const View* view = read_view_.load(std::memory_order_seq_cst);
    env::SyncPoint("read:lsn");
    const Lsn lsn(published_lsn_.load(std::memory_order_acquire));
    if (read_view_.load(std::memory_order_acquire) != view) continue;
    return {view, IsPlanted(PlantedBug::kLsnLoadedBeforeView) ? Lsn(early) : lsn};
  }
}

// No section is needed: what is in force, if it is `view`, the caller keeps.
std::optional<Lsn> Core::LsnWithin(const View& view) const {
  const Glimpse now = Look();
  if (now.view != &view) return std::nullopt;
  return now.lsn;
}

void Core::ChangeView(absl::FunctionRef<std::shared_ptr<const View>(const View*)> make) {
  std::shared_ptr<const View> before;
  {
    env::MutexLock lock(&state_mutex_);
    before = std::exchange(view_, make(view_.get()));
    read_view_.store(view_.get(), std::memory_order_seq_cst);
    NoteState();
  }
  // Without the lock: what goes with it may close files.
  if (before != nullptr) resources_->cache.sections().Retire(std::move(before));
}

template <typename Use>
Peeked Core::Peek(std::string_view key, const ReadOptions& options, const Use& use, Moment* moment) const {
  const env::ReadSections::Section section = resources_->cache.sections().Enter();
  if (!section) return Peeked::kNotInMemory;
  const Glimpse now = Look();
  if (now.view == nullptr) return Peeked::kNotInMemory;
  const Lsn lsn = options.snapshot != nullptr ? Lsn(options.snapshot->lsn()) : now.lsn;
  if (options.read_lsn != nullptr) *options.read_lsn = lsn.value;
  PeekedValue peeked;
  const Peeked answer = PeekPoint(*now.view, key, lsn, &peeked);
  section.Count(peeked.frames);
  if (answer == Peeked::kAbsent || (answer == Peeked::kFound && use(peeked))) return answer;
  *moment = {now.view->shared_from_this(), lsn};
  return Peeked::kNotInMemory;
}

absl::StatusOr<std::optional<std::string>> Core::Get(std::string_view key, const ReadOptions& options) {
  AETERNUS_RETURN_IF_ERROR(CheckKey("key", key));
  std::optional<std::string> value;
  const auto copy = [&](const PeekedValue& peeked) {
    value.emplace(peeked.value);
    return true;
  };
  Moment moment;
  if (Peek(key, options, copy, &moment) != Peeked::kNotInMemory) return value;
  if (moment.view == nullptr) {
    AETERNUS_ASSIGN_OR_RETURN(moment, MomentFor(options));
  }
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<FoundValue> found, ReadPoint(*moment.view, key, moment.lsn));
  if (found.has_value()) value.emplace(found->value);
  return value;
}

absl::StatusOr<bool> Core::GetPinned(std::string_view key, const ReadOptions& options, PinnedValue* value) {
  value->Release();
  AETERNUS_RETURN_IF_ERROR(CheckKey("key", key));
  const auto hold = [&](const PeekedValue& peeked) {
    return PinAccess::Hold(peeked, resources_.get(), handles_.get(), value);
  };
  Moment moment;
  if (const Peeked answer = Peek(key, options, hold, &moment); answer != Peeked::kNotInMemory) {
    return answer == Peeked::kFound;
  }
  if (moment.view == nullptr) {
    AETERNUS_ASSIGN_OR_RETURN(moment, MomentFor(options));
  }
  return ReadPinned(key, moment, value);
}

absl::StatusOr<bool> Core::ReadPinned(std::string_view key, const Moment& moment, PinnedValue* value) {
  AETERNUS_ASSIGN_OR_RETURN(std::optional<FoundValue> found, ReadPoint(*moment.view, key, moment.lsn));
  if (!found.has_value()) return false;
  PinAccess::Hold(*std::move(found), resources_.get(), handles_.get(), value);
  return true;
}

std::vector<absl::StatusOr<bool>> Core::MultiGet(const ReadOptions& options, absl::Span<const std::string_view> keys,
                                                 absl::Span<PinnedValue> values) {
  for (PinnedValue& value : values) value.Release();
  if (values.size() != keys.size()) {
    const absl::Status refused = absl::InvalidArgumentError(
        absl::StrCat("there are ", keys.size(), " keys, but room for ", values.size(), " values"));
    return std::vector<absl::StatusOr<bool>>(keys.size(), refused);
  }
  const absl::StatusOr<Moment> moment = MomentFor(options);
  if (!moment.ok()) return std::vector<absl::StatusOr<bool>>(keys.size(), moment.status());
  std::vector<absl::StatusOr<bool>> results(keys.size(), false);
  for (size_t begin = 0; begin < keys.size(); begin += sstable::Lookup::kMost) {
    const size_t n = std::min(keys.size() - begin, sstable::Lookup::kMost);
    GetGroup(*moment, keys.subspan(begin, n), values.subspan(begin, n), absl::MakeSpan(results).subspan(begin, n));
  }
  return results;
}

// A read section for each group, not for all of them: it stays short, however many keys there are.
void Core::GetGroup(const Moment& moment, absl::Span<const std::string_view> keys, absl::Span<PinnedValue> values,
                    absl::Span<absl::StatusOr<bool>> results) {
  std::array<PeekedKey, sstable::Lookup::kMost> peeked;
  std::array<size_t, sstable::Lookup::kMost> places;  // of the valid keys
  size_t count = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (const absl::Status status = CheckKey("key", keys[i]); !status.ok()) {
      results[i] = status;
      continue;
    }
    peeked[count].key = keys[i];
    peeked[count].answer = Peeked::kNotInMemory;
    places[count++] = i;
  }
  if (const env::ReadSections::Section section = resources_->cache.sections().Enter()) {
    PeekPoints(*moment.view, moment.lsn, absl::MakeSpan(peeked).first(count));
    uint64_t frames = 0;
    for (size_t i = 0; i < count; ++i) {
      frames += peeked[i].value.frames;
      if (peeked[i].answer != Peeked::kFound) continue;
      if (PinAccess::Hold(peeked[i].value, resources_.get(), handles_.get(), &values[places[i]])) {
        results[places[i]] = true;
      } else {
        peeked[i].answer = Peeked::kNotInMemory;
      }
    }
    section.Count(frames);
  }
  for (size_t i = 0; i < count; ++i) {
    if (peeked[i].answer != Peeked::kNotInMemory) continue;
    results[places[i]] = ReadPinned(keys[places[i]], moment, &values[places[i]]);
  }
}

absl::StatusOr<Core::Pairs> Core::Scan(std::string_view start, std::string_view end, const ReadOptions& options) {
  if (start.empty() || end.empty()) {
    return absl::InvalidArgumentError("a bound of the scan is empty; use NewIterator for an unbounded range");
  }
  Pairs pairs;
  if (start >= end) {
    AETERNUS_RETURN_IF_ERROR(MomentFor(options).status());
    return pairs;
  }
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Iterator> it,
                            NewIterator(options, {.lower_bound = std::string(start), .upper_bound = std::string(end)}));
  for (it->SeekToFirst(); it->Valid(); it->Next()) pairs.emplace_back(it->key(), it->value());
  AETERNUS_RETURN_IF_ERROR(it->status());
  return pairs;
}

absl::StatusOr<std::unique_ptr<Iterator>> Core::NewIterator(const ReadOptions& options, IteratorOptions bounds) {
  AETERNUS_ASSIGN_OR_RETURN(Moment moment, MomentFor(options));
  auto it = std::make_unique<DbIterator>(weak_from_this(), handles_, options.snapshot != nullptr, std::move(bounds));
  AETERNUS_RETURN_IF_ERROR(it->Start(std::move(moment)));
  return it;
}

absl::StatusOr<std::unique_ptr<const Snapshot>> Core::GetSnapshot() {
  AETERNUS_RETURN_IF_ERROR(CheckOpen());
  return handles_->TakeSnapshot([this] { return Lsn(published_lsn_.load(std::memory_order_acquire)); });
}

}  // namespace aeternus
