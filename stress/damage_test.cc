// Damage to one place of one file, everywhere: every bit of every file of a database flipped, one at a time, and every
// file cut short at every byte. What is asked of the store then (invariants 6 and 7; docs/durability.md):
//
//   - each read gives the right answer or DataLoss; a scan that meets damage ends with an error, never early
//   - an open that fails changes nothing; one that succeeds keeps what an open of the whole database keeps, as it is
//   - bytes that nothing uses do not matter
//   - a database that was killed may also answer with the prefix of its history that stands in front of the damaged
//     frame, if nothing that survives says that more was synced ("What no store can tell")
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "gtest/gtest.h"
#include "stress/full_database.h"
#include "stress/seed.h"
#include "wal/frame.h"

namespace aeternus::stress {
namespace {

using aeternus::testing::Contents;
using aeternus::testing::FramesOf;
using aeternus::testing::LogFrame;
using aeternus::testing::Machine;

enum class FileType { kCurrent, kManifest, kLog, kTable };
constexpr std::string_view kFileTypeNames[] = {"CURRENT", "manifests", "logs", "tables"};

FileType TypeOf(std::string_view path) {
  if (absl::EndsWith(path, ".log")) return FileType::kLog;
  if (absl::EndsWith(path, ".sst")) return FileType::kTable;
  return absl::StrContains(path, "/MANIFEST-") ? FileType::kManifest : FileType::kCurrent;
}

struct Damage {
  std::string path;
  uint64_t byte = 0;  // the one that is damaged, or the first that is cut off
  int bit = kCutOff;
  static constexpr int kCutOff = -1;

  bool is_cut() const { return bit == kCutOff; }
  void ApplyTo(std::string* bytes) const {
    if (is_cut()) {
      bytes->resize(byte);
    } else {
      (*bytes)[byte] = static_cast<char>((*bytes)[byte] ^ (1 << bit));
    }
  }
  bool Hits(const LogFrame& frame) const { return is_cut() ? frame.end_offset > byte : IsIn(frame); }
  bool IsIn(const LogFrame& frame) const { return frame.offset <= byte && byte < frame.end_offset; }
};

enum class Answer { kRight, kError, kPrefix };

struct Verdict {
  Answer answer = Answer::kRight;
  std::string wrong;       // what no damage excuses; empty: nothing
  size_t failed_gets = 0;  // that met the damage

  static Verdict Wrong(std::string what) { return {.wrong = std::move(what)}; }
};

// What a store may still say after one damage.
struct Allowed {
  const Contents* contents;
  bool is_prefix = false;
  bool must_fail = false;    // what is left proves that something is missing
  bool must_answer = false;  // nothing uses the damaged bytes
};

// The status of a read, as a letter of the law: OK or DataLoss that names the database.
std::string WrongStatus(const absl::Status& status, std::string_view what) {
  if (status.ok()) return "";
  if (absl::IsDataLoss(status) && absl::StrContains(status.message(), Machine::kDir)) return "";
  return absl::StrCat(what, ": ", status.ToString());
}

class DamageChecker {
 public:
  DamageChecker(Ending ending, FullDatabase full)
      : ending_(ending), full_(std::move(full)), files_(full_.machine.Files()) {
    Machine whole = full_.machine.AfterKill();
    for (const std::string& log : whole.Logs()) frames_.emplace_back(log, FramesOf(whole, log));
    const auto engine = whole.Open(FullDatabaseConfig());
    Verdict verdict;
    EXPECT_EQ(ReadEverything(*engine, full_.contents(), &verdict), "");
    EXPECT_EQ(verdict.answer, Answer::kRight);
    for (const auto& [path, bytes] : whole.Files()) kept_.insert(path);
  }

  const Contents& files() const { return files_; }
  const FullDatabase& full() const { return full_; }
  const std::vector<std::pair<std::string, std::vector<LogFrame>>>& frames() const { return frames_; }

