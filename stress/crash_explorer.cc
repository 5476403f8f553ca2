#include "stress/crash_explorer.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hash.h"

namespace aeternus::stress {

using env::testing::CrashCounts;
using env::testing::CrashOptions;
using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::ItemKind;
using env::testing::SimFileSystem;
using env::testing::UnsyncedItem;

namespace {

constexpr size_t kNoStep = std::numeric_limits<size_t>::max();
constexpr size_t kMostStepsAfter = 2;  // a crash, besides the recovery
constexpr std::string_view kItemNames[] = {"write to", "allocation of", "creation of", "deletion of", "rename to"};
constexpr std::string_view kFateNames[] = {"dropped", "kept", "torn", "zeroed", "garbage"};

bool ChangesNothing(FileOp op) {
  return op == FileOp::kOpen || op == FileOp::kRead || op == FileOp::kList || op == FileOp::kStat ||
         op == FileOp::kClose;
}

uint64_t HashOf(const SimFileSystem& disk, absl::Span<const std::string> acceptable) {
  uint64_t hash = disk.Fingerprint();
  for (const std::string& contents : acceptable) hash = StableHash(hash, StableHash(contents));
  return hash;
}

// A crash in words, for whoever has to find out why it was fatal.
std::string Describe(const SimFileSystem& disk, const CrashChoice& choice) {
  std::string text = absl::StrCat("  power was lost before call ", choice.call, " with these items not synced:");
  const std::vector<UnsyncedItem> items = disk.UnsyncedItems();
  if (items.empty()) absl::StrAppend(&text, " none");
  for (size_t i = 0; i < items.size(); ++i) {
    absl::StrAppend(&text, "\n    ", kItemNames[static_cast<size_t>(items[i].kind)], " ", items[i].path);
    if (items[i].kind == ItemKind::kSector) {
      absl::StrAppend(&text, ", ", items[i].size_bytes, " bytes at ", items[i].offset);
    }
    if (i < choice.options.fates.size()) {
      absl::StrAppend(&text, ": ", kFateNames[static_cast<size_t>(choice.options.fates[i])]);
    }
  }
  return text;
}

}  // namespace

CrashStateCounts& CrashStateCounts::operator+=(const CrashCounts& crash) {
  ++crashes;
  lost += crash.dropped > 0 ? 1 : 0;
  torn += crash.torn > 0 ? 1 : 0;
  zeroed += crash.zeroed > 0 ? 1 : 0;
  garbage += crash.garbage > 0 ? 1 : 0;
  reordered += crash.reordered > 0 ? 1 : 0;
  entry_lost += crash.creations_lost > 0 ? 1 : 0;
  rename_undone += crash.renames_undone > 0 ? 1 : 0;
  deletion_undone += crash.deletions_undone > 0 ? 1 : 0;
  return *this;
}

// Lives one life. While it explores, it visits the crashes before each call if the disk has changed since the last
// ones.
class CrashExplorer::Visitor {
 public:
  Visitor(CrashExplorer* explorer, std::unique_ptr<SimFileSystem> disk, std::vector<std::string> acceptable)
      : explorer_(*explorer),
        lie_(explorer->options_.lie == nullptr ? nullptr : explorer->options_.lie()),
        life_(std::move(disk), std::move(acceptable), [this](const FileCall& call) { return OnCall(call); }) {}

  ScriptedLife& life() { return life_; }
  void Begin() {
    is_exploring_ = true;
    has_changed_ = false;
  }
  // What was acknowledged meanwhile must be there, whether or not the disk has changed.
  void End() {
    if (is_exploring_) VisitBefore(life_.disk().calls());
  }

 private:
  Fault OnCall(const FileCall& call) {
    if (is_exploring_ && has_changed_) VisitBefore(call.index);
    has_changed_ |= !ChangesNothing(call.op);
    return lie_ == nullptr ? Fault::kNone : lie_(call);
  }
  void VisitBefore(uint64_t call) {
    has_changed_ = false;
    if (!explorer_.failure_.has_value()) explorer_.Visit(life_.disk(), life_.acceptable(), call);
  }

