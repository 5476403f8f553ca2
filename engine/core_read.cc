// The read path of one database: a moment is taken under a short lock, everything after it needs none.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/core.h"

namespace aeternus {

// The door to a pinned value's parts.
class PinAccess {
 public:
  static void Set(PinnedValue* value, std::string_view view, std::shared_ptr<const void> pin) {
    value->view_ = view;
    value->pin_ = std::move(pin);
  }
};

namespace {

// What keeps a pinned value readable, in the order of construction: the block goes before the memory it is charged to.
struct ValuePin {
  ValuePin(std::shared_ptr<MemoryResources> memory, std::shared_ptr<HandleRegistry> registry, FoundValue&& value)
      : resources(std::move(memory)), ticket(std::move(registry)), found(std::move(value)) {}
  std::shared_ptr<MemoryResources> resources;
  PinTicket ticket;
  FoundValue found;
};

class DbIterator final : public Iterator {
 public:
  DbIterator(std::weak_ptr<const Core> core, std::shared_ptr<HandleRegistry> registry, bool at_snapshot,
             IteratorOptions bounds)
      : core_(std::move(core)), ticket_(std::move(registry)), at_snapshot_(at_snapshot), bounds_(std::move(bounds)) {}

  absl::Status Start(Core::Moment moment) {
    SetWindow({});
    iterator_.reset();
    moment_ = std::move(moment);
    AETERNUS_ASSIGN_OR_RETURN(iterator_, NewViewIterator(*moment_.view, {.snapshot = moment_.lsn,
                                                                         .lower = bounds_.lower_bound,
                                                                         .upper = bounds_.upper_bound}));
    return absl::OkStatus();
  }

  void SeekToFirst() override {
    Move([](VisibleIterator& it) { it.SeekToFirst(); });
  }
  void SeekToLast() override {
    Move([](VisibleIterator& it) { it.SeekToLast(); });
  }
  void Seek(std::string_view target) override {
    Move([target](VisibleIterator& it) { it.Seek(target); });
  }
  void SeekForPrev(std::string_view target) override {
    Move([target](VisibleIterator& it) { it.SeekForPrev(target); });
  }
  absl::Status status() const override {
    if (IsPlanted(PlantedBug::kIteratorErrorSwallowed)) return absl::OkStatus();
    return iterator_.has_value() ? iterator_->status() : broken_;
  }
  uint64_t lsn() const override { return moment_.lsn.value; }

  absl::Status Refresh() override {
    if (at_snapshot_) return absl::FailedPreconditionError("an iterator over a snapshot cannot be refreshed");
    const std::shared_ptr<const Core> core = core_.lock();
    if (core == nullptr) return absl::FailedPreconditionError("the database of this iterator is gone");
    AETERNUS_ASSIGN_OR_RETURN(Core::Moment moment, core->Now());
    broken_ = Start(std::move(moment));
    return broken_;
  }

 private:
  void NextWindow() override {
    Move([](VisibleIterator& it) { it.NextWindow(); });
  }
  void PrevWindow() override {
    Move([](VisibleIterator& it) { it.PrevWindow(); });
  }
  template <typename Movement>
  void Move(Movement movement) {
    if (!iterator_.has_value()) return;
    movement(*iterator_);
    const VisibleIterator::Window& window = iterator_->window();
    SetWindow({window.begin, window.at, window.end});
  }

  const std::weak_ptr<const Core> core_;
  const IteratorTicket ticket_;
  const bool at_snapshot_;
  const IteratorOptions bounds_;
  Core::Moment moment_;                      // before the iterator, so that it dies after it
  std::optional<VisibleIterator> iterator_;  // none after a failed Refresh
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

absl::StatusOr<std::optional<std::string>> Core::Get(std::string_view key, const ReadOptions& options) {
  AETERNUS_RETURN_IF_ERROR(CheckKey("key", key));
  AETERNUS_ASSIGN_OR_RETURN(const Moment moment, MomentFor(options));
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<FoundValue> found, ReadPoint(*moment.view, key, moment.lsn));
  if (!found.has_value()) return std::nullopt;
  return std::string(found->value);
}

absl::StatusOr<bool> Core::GetPinned(std::string_view key, const ReadOptions& options, PinnedValue* value) {
  value->Release();
  AETERNUS_RETURN_IF_ERROR(CheckKey("key", key));
  AETERNUS_ASSIGN_OR_RETURN(const Moment moment, MomentFor(options));
  AETERNUS_ASSIGN_OR_RETURN(std::optional<FoundValue> found, ReadPoint(*moment.view, key, moment.lsn));
  if (!found.has_value()) return false;
  const std::string_view bytes = found->value;
  PinAccess::Set(value, bytes, std::make_shared<ValuePin>(resources_, handles_, *std::move(found)));
  return true;
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
