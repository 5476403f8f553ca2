#include "stress/differential/script_runner.h"

#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "aeternus/iterator.h"
#include "aeternus/snapshot.h"
#include "base/status.h"
#include "stress/model_iterator.h"

namespace aeternus::stress {
namespace {

std::string Show(const std::optional<std::string>& value) { return value.has_value() ? Quoted(*value) : "nothing"; }

absl::Status Differs(std::string_view where, std::string_view found, std::string_view expected) {
  return absl::InternalError(absl::StrCat(where, ": ", found, " instead of ", expected));
}

struct LiveSnapshot {
  std::unique_ptr<const Snapshot> handle;
  std::shared_ptr<const Contents> contents;
};

struct LiveCursor {
  std::unique_ptr<Iterator> iterator;
  ModelIterator model;
  IteratorOptions bounds;
  bool of_snapshot = false;
};

class ScriptRun {
 public:
  ScriptRun(Subject& subject, RunCounts& counts) : subject_(subject), counts_(counts) {}

  absl::Status Apply(const Step& step);
  absl::Status CompareAtEnd();

 private:
  absl::Status Write(const Step& step);
  absl::Status Get(const Step& step);
  absl::Status TakeSnapshot(const Step& step);
  absl::Status ReleaseSnapshot(const Step& step);
  absl::Status OpenCursor(const Step& step);
  absl::Status MoveCursor(LiveCursor& live, const MoveSpec& move);
  absl::Status RefreshCursor(LiveCursor& live);
  absl::Status Reopen(bool by_close);

  // Every pair within `bounds`, as of a snapshot, in one direction.
  absl::Status CompareRange(int snapshot, const IteratorOptions& bounds, bool backward);
  absl::Status CompareState(int snapshot, bool backward);

  // What a slot stands for: the present when nothing is in it.
  const Contents& ContentsOf(int snapshot) const {
    return snapshot == kPresent || !snapshots_[Index(snapshot)] ? contents_ : *snapshots_[Index(snapshot)]->contents;
  }
  ReadOptions ReadAt(int snapshot) const {
    const bool present = snapshot == kPresent || !snapshots_[Index(snapshot)];
    return {.snapshot = present ? nullptr : snapshots_[Index(snapshot)]->handle.get()};
  }
  static size_t Index(int slot) { return static_cast<size_t>(slot); }

  Subject& subject_;
  RunCounts& counts_;
  Contents contents_;
  std::array<std::optional<LiveSnapshot>, kSnapshotSlots> snapshots_;
  std::array<std::optional<LiveCursor>, kCursorSlots> cursors_;
};

absl::Status ScriptRun::Write(const Step& step) {
  stress::Apply(step.writes, contents_);
  return subject_.Write(step.writes, step.sync);
}

absl::Status ScriptRun::Get(const Step& step) {
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<std::string> found, subject_.Get(step.key, ReadAt(step.snapshot)));
  const Contents& contents = ContentsOf(step.snapshot);
  const auto it = contents.find(step.key);
  ++counts_.answers_compared;
  if (it == contents.end() ? !found.has_value() : found == it->second) return absl::OkStatus();
  return Differs("get", Show(found), it == contents.end() ? "nothing" : Quoted(it->second));
}

absl::Status ScriptRun::CompareRange(int snapshot, const IteratorOptions& bounds, bool backward) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Iterator> found, subject_.NewIterator(ReadAt(snapshot), bounds));
  const Contents& contents = ContentsOf(snapshot);
  const auto begin = bounds.lower_bound ? contents.lower_bound(*bounds.lower_bound) : contents.begin();
  auto end = bounds.upper_bound ? contents.lower_bound(*bounds.upper_bound) : contents.end();
  // Inverted bounds hold nothing.
  if (bounds.lower_bound && bounds.upper_bound && *bounds.upper_bound < *bounds.lower_bound) end = begin;

  backward ? found->SeekToLast() : found->SeekToFirst();
  const auto compare = [&](const std::string& key, const std::string& value) {
    ++counts_.answers_compared;
    if (!found->Valid())
      return Differs("scan", absl::StrCat("the end (", found->status().ToString(), ")"), Quoted(key));
    if (found->key() != key) return Differs("scan", Quoted(found->key()), Quoted(key));
    if (found->value() != value) return Differs(Quoted(key), Quoted(found->value()), Quoted(value));
    backward ? found->Prev() : found->Next();
    return absl::OkStatus();
  };
  if (backward) {
    for (auto it = end; it != begin;) {
      --it;
      AETERNUS_RETURN_IF_ERROR(compare(it->first, it->second));
    }
  } else {
    for (auto it = begin; it != end; ++it) AETERNUS_RETURN_IF_ERROR(compare(it->first, it->second));
  }
  if (found->Valid()) return Differs("scan", Quoted(found->key()), "the end");
  return found->status();
}

