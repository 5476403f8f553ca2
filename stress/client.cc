#include "stress/client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "aeternus/write_batch.h"
#include "base/status.h"
#include "env/sync_point.h"

namespace aeternus::stress {
namespace {

// Behind `key` and before any other of a client's keys.
std::string Behind(std::string_view key) { return absl::StrCat(key, "!"); }

std::string Describe(const Change& change) {
  switch (change.kind) {
    case Change::Kind::kPut:
      return absl::StrCat("put ", change.key, "=", change.value.substr(0, change.value.find(' ')));
    case Change::Kind::kDelete:
      return absl::StrCat("delete ", change.key);
    case Change::Kind::kDeleteRange:
      return absl::StrCat("delete [", change.key, ", ", change.value, ")");
  }
  return "";
}

}  // namespace

Client::Client(std::string name, uint64_t seed, Db* db, Ticks* ticks, const ClientOptions& options)
    : name_(std::move(name)), rng_(seed), db_(db), ticks_(ticks), options_(options), profile_(rng_.Below(3)) {}

Client::~Client() = default;

void Client::Run(int operations) {
  for (int i = 0; i < operations && status_.ok() && !is_closed_; ++i) RunOne();
  ReleaseAll();
}

void Client::AppendTo(std::vector<Operation>* operations, std::vector<CrashedDisk>* crashes) {
  std::move(operations_.begin(), operations_.end(), std::back_inserter(*operations));
  std::move(crashes_.begin(), crashes_.end(), std::back_inserter(*crashes));
}

Client::Kind Client::RandomKind() {
  using enum Kind;
  static constexpr Kind kWrites[] = {kPut, kPut, kPut, kDelete, kDeleteRange, kBatch, kBatch};
  static constexpr Kind kReads[] = {kGet, kGet, kPinned, kScan, kIterate, kIterate, kSnapshot, kSnapshot};
  static constexpr Kind kRest[] = {kFlush, kFlush, kCompact, kStats, kCrash};
  const uint64_t rest = rng_.Below(8);
  if (rest == 0) return kRest[rng_.Below(std::size(kRest))];
  const bool writes = profile_ == 0 ? rest < 7 : profile_ == 1 ? rest < 2 : rest < 5;
  return writes ? kWrites[rng_.Below(std::size(kWrites))] : kReads[rng_.Below(std::size(kReads))];
}

void Client::RunOne() {
  switch (const Kind kind = RandomKind()) {
    case Kind::kPut:
    case Kind::kDelete:
    case Kind::kDeleteRange:
    case Kind::kBatch:
      return Write(kind);
    case Kind::kGet:
      return Get();
    case Kind::kPinned:
      return GetPinned();
    case Kind::kScan:
      return Scan();
    case Kind::kIterate:
      return Iterate();
    case Kind::kSnapshot:
      return TakeSnapshot();
    case Kind::kFlush:
      return Flush();
    case Kind::kCompact:
      return Compact();
    case Kind::kStats:
      return ReadStats();
    case Kind::kCrash:
      return Crash();
  }
}

// ---- what is drawn ----

std::string Client::RandomKey() { return absl::StrCat("k", 10 + rng_.Below(static_cast<uint64_t>(options_.keys))); }

std::string Client::RandomValue() {
  std::string value = absl::StrCat(name_, "#", next_value_++, " ");
  value.append(rng_.Below(options_.value_bytes_max), '.');
  return value;
}

Change Client::RandomChange(Kind kind) {
  if (kind == Kind::kDelete) return {Change::Kind::kDelete, RandomKey(), ""};
  if (kind == Kind::kPut) return {Change::Kind::kPut, RandomKey(), RandomValue()};
  std::string start = RandomKey(), end = RandomKey();
  if (end < start) std::swap(start, end);
  return {Change::Kind::kDeleteRange, start, Behind(end)};
}

ReadOptions Client::RandomReadOptions(Operation* operation) {
  ReadOptions options{.read_lsn = &operation->lsn};
  if (snapshot_ != nullptr && rng_.OneIn(2)) {
    options.snapshot = snapshot_.get();
    operation->as_of = snapshot_->lsn();
  }
  return options;
}

// ---- keeping the history ----

Operation Client::Begin(std::string what) const {
  Operation operation;
  operation.client = name_;
  operation.what = std::move(what);
  operation.begin = ticks_->Next();
  return operation;
}

void Client::End(Operation operation, const absl::Status& status) {
  operation.end = ticks_->Next();
  if (status.ok()) {
    operations_.push_back(std::move(operation));
    return;
  }
  // Closing ends merges with Cancelled, and everything else with "closed".
  if (options_.may_be_closed && (absl::StrContains(status.message(), "closed") || absl::IsCancelled(status))) {
    is_closed_ = true;
    return;
  }
  Fail(absl::StrCat(operation.what, ": ", status.ToString()));
}

void Client::Fail(std::string why) {
  if (status_.ok()) status_ = absl::InternalError(absl::StrCat(name_, ": ", why));
}

// ---- operations ----

void Client::Write(Kind kind) {
  std::vector<Change> changes;
  if (kind == Kind::kBatch) {
    constexpr Kind kKinds[] = {Kind::kPut, Kind::kPut, Kind::kPut, Kind::kDelete, Kind::kDeleteRange};
    for (uint64_t n = 2 + rng_.Below(3); n > 0; --n) changes.push_back(RandomChange(kKinds[rng_.Below(5)]));
  } else {
    changes.push_back(RandomChange(kind));
  }
  WriteBatch batch;
  std::string what;
  for (const Change& change : changes) {
    absl::StrAppend(&what, what.empty() ? "" : "; ", Describe(change));
    if (change.kind == Change::Kind::kPut) batch.Put(change.key, change.value);
    if (change.kind == Change::Kind::kDelete) batch.Delete(change.key);
    if (change.kind == Change::Kind::kDeleteRange) batch.DeleteRange(change.key, change.value);
  }
  const bool sync = rng_.OneIn(3);
  Operation operation = Begin(std::move(what));
  operation.changes = std::move(changes);
  operation.is_synced = sync;
  const absl::Status status = db_->Write(batch, {.sync = sync, .commit_lsn = &operation.lsn});
  if (status.ok() && sync) last_synced_ = operation.lsn;
  End(std::move(operation), status);
}

void Client::Get() {
  const std::string key = RandomKey();
  Operation operation = Begin(absl::StrCat("get ", key));
  const absl::StatusOr<std::optional<std::string>> value = db_->Get(key, RandomReadOptions(&operation));
  operation.reading = Reading{key, Behind(key), {}};
  if (value.ok() && value->has_value()) operation.reading->rows.emplace_back(key, **value);
  End(std::move(operation), value.status());
}

void Client::GetPinned() {
  if (pinned_.view() != pinned_bytes_) return Fail("a pinned value changed");
  const std::string key = RandomKey();
  Operation operation = Begin(absl::StrCat("get pinned ", key));
  const absl::StatusOr<bool> found = db_->Get(RandomReadOptions(&operation), key, &pinned_);
  operation.reading = Reading{key, Behind(key), {}};
  if (found.ok() && *found) operation.reading->rows.emplace_back(key, pinned_.view());
  pinned_bytes_ = std::string(pinned_.view());
  End(std::move(operation), found.status());
}

void Client::Scan() {
  const Change range = RandomChange(Kind::kDeleteRange);
  Operation operation = Begin(absl::StrCat("scan [", range.key, ", ", range.value, ")"));
  absl::StatusOr<Oracle::Pairs> rows = db_->Scan(range.key, range.value, RandomReadOptions(&operation));
  operation.reading = Reading{range.key, range.value, {}};
  if (rows.ok()) operation.reading->rows = *std::move(rows);
  End(std::move(operation), rows.status());
}

// Creating an iterator and refreshing it read the present; what it shows from then on is of that moment.
void Client::Iterate() {
  if (iterator_ == nullptr) {
    const Change range = RandomChange(Kind::kDeleteRange);
    iterator_range_ = Reading{range.key, range.value, {}};
    Operation created = Begin("create iterator");
    absl::StatusOr<std::unique_ptr<Iterator>> iterator =
        db_->NewIterator({.read_lsn = &created.lsn}, {.lower_bound = range.key, .upper_bound = range.value});
    if (iterator.ok()) iterator_ = *std::move(iterator);
    End(std::move(created), iterator.status());
  } else if (rng_.OneIn(2)) {
    Operation refreshed = Begin("refresh iterator");
    const absl::Status status = iterator_->Refresh();
    refreshed.lsn = iterator_->lsn();
    End(std::move(refreshed), status);
  }
  if (iterator_ == nullptr || is_closed_ || !status_.ok()) return;
  Operation walk = Begin(absl::StrCat("walk [", iterator_range_->start, ", ", iterator_range_->end, ")"));
  walk.lsn = iterator_->lsn();
  walk.as_of = walk.lsn;
  walk.reading = iterator_range_;
  const absl::Status status = Walk(*iterator_, &*walk.reading);
  End(std::move(walk), status);
  if (rng_.OneIn(2)) iterator_.reset();
}

absl::Status Client::Walk(Iterator& iterator, Reading* reading) {
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    reading->rows.emplace_back(iterator.key(), iterator.value());
    env::SyncPoint("client:step");
  }
  AETERNUS_RETURN_IF_ERROR(iterator.status());
  Oracle::Pairs backward;
  for (iterator.SeekToLast(); iterator.Valid(); iterator.Prev()) {
    backward.emplace_back(iterator.key(), iterator.value());
    env::SyncPoint("client:step");
  }
  AETERNUS_RETURN_IF_ERROR(iterator.status());
  std::reverse(backward.begin(), backward.end());
  if (backward != reading->rows) Fail("an iterator shows something else backward than forward");
  return absl::OkStatus();
}