  CrashExplorer& explorer_;
  const ScriptedLife::CallRule lie_;
  ScriptedLife life_;
  bool is_exploring_ = false;
  bool has_changed_ = false;  // since the last visit
};

void CrashExplorer::Explore(std::string_view steps, size_t from_step) {
  ++counts_.sequences;
  path_ = {.steps = std::string(steps), .crashes = {}};
  Live(nullptr, {""}, steps, from_step);
}

absl::Status CrashExplorer::Replay(const CrashPath& path) {
  only_ = &path;
  was_reached_ = false;
  Explore(path.steps, /*from_step=*/0);
  only_ = nullptr;
  if (was_reached_ || failure_.has_value()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("the crash ", FormatCrashPath(path), " was not reached"));
}

void CrashExplorer::Live(std::unique_ptr<SimFileSystem> disk, std::vector<std::string> acceptable,
                         std::string_view steps, size_t from_step) {
  Visitor visitor(this, std::move(disk), std::move(acceptable));
  for (size_t i = 0; i <= steps.size() && !failure_.has_value(); ++i) {
    if (i >= from_step) visitor.Begin();
    const absl::Status status = i == 0 ? visitor.life().Open() : visitor.life().Do(steps[i - 1]);
    if (!status.ok()) return Fail(status.ToString());
    ++counts_.operations;
    if (i > 0 && i >= from_step && visitor.life().has_acted()) ++counts_.steps[steps[i - 1]];
    visitor.End();
  }
}

void CrashExplorer::Visit(const SimFileSystem& disk, absl::Span<const std::string> acceptable, uint64_t call) {
  if (only_ != nullptr) {
    const CrashChoice& wanted = only_->crashes[path_.crashes.size()];
    if (wanted.call == call) Crash(disk, acceptable, wanted);
    return;
  }
  ++counts_.points;
  for (CrashOptions& options : CrashesToTry(disk.UnsyncedItems(), StableHash(options_.seed, call))) {
    Crash(disk, acceptable, {.call = call, .options = std::move(options), .steps_after = ""});
    if (failure_.has_value()) return;
  }
}

void CrashExplorer::Crash(const SimFileSystem& disk, absl::Span<const std::string> acceptable,
                          const CrashChoice& choice) {
  std::unique_ptr<SimFileSystem> found = disk.Crash(choice.options);
  const uint64_t key = HashOf(*found, acceptable);
  path_.crashes.push_back(choice);
  if (IsNew(*found, key) || only_ != nullptr) {
    const std::optional<std::string> steps = StepsToExplore(key);
    path_.crashes.back().steps_after = steps.value_or("");
    Live(std::move(found), {acceptable.begin(), acceptable.end()}, steps.value_or(""),
         /*from_step=*/steps.has_value() ? 0 : kNoStep);
    if (failure_.has_value()) absl::StrAppend(&failure_->what, "\n", Describe(disk, choice));
  }
  path_.crashes.pop_back();
}

bool CrashExplorer::IsNew(const SimFileSystem& disk, uint64_t key) {
  counts_ += disk.crash_counts();
  if (!seen_.insert(key).second) return false;
  ++counts_.states;
  ++counts_.of_depth[path_.crashes.size() - 1];
  return true;
}

std::optional<std::string> CrashExplorer::StepsToExplore(uint64_t key) {
  const size_t depth = path_.crashes.size();
  if (only_ != nullptr) {
    if (depth < only_->crashes.size()) return only_->crashes[depth - 1].steps_after;
    was_reached_ = true;
    return std::nullopt;
  }
  if (depth == kMostCrashes) return std::nullopt;
  const uint64_t one_in = depth == 1 ? options_.second_crash_one_in : options_.third_crash_one_in;
  uint64_t random = StableHash(key, options_.seed);
  if (random % one_in != 0) return std::nullopt;
  std::string steps;
  for (random /= one_in; steps.size() < kMostStepsAfter && random % 3 != 0; random /= kCrashSteps.size()) {
    random /= 3;
    steps.push_back(kCrashSteps[random % kCrashSteps.size()]);
  }
  return steps;
}

void CrashExplorer::Fail(std::string what) { failure_ = Failure{FormatCrashPath(path_), std::move(what)}; }

}  // namespace aeternus::stress
