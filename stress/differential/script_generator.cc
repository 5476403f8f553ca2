#include "stress/differential/script_generator.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aeternus::stress {
namespace {

// ---- keys ----

std::string BinaryKey(Rng& rng) {
  static constexpr char kBytes[] = {'\x00', '\x01', '\x7f', '\x80', '\xfe', '\xff', 'a'};
  std::string key;
  for (uint64_t i = 1 + rng.Below(5); i > 0; --i) key += kBytes[rng.Below(std::size(kBytes))];
  return key;
}

std::string LongKey(Rng& rng) {
  return std::string(200 + rng.Below(2500), static_cast<char>('k' + rng.Below(2))) + absl::StrCat(rng.Below(4));
}

std::string DrawKey(Rng& rng, const std::vector<std::string>& others) {
  switch (rng.Below(8)) {
    case 0:
      return std::string(1 + rng.Below(2), static_cast<char>('a' + rng.Below(26)));
    case 1:
      return BinaryKey(rng);
    case 2:
      if (!rng.OneIn(4)) return BinaryKey(rng);
      return LongKey(rng);
    case 3:  // a neighbour of another key: that key with a byte more
      if (!others.empty()) return others[rng.Below(others.size())] + (rng.OneIn(2) ? '\x00' : '\xff');
      return "n";
    case 4:
      return absl::StrFormat("tenant/%04d/table/%02d", rng.Below(3), rng.Below(30));
    default:
      return absl::StrFormat("user/%03d", rng.Below(200));
  }
}

// ---- the mix ----

// How often each kind of step comes, relative to the others.
struct Mix {
  uint64_t put = 280, point_delete = 50, range_delete = 16, batch = 40;
  uint64_t get = 160, scan = 40, compare = 3;
  uint64_t take_snapshot = 18, release_snapshot = 18;
  uint64_t open_cursor = 20, move_cursor = 80, refresh_cursor = 10, close_cursor = 20;
  uint64_t maintain = 70, pass_time = 3, reopen = 4;
};

Mix DrawMix(Rng& rng) {
  Mix mix;
  switch (rng.Below(6)) {
    case 0:  // much is deleted
      mix.point_delete = 150;
      break;
    case 1:  // much is deleted in ranges
      mix.range_delete = 120;
      break;
    case 2:  // much is overwritten, little of the rest
      mix.put = 600;
      break;
    case 3:  // deep trees
      mix.maintain = 250;
      mix.reopen = 1;
      break;
    case 4:  // long recoveries
      mix.maintain = 5;
      mix.reopen = 12;
      break;
    default:
      break;
  }
  return mix;
}

class Drawing {
 public:
  explicit Drawing(uint64_t seed)
      : rng_(seed),
        keys_(DrawKeys(rng_, 20 + rng_.Below(rng_.OneIn(4) ? 400 : 60))),
        mix_(DrawMix(rng_)),
        has_large_values_(rng_.OneIn(16)) {}

  Step NextStep();

 private:
  Step Write();
  Step Get();
  Step Scan();
  Step Move();
  Step Maintain();
  WriteSpec Put();
  WriteSpec Delete() { return {.kind = WriteSpec::Kind::kDelete, .key = Key()}; }
  WriteSpec DeleteRange();
  std::string Key() { return keys_[rng_.Below(keys_.size())]; }
  // A key, or something between two keys.
  std::string Target();
  IteratorOptions Bounds();
  int Snapshot() { return rng_.OneIn(2) ? kPresent : Slot(kSnapshotSlots); }
  int Slot(int slots) { return static_cast<int>(rng_.Below(static_cast<uint64_t>(slots))); }
  bool Sync() { return rng_.OneIn(3); }

