#include "stress/damage_checker.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "wal/frame.h"

namespace aeternus::stress {

using aeternus::testing::Contents;
using aeternus::testing::FramesOf;
using aeternus::testing::LogFrame;
using aeternus::testing::Machine;

namespace {

void Apply(const Damage& damage, std::string* bytes) {
  if (damage.is_cut()) {
    bytes->resize(damage.byte);
  } else {
    (*bytes)[damage.byte] = static_cast<char>((*bytes)[damage.byte] ^ (1 << damage.bit));
  }
}

bool Hits(const Damage& damage, const LogFrame& frame) {
  return frame.end_offset > damage.byte && (damage.is_cut() || frame.offset <= damage.byte);
}

// The status of a read, as a letter of the law: OK or DataLoss that names the database.
std::string WrongStatus(const absl::Status& status, std::string_view what) {
  if (status.ok()) return "";
  if (absl::IsDataLoss(status) && absl::StrContains(status.message(), Machine::kDir)) return "";
  return absl::StrCat(what, ": ", status.ToString());
}

// Up to its end or to an error, an iterator shows what is expected and leaves nothing out.
template <typename Position, typename Step>
std::string WrongWalk(const Iterator& it, Position expected, Position end, Step step) {
  for (; it.Valid(); step(), ++expected) {
    if (expected == end) return absl::StrCat("a scan shows ", it.key(), " behind its end");
    if (it.key() != expected->first) return absl::StrCat("a scan shows ", it.key(), ", expected ", expected->first);
    if (it.value() != expected->second) return absl::StrCat("a scan shows a wrong value of ", it.key());
  }
  if (expected != end && it.status().ok()) return absl::StrCat("a scan ends early, in front of ", expected->first);
  return "";
}

// Verify finds what a read could find, and every flip in a table.
std::string WrongVerification(Engine& engine, const Damage& damage, Answer answer) {
  const absl::Status status = engine.Verify();
  if (std::string wrong = WrongStatus(status, "verify"); !wrong.empty()) return wrong;
  if (status.ok() && answer == Answer::kError) return "a read failed, and Verify finds nothing";
  if (TypeOf(damage.path) == FileType::kTable) {
    if (absl::StrContains(status.message(), damage.path)) return "";
    return absl::StrCat("Verify does not name the damaged table: ", status.ToString());
  }
  const bool is_damaged_header = TypeOf(damage.path) == FileType::kLog && damage.byte < kFileIdentitySizeBytes;
  if (!status.ok() && answer != Answer::kError && !is_damaged_header) {
    return absl::StrCat("every read is right, but Verify says ", status.ToString());
  }
  return "";
}

}  // namespace

FileType TypeOf(std::string_view path) {
  if (absl::EndsWith(path, ".log")) return FileType::kLog;
  if (absl::EndsWith(path, ".sst")) return FileType::kTable;
  if (absl::EndsWith(path, "/RESERVE")) return FileType::kReserve;
  return absl::StrContains(path, "/MANIFEST-") ? FileType::kManifest : FileType::kCurrent;
}

DamageChecker::DamageChecker(Ending ending, FullDatabase full)
    : ending_(ending), full_(std::move(full)), files_(full_.machine.Files()) {
  Machine whole = full_.machine.AfterKill();
  for (const std::string& log : whole.Logs()) frames_.emplace_back(log, FramesOf(whole, log));
  const auto engine = whole.Open(FullDatabaseConfig());
  Verdict verdict;
  EXPECT_EQ(ReadEverything(*engine, full_.contents(), &verdict), "");
  EXPECT_EQ(verdict.answer, Answer::kRight);
  for (const auto& [path, bytes] : whole.Files()) kept_.insert(path);
}

Verdict DamageChecker::Check(const Damage& damage) const {
  Machine machine = full_.machine.AfterKill();
  std::string bytes = files_.at(damage.path);
  Apply(damage, &bytes);
  EXPECT_EQ(machine.disk().SetContents(damage.path, bytes), absl::OkStatus());
  const Allowed allowed = AllowedAfter(damage);
  const absl::StatusOr<std::unique_ptr<Engine>> engine = machine.TryOpen(FullDatabaseConfig());
  Verdict verdict;
  if (!engine.ok()) {
    verdict.answer = Answer::kError;
    verdict.wrong = WrongStatus(engine.status(), "open");
    if (allowed.must_answer) verdict.wrong = absl::StrCat("nothing uses these bytes: ", engine.status().ToString());
    if (!IsUnchanged(machine.Files(), damage.path, bytes)) verdict.wrong = "a failed open changed the directory";
    return verdict;
  }
  if (allowed.must_fail) return {.wrong = "opened, although a frame proves that something is missing"};
  verdict.answer = allowed.is_prefix ? Answer::kPrefix : Answer::kRight;
  verdict.wrong = ReadEverything(**engine, *allowed.contents, &verdict);
  if (verdict.wrong.empty()) verdict.wrong = WrongVerification(**engine, damage, verdict.answer);
  if (verdict.wrong.empty() && allowed.must_answer && verdict.answer != Answer::kRight) {
    verdict.wrong = "nothing uses these bytes, and a read failed";
  }
  if (verdict.wrong.empty()) verdict.wrong = WrongFiles(machine.Files(), damage.path, bytes, allowed.is_prefix);
  return verdict;
}

DamageChecker::Allowed DamageChecker::AllowedAfter(const Damage& damage) const {
  Allowed allowed{.contents = &full_.contents()};
  if (TypeOf(damage.path) != FileType::kLog) return allowed;
  const LogFrame* first_hit = nullptr;
  Lsn synced;  // the greatest that survives
  for (const auto& [log, frames] : frames_) {
    for (const LogFrame& frame : frames) {
      const bool is_hit = log == damage.path && Hits(damage, frame);
      if (is_hit && first_hit == nullptr) first_hit = &frame;
      if (!is_hit) synced = std::max(synced, frame.synced_lsn);
    }
  }
  allowed.must_answer = first_hit == nullptr;
  // A seal holds no entries. In a closed database everything else was synced, and the store has to know.
  if (first_hit == nullptr || first_hit->type == wal::FrameType::kSeal) return allowed;
  if (ending_ == Ending::kClosed) {
    allowed.must_fail = true;
    return allowed;
  }
  const Lsn last(first_hit->first_lsn.value - 1);  // of a link: that of the first batch behind it
  allowed.contents = &full_.history[last.value];
  allowed.is_prefix = true;
  allowed.must_fail = synced > last;
  return allowed;
}

std::string DamageChecker::ReadEverything(Engine& engine, const Contents& expected, Verdict* verdict) const {
  const auto meet = [&](const absl::Status& status, std::string_view what) {
    if (!status.ok()) verdict->answer = Answer::kError;
    return WrongStatus(status, what);
  };
  for (const std::string& key : full_.keys) {
    const absl::StatusOr<std::optional<std::string>> value = engine.Get(key);
    if (std::string wrong = meet(value.status(), "get"); !wrong.empty()) return wrong;
    if (!value.ok()) {
      ++verdict->failed_gets;
      continue;
    }
    const auto it = expected.find(key);
    const bool is_right = it == expected.end() ? !value->has_value() : *value == it->second;
    if (!is_right) return absl::StrCat("get ", key, " answers ", value->value_or("nothing"));
  }
  const auto iterator = engine.NewIterator({});
  if (!iterator.ok()) return meet(iterator.status(), "iterator");
  Iterator& it = **iterator;
  it.SeekToFirst();
  std::string wrong = WrongWalk(it, expected.begin(), expected.end(), [&] { it.Next(); });
  if (wrong.empty()) wrong = meet(it.status(), "forward scan");
  if (!wrong.empty()) return wrong;
  it.SeekToLast();
  wrong = WrongWalk(it, expected.rbegin(), expected.rend(), [&] { it.Prev(); });
  return !wrong.empty() ? wrong : meet(it.status(), "reverse scan");
}

bool DamageChecker::IsUnchanged(const Contents& now, const std::string& damaged_path,
                                const std::string& damaged) const {
  if (now.size() != files_.size()) return false;
  for (const auto& [path, bytes] : now) {
    const auto before = files_.find(path);
    if (before == files_.end() || bytes != (path == damaged_path ? damaged : before->second)) return false;
  }
  return true;
}

std::string DamageChecker::WrongFiles(const Contents& now, const std::string& damaged_path, const std::string& damaged,
                                      bool is_prefix) const {
  for (const auto& [path, before] : files_) {
    // The one names the new manifest, and the other is made anew.
    if (TypeOf(path) == FileType::kCurrent || TypeOf(path) == FileType::kReserve) continue;
    const auto after = now.find(path);
    const bool may_go = is_prefix && TypeOf(path) == FileType::kLog;
    if (after == now.end()) {
      if (kept_.contains(path) && !may_go) return absl::StrCat(path, " was deleted");
      continue;
    }
    if (after->second != (path == damaged_path ? damaged : before)) return absl::StrCat(path, " was changed");
  }
  return "";
}

}  // namespace aeternus::stress