absl::Status ScriptRun::CompareState(int snapshot, bool backward) {
  ++counts_.states_compared;
  return CompareRange(snapshot, {}, backward);
}

absl::Status ScriptRun::TakeSnapshot(const Step& step) {
  std::optional<LiveSnapshot>& slot = snapshots_[Index(step.snapshot)];
  slot.reset();
  AETERNUS_ASSIGN_OR_RETURN(auto handle, subject_.GetSnapshot());
  slot = LiveSnapshot{.handle = std::move(handle), .contents = std::make_shared<const Contents>(contents_)};
  return CompareState(step.snapshot, step.backward);
}

absl::Status ScriptRun::ReleaseSnapshot(const Step& step) {
  if (!snapshots_[Index(step.snapshot)].has_value()) return absl::OkStatus();
  AETERNUS_RETURN_IF_ERROR(CompareState(step.snapshot, step.backward));
  snapshots_[Index(step.snapshot)].reset();
  return absl::OkStatus();
}

absl::Status ScriptRun::OpenCursor(const Step& step) {
  std::optional<LiveCursor>& slot = cursors_[Index(step.cursor)];
  slot.reset();
  const ReadOptions options = ReadAt(step.snapshot);
  AETERNUS_ASSIGN_OR_RETURN(auto iterator, subject_.NewIterator(options, step.bounds));
  slot.emplace(LiveCursor{.iterator = std::move(iterator),
                          .model = ModelIterator(ContentsOf(step.snapshot), step.bounds),
                          .bounds = step.bounds,
                          .of_snapshot = options.snapshot != nullptr});
  return absl::OkStatus();
}

absl::Status ScriptRun::MoveCursor(LiveCursor& live, const MoveSpec& move) {
  switch (move.kind) {
    case MoveSpec::Kind::kFirst:
      live.iterator->SeekToFirst(), live.model.SeekToFirst();
      break;
    case MoveSpec::Kind::kLast:
      live.iterator->SeekToLast(), live.model.SeekToLast();
      break;
    case MoveSpec::Kind::kSeek:
      live.iterator->Seek(move.target), live.model.Seek(move.target);
      break;
    case MoveSpec::Kind::kSeekForPrev:
      live.iterator->SeekForPrev(move.target), live.model.SeekForPrev(move.target);
      break;
    case MoveSpec::Kind::kNext:
      if (live.model.Valid()) live.iterator->Next(), live.model.Next();
      break;
    case MoveSpec::Kind::kPrev:
      if (live.model.Valid()) live.iterator->Prev(), live.model.Prev();
      break;
  }
  ++counts_.answers_compared;
  AETERNUS_RETURN_IF_ERROR(live.iterator->status());
  const auto place = [](const auto& it) {
    return it.Valid() ? absl::StrCat(Quoted(it.key()), " = ", Quoted(it.value())) : std::string("nowhere");
  };
  const bool same = live.iterator->Valid() == live.model.Valid() &&
                    (!live.model.Valid() ||
                     (live.iterator->key() == live.model.key() && live.iterator->value() == live.model.value()));
  return same ? absl::OkStatus() : Differs("cursor", place(*live.iterator), place(live.model));
}