  Verdict Check(const Damage& damage) const {
    Machine machine = full_.machine.AfterKill();
    std::string bytes = files_.at(damage.path);
    damage.ApplyTo(&bytes);
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
    if (allowed.must_fail) return Verdict::Wrong("opened, although a frame proves that something is missing");
    verdict.answer = allowed.is_prefix ? Answer::kPrefix : Answer::kRight;
    verdict.wrong = ReadEverything(**engine, *allowed.contents, &verdict);
    if (verdict.wrong.empty()) verdict.wrong = WrongVerification(**engine, damage, verdict.answer);
    if (verdict.wrong.empty() && allowed.must_answer && verdict.answer != Answer::kRight) {
      verdict.wrong = "nothing uses these bytes, and a read failed";
    }
    if (verdict.wrong.empty()) verdict.wrong = WrongFiles(machine.Files(), damage.path, bytes, allowed.is_prefix);
    return verdict;
  }

 private:
  // The exception of docs/durability.md, to the letter.
  Allowed AllowedAfter(const Damage& damage) const {
    Allowed allowed{.contents = &full_.contents()};
    if (TypeOf(damage.path) != FileType::kLog) return allowed;
    const LogFrame* first_hit = nullptr;
    Lsn synced;  // the greatest that survives
    for (const auto& [log, frames] : frames_) {
      for (const LogFrame& frame : frames) {
        const bool is_hit = log == damage.path && damage.Hits(frame);
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

  // Reads every key, and scans in both directions. A read that meets damage makes the answer an error.
  std::string ReadEverything(Engine& engine, const Contents& expected, Verdict* verdict) const {
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

  // Up to its end or to an error, an iterator shows what is expected and leaves nothing out.
  template <typename Position, typename Step>
  static std::string WrongWalk(const Iterator& it, Position expected, Position end, Step step) {
    for (; it.Valid(); step(), ++expected) {
      if (expected == end) return absl::StrCat("a scan shows ", it.key(), " behind its end");
      if (it.key() != expected->first) return absl::StrCat("a scan shows ", it.key(), ", expected ", expected->first);
      if (it.value() != expected->second) return absl::StrCat("a scan shows a wrong value of ", it.key());
    }
    if (expected != end && it.status().ok()) return absl::StrCat("a scan ends early, in front of ", expected->first);
    return "";
  }

  // Verify finds what a read could find, and every flip in a table.
  static std::string WrongVerification(Engine& engine, const Damage& damage, Answer answer) {
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

  bool IsUnchanged(const Contents& now, const std::string& damaged_path, const std::string& damaged) const {
    if (now.size() != files_.size()) return false;
    for (const auto& [path, bytes] : now) {
      const auto before = files_.find(path);
      if (before == files_.end() || bytes != (path == damaged_path ? damaged : before->second)) return false;
    }
    return true;
  }

  // After an open: what an open of the whole database keeps is there, as it was. A prefix may do without the logs that
  // hold what is behind it.
  std::string WrongFiles(const Contents& now, const std::string& damaged_path, const std::string& damaged,
                         bool is_prefix) const {
    for (const auto& [path, before] : files_) {
      if (TypeOf(path) == FileType::kCurrent) continue;  // it names the new manifest
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

  const Ending ending_;
  const FullDatabase full_;
  const Contents files_;
  std::vector<std::pair<std::string, std::vector<LogFrame>>> frames_;  // of each log, in the order of the chain
  std::set<std::string> kept_;                                         // by an open of the whole database
};

// Counts of one kind of damage, by type of file and by answer.
class Tally {
 public:
  explicit Tally(std::string_view kind) : kind_(kind) {}

  void Add(const Damage& damage, const Verdict& verdict) {
    if (verdict.wrong.empty()) {
      ++counts_[{TypeOf(damage.path), verdict.answer}];
      if (verdict.failed_gets > 0) max_failed_gets_ = std::max(max_failed_gets_, verdict.failed_gets);
      if (verdict.failed_gets > 0 && verdict.failed_gets <= kKeysOfABlock) ++local_;
      return;
    }
    ++wrong_;
    if (wrong_ <= kShown) {
      ADD_FAILURE() << damage.path << " at " << damage.byte << (damage.is_cut() ? ", cut" : ", bit ")
                    << (damage.is_cut() ? "" : absl::StrCat(damage.bit)) << ": " << verdict.wrong;
    }
  }
  uint64_t Of(FileType type, Answer answer) const {
    const auto it = counts_.find({type, answer});
    return it == counts_.end() ? 0 : it->second;
  }
  uint64_t With(Answer answer) const {
    uint64_t n = 0;
    for (const auto& [what, count] : counts_) n += what.second == answer ? count : 0;
    return n;
  }
  uint64_t All() const { return With(Answer::kRight) + With(Answer::kError) + With(Answer::kPrefix) + wrong_; }
  // Damage that few gets met, and the largest number of gets that one damage met in an open database.
  uint64_t local() const { return local_; }
  size_t max_failed_gets() const { return max_failed_gets_; }
  void Print() const {
    Line(kind_, All());
    Line("answered right", With(Answer::kRight));
    Line("answered with an error", With(Answer::kError));
    Line("answered with a prefix", With(Answer::kPrefix));
    for (const FileType type : {FileType::kCurrent, FileType::kManifest, FileType::kLog, FileType::kTable}) {
      const std::string in = absl::StrCat(kind_, " in ", kFileTypeNames[static_cast<int>(type)]);
      Line(absl::StrCat(in, ", answered right"), Of(type, Answer::kRight));
      Line(absl::StrCat(in, ", answered with an error"), Of(type, Answer::kError));
      Line(absl::StrCat(in, ", answered with a prefix"), Of(type, Answer::kPrefix));
    }
    Line(absl::StrCat(kind_, " that at most ", kKeysOfABlock, " gets met, and some"), local_);
    if (wrong_ > 0) Line(absl::StrCat(kind_, ", answered wrong"), wrong_);
  }

 private:
  static constexpr uint64_t kShown = 40;
  static constexpr size_t kKeysOfABlock = 8;
  static void Line(std::string_view name, uint64_t value) {
    std::printf("%.*s: %llu\n", static_cast<int>(name.size()), name.data(), static_cast<unsigned long long>(value));
  }

  const std::string kind_;
  std::map<std::pair<FileType, Answer>, uint64_t> counts_;
  uint64_t wrong_ = 0;
  uint64_t local_ = 0;
  size_t max_failed_gets_ = 0;
};

// The bytes of all files are dealt out to this many test cases, so that shards can share the work.
constexpr uint64_t kSlices = 8;

class DamageTest : public ::testing::TestWithParam<std::tuple<Ending, uint64_t>> {
 protected:
  DamageTest() : checker_(ending(), MakeFullDatabase(ending())) {}
  Ending ending() const { return std::get<0>(GetParam()); }

  // Calls `visit` with each byte of the slice; how many there are.
  template <typename Visit>
  uint64_t ForEachByte(Visit visit) const {
    uint64_t ordinal = 0;
    uint64_t visited = 0;
    for (const auto& [path, bytes] : checker_.files()) {
      for (uint64_t byte = 0; byte < bytes.size(); ++byte) {
        if (ordinal++ % kSlices != std::get<1>(GetParam())) continue;
        ++visited;
        visit(path, byte);
      }
    }
    EXPECT_GE(ordinal, 32'000u) << "bytes in all files";
    return visited;
  }

  const DamageChecker checker_;
};

TEST_P(DamageTest, EveryFlippedBitGivesTheRightAnswerOrAnError) {
  SCOPED_TRACE(ReplayCommand(std::nullopt));
  Tally tally("bit flips");
  const uint64_t bytes = ForEachByte([&](const std::string& path, uint64_t byte) {
    for (int bit = 0; bit < 8; ++bit) {
      const Damage damage{.path = path, .byte = byte, .bit = bit};
      tally.Add(damage, checker_.Check(damage));
    }
  });
  tally.Print();
  EXPECT_EQ(tally.All(), 8 * bytes);
  // Much of a log is not used yet; of a table, properties and the filters of absent keys are not needed by these reads.
  EXPECT_EQ(tally.Of(FileType::kCurrent, Answer::kError), 64u);
  EXPECT_GE(tally.Of(FileType::kManifest, Answer::kError), 700u);
  EXPECT_GE(tally.Of(FileType::kLog, Answer::kRight), 16'000u);
  EXPECT_GE(tally.Of(FileType::kLog, Answer::kError), 2'000u);
  EXPECT_GE(tally.Of(FileType::kTable, Answer::kRight), 1'000u);
  EXPECT_GE(tally.Of(FileType::kTable, Answer::kError), 8'000u);
  EXPECT_EQ(tally.With(Answer::kPrefix) >= 200, ending() == Ending::kKilled);
  // Beside the damage, the database is readable.
  EXPECT_GE(tally.local(), 4'000u);
  EXPECT_LE(tally.max_failed_gets(), checker_.full().keys.size() / 2);
}

TEST_P(DamageTest, EveryFileCutShortGivesTheRightAnswerOrAnError) {
  SCOPED_TRACE(ReplayCommand(std::nullopt));
  Tally tally("truncations");
  const uint64_t bytes = ForEachByte([&](const std::string& path, uint64_t byte) {
    const Damage damage{.path = path, .byte = byte};
    tally.Add(damage, checker_.Check(damage));
  });
  tally.Print();
  EXPECT_EQ(tally.All(), bytes);
  EXPECT_EQ(tally.Of(FileType::kCurrent, Answer::kError), 8u);
  EXPECT_GE(tally.Of(FileType::kManifest, Answer::kError), 80u);
  EXPECT_GE(tally.Of(FileType::kLog, Answer::kRight), 2'000u);
  EXPECT_GE(tally.Of(FileType::kLog, Answer::kError), 200u);
  EXPECT_GE(tally.Of(FileType::kTable, Answer::kError), 1'000u);
  EXPECT_EQ(tally.With(Answer::kPrefix) >= 50, ending() == Ending::kKilled);
}

// The first edit that matters has no other behind it.
class YoungDamageTest : public ::testing::TestWithParam<Ending> {};

TEST_P(YoungDamageTest, EveryFlippedBitAndEveryCutGivesTheRightAnswerOrAnError) {
  SCOPED_TRACE(ReplayCommand(std::nullopt));
  const DamageChecker checker(GetParam(), MakeYoungDatabase(GetParam()));
  Tally flips("bit flips");
  Tally cuts("truncations");
  for (const auto& [path, bytes] : checker.files()) {
    for (uint64_t byte = 0; byte < bytes.size(); ++byte) {
      for (int bit = 0; bit < 8; ++bit) {
        const Damage damage{.path = path, .byte = byte, .bit = bit};
        flips.Add(damage, checker.Check(damage));
      }
      const Damage cut{.path = path, .byte = byte};
      cuts.Add(cut, checker.Check(cut));
    }
  }
  flips.Print();
  cuts.Print();
  EXPECT_GE(flips.Of(FileType::kManifest, Answer::kError), 1'000u);
  EXPECT_GE(cuts.Of(FileType::kManifest, Answer::kError), 100u);
  EXPECT_GE(flips.Of(FileType::kLog, Answer::kRight), 30'000u);
  EXPECT_EQ(flips.With(Answer::kPrefix) > 0, GetParam() == Ending::kKilled);
}

INSTANTIATE_TEST_SUITE_P(Endings, YoungDamageTest, ::testing::Values(Ending::kClosed, Ending::kKilled),
                         [](const auto& info) { return info.param == Ending::kClosed ? "Closed" : "Killed"; });

INSTANTIATE_TEST_SUITE_P(Closed, DamageTest,
                         ::testing::Combine(::testing::Values(Ending::kClosed),
                                            ::testing::Range(uint64_t{0}, kSlices)));
INSTANTIATE_TEST_SUITE_P(Killed, DamageTest,
                         ::testing::Combine(::testing::Values(Ending::kKilled),
                                            ::testing::Range(uint64_t{0}, kSlices)));

}  // namespace
}  // namespace aeternus::stress