  Rng rng_;
  const std::vector<std::string> keys_;
  const Mix mix_;
  const bool has_large_values_;
  uint64_t puts_ = 0;
};

WriteSpec Drawing::Put() {
  uint64_t size = rng_.Below(40);
  if (rng_.OneIn(20)) size = 0;
  if (rng_.OneIn(60)) size = 10000;  // larger than most blocks and write buffers
  if (has_large_values_ && rng_.OneIn(4)) size = 1000 + rng_.Below(20000);
  return {.kind = WriteSpec::Kind::kPut,
          .key = Key(),
          .value = {.number = ++puts_, .size_bytes = static_cast<uint32_t>(size)}};
}

WriteSpec Drawing::DeleteRange() {
  // Mostly a few neighbours, now and then anything.
  const size_t first = rng_.Below(keys_.size());
  const size_t width = rng_.OneIn(12) ? rng_.Below(keys_.size()) : rng_.Below(6);
  std::string start = keys_[first], end = keys_[std::min(first + width, keys_.size() - 1)];
  if (rng_.OneIn(3)) start += '\0';
  if (rng_.OneIn(3)) end += rng_.OneIn(2) ? '\0' : '\xff';
  if (start >= end) end = start + '\0';
  return {.kind = WriteSpec::Kind::kDeleteRange, .key = start, .end = end};
}

std::string Drawing::Target() {
  std::string target = Key();
  switch (rng_.Below(6)) {
    case 0:
      target += '\0';
      break;
    case 1:
      target.pop_back();
      break;
    case 2:
      ++target.back();
      break;
    default:
      break;
  }
  return target;
}

IteratorOptions Drawing::Bounds() {
  IteratorOptions bounds;
  if (rng_.OneIn(2)) bounds.lower_bound = Target();
  if (rng_.OneIn(2)) bounds.upper_bound = Target();
  return bounds;
}

Step Drawing::Get() {
  return {.kind = Step::Kind::kGet, .key = Key(), .snapshot = rng_.OneIn(3) ? Slot(kSnapshotSlots) : kPresent};
}

Step Drawing::Scan() {
  Step step{.kind = Step::Kind::kScan, .bounds = Bounds(), .snapshot = Snapshot(), .backward = rng_.OneIn(2)};
  if (!rng_.OneIn(4)) {  // mostly narrow
    const size_t first = rng_.Below(keys_.size());
    step.bounds.lower_bound = keys_[first];
    step.bounds.upper_bound = keys_[std::min(first + 1 + rng_.Below(12), keys_.size() - 1)];
  }
  return step;
}

Step Drawing::Move() {
  Step step{.kind = Step::Kind::kMoveCursor, .cursor = Slot(kCursorSlots)};
  for (int i = 0; i < 8; ++i) {
    // Of ten moves four go to a place, and three each to a neighbour.
    static constexpr MoveSpec::Kind kKinds[] = {
        MoveSpec::Kind::kFirst, MoveSpec::Kind::kLast, MoveSpec::Kind::kSeek, MoveSpec::Kind::kSeekForPrev,
        MoveSpec::Kind::kNext,  MoveSpec::Kind::kNext, MoveSpec::Kind::kNext, MoveSpec::Kind::kPrev,
        MoveSpec::Kind::kPrev,  MoveSpec::Kind::kPrev};
    MoveSpec move{.kind = kKinds[rng_.Below(std::size(kKinds))]};
    if (move.kind == MoveSpec::Kind::kSeek || move.kind == MoveSpec::Kind::kSeekForPrev) move.target = Target();
    step.moves.push_back(std::move(move));
  }
  return step;
}

Step Drawing::Maintain() {
  static constexpr Maintenance kKinds[] = {
      Maintenance::kFreeze,           Maintenance::kFreeze,       Maintenance::kFlushOldest,
      Maintenance::kFlushOldest,      Maintenance::kFlushAll,     Maintenance::kFlushAll,
      Maintenance::kMinorCompact,     Maintenance::kMinorCompact, Maintenance::kTombstoneCompact,
      Maintenance::kTombstoneCompact, Maintenance::kMajorCompact};
  return {.kind = Step::Kind::kMaintain, .maintenance = kKinds[rng_.Below(std::size(kKinds))]};
}

Step Drawing::Write() {
  Step step{.kind = Step::Kind::kWrite, .sync = Sync()};
  const uint64_t singles = mix_.put + mix_.point_delete + mix_.range_delete;
  const uint64_t size = rng_.Below(singles + mix_.batch) < singles ? 1 : rng_.Below(8);
  for (uint64_t i = 0; i < size; ++i) {
    const uint64_t at = rng_.Below(singles);
    step.writes.push_back(at < mix_.put ? Put() : at < mix_.put + mix_.point_delete ? Delete() : DeleteRange());
  }
  return step;
}

Step Drawing::NextStep() {
  const std::array<std::pair<uint64_t, Step::Kind>, 13> choices = {{
      {mix_.put + mix_.point_delete + mix_.range_delete + mix_.batch, Step::Kind::kWrite},
      {mix_.get, Step::Kind::kGet},
      {mix_.scan, Step::Kind::kScan},
      {mix_.take_snapshot, Step::Kind::kTakeSnapshot},
      {mix_.release_snapshot, Step::Kind::kReleaseSnapshot},
      {mix_.compare, Step::Kind::kCompare},
      {mix_.open_cursor, Step::Kind::kOpenCursor},
      {mix_.move_cursor, Step::Kind::kMoveCursor},
      {mix_.refresh_cursor, Step::Kind::kRefreshCursor},
      {mix_.close_cursor, Step::Kind::kCloseCursor},
      {mix_.maintain, Step::Kind::kMaintain},
      {mix_.pass_time, Step::Kind::kPassTime},
      {mix_.reopen, Step::Kind::kReopen},
  }};
  uint64_t total = 0;
  for (const auto& [weight, kind] : choices) total += weight;
  uint64_t at = rng_.Below(total);
  size_t choice = 0;
  for (; at >= choices[choice].first; ++choice) at -= choices[choice].first;

  const Step::Kind kind = choices[choice].second;
  switch (kind) {
    case Step::Kind::kWrite:
      return Write();
    case Step::Kind::kGet:
      return Get();
    case Step::Kind::kScan:
      return Scan();
    case Step::Kind::kMoveCursor:
      return Move();
    case Step::Kind::kMaintain:
      return Maintain();
    case Step::Kind::kTakeSnapshot:
    case Step::Kind::kReleaseSnapshot:
      return {.kind = kind, .snapshot = Slot(kSnapshotSlots), .backward = rng_.OneIn(2)};
    case Step::Kind::kCompare:
      return {.kind = kind, .snapshot = Snapshot(), .backward = rng_.OneIn(2)};
    case Step::Kind::kOpenCursor:
      return {.kind = kind, .bounds = Bounds(), .snapshot = Snapshot(), .cursor = Slot(kCursorSlots)};
    case Step::Kind::kReopen:
      return {.kind = kind, .by_close = rng_.OneIn(2)};
    default:
      return {.kind = kind, .cursor = Slot(kCursorSlots)};
  }
}

}  // namespace

std::vector<std::string> DrawKeys(Rng& rng, size_t count) {
  std::vector<std::string> keys;
  for (size_t tries = 0; tries < 2 * count && keys.size() < count; ++tries) {
    std::string key = DrawKey(rng, keys);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

Script DrawScript(uint64_t seed, size_t steps) {
  Drawing drawing(seed);
  Script script;
  script.reserve(steps);
  for (size_t i = 0; i < steps; ++i) script.push_back(drawing.NextStep());
  return script;
}

}  // namespace aeternus::stress