void Client::TakeSnapshot() {
  if (snapshot_ != nullptr && rng_.OneIn(2)) {
    snapshot_.reset();
    return;
  }
  snapshot_.reset();
  Operation operation = Begin("take snapshot");
  absl::StatusOr<std::unique_ptr<const Snapshot>> snapshot = db_->GetSnapshot();
  if (snapshot.ok()) {
    snapshot_ = *std::move(snapshot);
    operation.lsn = snapshot_->lsn();
  }
  End(std::move(operation), snapshot.status());
  if (snapshot_ != nullptr && rng_.OneIn(2)) Scan();
}

void Client::Flush() {
  const absl::Status status = db_->Flush();
  if (!status.ok()) End(Begin("flush"), status);
}

void Client::Compact() {
  const absl::Status status = db_->MajorCompact().status();
  if (!status.ok()) End(Begin("compact"), status);
}

void Client::ReadStats() {
  Operation operation = Begin("stats");
  const absl::StatusOr<Stats> stats = db_->Stats();
  if (stats.ok() && stats->state == EngineState::kClosed) {  // in the middle of it: its numbers are of nothing
    is_closed_ = true;
    return;
  }
  if (stats.ok()) {
    operation.lsn = stats->last_lsn;
    if (stats->synced_lsn < last_synced_) Fail("a synced write is above Stats().synced_lsn");
  }
  End(std::move(operation), stats.status());
}

void Client::Crash() {
  if (options_.disk == nullptr) return;
  CrashedDisk crash;
  crash.lost_power = !rng_.OneIn(3);
  const uint64_t seed = rng_.Next();
  crash.begin = ticks_->Next();
  crash.disk = crash.lost_power ? options_.disk->Crash({.seed = seed}) : options_.disk->Fork();
  crash.end = ticks_->Next();
  crashes_.push_back(std::move(crash));
}

void Client::ReleaseAll() {
  if (pinned_.view() != pinned_bytes_) Fail("a pinned value changed");
  pinned_.Release();
  pinned_bytes_.clear();
  iterator_.reset();
  snapshot_.reset();
}

}  // namespace aeternus::stress