absl::Status ScriptRun::RefreshCursor(LiveCursor& live) {
  const absl::Status status = live.iterator->Refresh();
  if (live.of_snapshot) {
    if (absl::IsFailedPrecondition(status)) return absl::OkStatus();
    return Differs("refresh", status.ToString(), "a refusal, for the cursor is of a snapshot");
  }
  AETERNUS_RETURN_IF_ERROR(status);
  live.model = ModelIterator(contents_, live.bounds);
  return live.iterator->Valid() ? Differs("refresh", Quoted(live.iterator->key()), "nowhere") : absl::OkStatus();
}

absl::Status ScriptRun::Reopen(bool by_close) {
  size_t handles = 0;
  for (const auto& slot : snapshots_) handles += slot.has_value() ? 1 : 0;
  for (const auto& slot : cursors_) handles += slot.has_value() ? 1 : 0;
  AETERNUS_RETURN_IF_ERROR(subject_.Reopen(by_close, handles, [this] {
    for (auto& slot : cursors_) slot.reset();
    for (auto& slot : snapshots_) slot.reset();
  }));
  return CompareState(kPresent, /*backward=*/false);
}

absl::Status ScriptRun::Apply(const Step& step) {
  std::optional<LiveCursor>& cursor = cursors_[Index(step.cursor)];
  switch (step.kind) {
    case Step::Kind::kWrite:
      return Write(step);
    case Step::Kind::kGet:
      return Get(step);
    case Step::Kind::kScan:
      return CompareRange(step.snapshot, step.bounds, step.backward);
    case Step::Kind::kTakeSnapshot:
      return TakeSnapshot(step);
    case Step::Kind::kReleaseSnapshot:
      return ReleaseSnapshot(step);
    case Step::Kind::kCompare:
      AETERNUS_RETURN_IF_ERROR(CompareState(step.snapshot, step.backward));
      return subject_.Verify();
    case Step::Kind::kOpenCursor:
      return OpenCursor(step);
    case Step::Kind::kMoveCursor:
      if (!cursor.has_value()) return absl::OkStatus();
      for (const MoveSpec& move : step.moves) AETERNUS_RETURN_IF_ERROR(MoveCursor(*cursor, move));
      return absl::OkStatus();
    case Step::Kind::kRefreshCursor:
      return cursor.has_value() ? RefreshCursor(*cursor) : absl::OkStatus();
    case Step::Kind::kCloseCursor:
      cursor.reset();
      return absl::OkStatus();
    case Step::Kind::kMaintain:
      return subject_.Maintain(step.maintenance);
    case Step::Kind::kPassTime:
      subject_.PassTime();
      return absl::OkStatus();
    case Step::Kind::kReopen:
      return Reopen(step.by_close);
  }
  return absl::OkStatus();
}

absl::Status ScriptRun::CompareAtEnd() {
  for (int snapshot = kPresent; snapshot < kSnapshotSlots; ++snapshot) {
    if (snapshot != kPresent && !snapshots_[Index(snapshot)].has_value()) continue;
    for (const bool backward : {false, true}) AETERNUS_RETURN_IF_ERROR(CompareState(snapshot, backward));
  }
  return subject_.Verify();
}

}  // namespace

std::optional<Difference> RunScript(const Script& script, Subject& subject, RunCounts& counts) {
  ScriptRun run(subject, counts);
  for (size_t i = 0; i < script.size(); ++i) {
    ++counts.operations;
    if (const absl::Status status = run.Apply(script[i]); !status.ok()) return Difference{i, status.ToString()};
  }
  if (const absl::Status status = run.CompareAtEnd(); !status.ok()) return Difference{script.size(), status.ToString()};
  return std::nullopt;
}

}  // namespace aeternus::stress
