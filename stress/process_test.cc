// Real processes on the real disk. kill -9 takes the process and leaves the kernel: what was handed to the operating
// system is still written. So of a killed database every acknowledged write is there, synced or not, and of each writer
// at most the one write that was on its way beside them; nothing else (options.h, WriteOptions).
#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "gtest/gtest.h"
#include "stress/child_process.h"
#include "stress/process_history.h"
#include "stress/process_messages.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "stress/sim_database.h"
#include "stress/temp_directory.h"
#include "stress/write_spec.h"

ABSL_FLAG(std::string, writer, "", "the program process_writer");

namespace aeternus::stress {
namespace {

constexpr uint64_t kHistory = 1;
using Counts = std::array<uint64_t, kProcessWriters>;

std::unique_ptr<ChildProcess> StartWriter(const std::string& dir, std::vector<std::string> flags,
                                          uint64_t history = kHistory) {
  std::vector<std::string> arguments = {absl::GetFlag(FLAGS_writer), absl::StrCat("--dir=", dir),
                                        absl::StrCat("--history=", history)};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return std::make_unique<ChildProcess>(arguments);
}

// What a child said until it had opened its database.
struct Opening {
  bool opened = false;
  bool paused = false;  // at the call it was told to pause at, while it had not opened yet
  std::string failure;  // why it could not
  Contents contents;
};

// Listens until it has opened, paused or ended. Asked again after a pause, it goes on where it stopped.
void AwaitOpening(ChildProcess& child, Opening& opening) {
  for (opening.paused = false; !opening.opened && !opening.paused;) {
    const std::optional<Message> message = child.Next();
    if (!message.has_value()) break;
    if (message->kind == kPair) opening.contents.insert(DecodePair(message->text));
    opening.opened = message->kind == kOpened;
    opening.paused = message->kind == kPaused;
    if (message->kind == kFailed) opening.failure = message->text;
  }
}

Opening AwaitOpening(ChildProcess& child) {
  Opening opening;
  AwaitOpening(child, opening);
  return opening;
}

Contents ContentsWhenOpened(const std::string& dir) {
  const auto child = StartWriter(dir, {"--hold"});
  Opening opening = AwaitOpening(*child);
  EXPECT_TRUE(opening.opened) << opening.failure;
  return std::move(opening.contents);
}

// One database that is killed again and again, and what is known of it.
class KilledDatabase {
 public:
  KilledDatabase(std::string dir, uint64_t history) : dir_(std::move(dir)), history_(history) {}

  // Starts a process that opens it, and kills it at a moment that `rng` decides.
  void KillOnce(Rng& rng);
  // Lets a process open it, write, and close it.
  void WriteAndClose(uint64_t writes_each);
  // Looks at it a last time.
  void CheckOnce();

  uint64_t kills_in_recovery() const { return kills_in_recovery_; }
  // Of a recovery after a recovery that was killed, too.
  uint64_t double_kills() const { return double_kills_; }
  uint64_t acknowledged_checked() const { return acknowledged_checked_; }
  uint64_t unacknowledged_found() const { return unacknowledged_found_; }

 private:
  void Check(const Contents& found);
  // Takes note of what the child says until `limit` further acknowledgements, its pause, or its end.
  void Listen(ChildProcess& child, std::optional<uint64_t> limit);

  const std::string dir_;
  const uint64_t history_;
  Counts in_model_{};      // writes that model_ holds
  Counts acknowledged_{};  // as far as was heard
  Contents model_;
  bool was_writing_ = false;     // since the last check: so one more write of each writer may be there
  bool was_recovering_ = false;  // when it was last killed
  uint64_t kills_in_recovery_ = 0;
  uint64_t double_kills_ = 0;
  uint64_t acknowledged_checked_ = 0;
  uint64_t unacknowledged_found_ = 0;
};

void KilledDatabase::Check(const Contents& found) {
  const ProcessHistory history(history_);
  for (int writer = 0; writer < kProcessWriters; ++writer) {
    const auto w = static_cast<size_t>(writer);
    uint64_t count = 0;
    if (const auto it = found.find(ProcessHistory::CountKey(writer)); it != found.end()) {
      ASSERT_TRUE(absl::SimpleAtoi(it->second, &count)) << Quoted(it->second);
    }
    ASSERT_GE(count, acknowledged_[w]) << "acknowledged writes of writer " << writer << " are gone";
    ASSERT_LE(count, acknowledged_[w] + (was_writing_ ? 1 : 0)) << "writer " << writer << " never wrote that";
    acknowledged_checked_ += acknowledged_[w] - in_model_[w];
    unacknowledged_found_ += count - acknowledged_[w];
    while (in_model_[w] < count) Apply(history.WriteOf(writer, ++in_model_[w]), model_);
    acknowledged_[w] = count;
  }
  was_writing_ = false;
  for (const auto& [key, value] : model_) {
    const auto it = found.find(key);
    ASSERT_TRUE(it != found.end()) << Quoted(key) << " is gone";
    ASSERT_EQ(Quoted(it->second), Quoted(value)) << Quoted(key);
  }
  for (const auto& [key, value] : found) ASSERT_TRUE(model_.contains(key)) << Quoted(key) << " should not be there";
}

void KilledDatabase::Listen(ChildProcess& child, std::optional<uint64_t> limit) {
  for (uint64_t heard = 0; !limit.has_value() || heard < *limit; ++heard) {
    const std::optional<Message> message = child.Next();
    if (!message.has_value() || message->kind == kPaused) return;
    ASSERT_EQ(message->kind, kAcknowledged) << message->text;
    const Acknowledgement acknowledgement = DecodeAcknowledgement(message->text);
    uint64_t& last = acknowledged_[static_cast<size_t>(acknowledgement.writer)];
    ASSERT_EQ(acknowledgement.number, last + 1);
    last = acknowledgement.number;
  }
}

void KilledDatabase::KillOnce(Rng& rng) {
  // Half of them at a call to the file system, often one of the recovery, half after a number of acknowledgements.
  const bool at_call = rng.OneIn(2);
  const uint64_t call = 1 + rng.Below(rng.OneIn(3) ? 600 : 30);
  const uint64_t acknowledgements = rng.Below(rng.OneIn(2) ? 20 : 2000);
  std::vector<std::string> flags;
  if (at_call) flags.push_back(absl::StrCat("--pause_at_call=", call));
  const auto child = StartWriter(dir_, flags, history_);
  Opening opening = AwaitOpening(*child);
  ASSERT_TRUE(opening.opened || opening.paused) << opening.failure << child->Wait();
  if (opening.opened) {
    ASSERT_NO_FATAL_FAILURE(Check(opening.contents));
    was_writing_ = true;
    ASSERT_NO_FATAL_FAILURE(Listen(*child, at_call ? std::nullopt : std::optional(acknowledgements)));
  }
  child->Kill();
  if (!opening.opened) {
    // If it was a flush in the background that paused, the rest of it may have gone on until it was killed.
    AwaitOpening(*child, opening);
    if (opening.opened) {
      ASSERT_NO_FATAL_FAILURE(Check(opening.contents));
      was_writing_ = true;
    } else {
      ++kills_in_recovery_;
      double_kills_ += was_recovering_ ? 1 : 0;
    }
  }
  was_recovering_ = !opening.opened;
  if (opening.opened) {
    ASSERT_NO_FATAL_FAILURE(Listen(*child, std::nullopt));
  }
  EXPECT_EQ(child->Wait(), "signal 9");
}

void KilledDatabase::WriteAndClose(uint64_t writes_each) {
  const auto child = StartWriter(dir_, {absl::StrCat("--writes_each=", writes_each)}, history_);
  const Opening opening = AwaitOpening(*child);
  ASSERT_TRUE(opening.opened) << opening.failure;
  ASSERT_NO_FATAL_FAILURE(Check(opening.contents));
  ASSERT_NO_FATAL_FAILURE(Listen(*child, std::nullopt));
  EXPECT_EQ(child->Wait(), "exit 0");
}

void KilledDatabase::CheckOnce() {
  const auto child = StartWriter(dir_, {"--hold"}, history_);
  const Opening opening = AwaitOpening(*child);
  ASSERT_TRUE(opening.opened) << opening.failure;
  Check(opening.contents);
}

TEST(ProcessTest, EveryAcknowledgedWriteSurvivesAKill) {
  constexpr uint64_t kKillsOfADatabase = 20;
  const uint64_t cycles = IsLongRun() ? 10'000 : 200;
  const uint64_t seed = SeedOverride().value_or(1);
  SCOPED_TRACE(absl::StrCat("replay (the schedule is the machine's): ", ReplayCommand(seed)));
  Rng rng(seed);
  uint64_t kills = 0, kills_in_recovery = 0, double_kills = 0, checked = 0, unacknowledged = 0;
  for (uint64_t history = 1; kills < cycles; ++history) {
    const TempDirectory temp;
    KilledDatabase database(temp.path() + "/db", seed + history);
    for (uint64_t i = 0; i < kKillsOfADatabase && kills < cycles; ++i, ++kills) {
      SCOPED_TRACE(absl::StrCat("database ", history, ", kill ", i + 1));
      ASSERT_NO_FATAL_FAILURE(database.KillOnce(rng));
      if (!rng.OneIn(10)) continue;
      ASSERT_NO_FATAL_FAILURE(database.WriteAndClose(1 + rng.Below(200)));
    }
    ASSERT_NO_FATAL_FAILURE(database.CheckOnce());
    kills_in_recovery += database.kills_in_recovery();
    double_kills += database.double_kills();
    checked += database.acknowledged_checked();
    unacknowledged += database.unacknowledged_found();
  }
  std::printf("kill cycles: %" PRIu64 "\nkills during recovery: %" PRIu64
              "\nkills during recovery twice in a row: %" PRIu64 "\nacknowledged writes checked: %" PRIu64
              "\nunacknowledged writes found whole: %" PRIu64 "\n",
              kills, kills_in_recovery, double_kills, checked, unacknowledged);
  EXPECT_EQ(kills, cycles);
  EXPECT_GT(kills_in_recovery, cycles / 20);
  EXPECT_GT(double_kills, 0u);
  EXPECT_GT(checked, cycles * 20);
}

// ---- the lock ----

TEST(ProcessTest, ASecondProcessIsRefusedUntilTheFirstIsGone) {
  const TempDirectory temp;
  const auto first = StartWriter(temp.path(), {"--hold"});
  ASSERT_TRUE(AwaitOpening(*first).opened);

  const auto second = StartWriter(temp.path(), {"--hold"});
  const Opening refused = AwaitOpening(*second);
  ASSERT_FALSE(refused.opened);
  EXPECT_TRUE(absl::StartsWith(refused.failure, "UNAVAILABLE")) << refused.failure;
  EXPECT_EQ(second->Wait(), "exit 1");
  EXPECT_EQ(Db::Open(temp.path(), {}).status().code(), absl::StatusCode::kUnavailable);

  first->Kill();
  EXPECT_EQ(first->Wait(), "signal 9");
  EXPECT_TRUE(AwaitOpening(*StartWriter(temp.path(), {"--hold"})).opened) << "the lock outlived its process";
}

TEST(ProcessTest, AProcessThatEndsWithoutClosingReleasesTheLock) {
  const TempDirectory temp;
  const auto first = StartWriter(temp.path(), {"--hold"});
  ASSERT_TRUE(AwaitOpening(*first).opened);
  first->CloseInput();
  EXPECT_EQ(first->Wait(), "exit 0");
  EXPECT_TRUE(Db::Open(temp.path(), {}).ok());
}

TEST(ProcessTest, ASecondHandleInOneProcessIsRefusedUnderWhateverName) {
  const TempDirectory temp;
  const std::string dir = temp.path() + "/db", link = temp.path() + "/link";
  std::unique_ptr<Db> db = Db::Open(dir, {}).value();
  std::filesystem::create_directory_symlink(dir, link);
  for (const std::string& name : {dir, dir + "/", dir + "/.", dir + "/../db", link}) {
    EXPECT_EQ(Db::Open(name, {}).status().code(), absl::StatusCode::kUnavailable) << name;
    EXPECT_EQ(Engine::Open(name, {}).status().code(), absl::StatusCode::kUnavailable) << name;
  }
  ASSERT_TRUE(db->Put("k", "v").ok()) << "the refused ones must not have harmed the first";
  const auto other = StartWriter(dir, {"--hold"});
  EXPECT_FALSE(AwaitOpening(*other).opened) << "a refused handle released the lock of the one that holds it";

  db.reset();
  const std::unique_ptr<Engine> engine = Engine::Open(link, {}).value();
  EXPECT_EQ(engine->Get("k").value(), "v");
}

// ---- directories that go elsewhere ----

// A database that was killed with flushed and unflushed writes in it, and what it holds.
Contents MakeKilledDatabase(const std::string& dir) {
  Rng rng(1);
  KilledDatabase database(dir, kHistory);
  database.WriteAndClose(300);
  for (int i = 0; i < 3; ++i) database.KillOnce(rng);
  return ContentsWhenOpened(dir);
}

TEST(ProcessTest, AMovedDirectoryOpens) {
  const TempDirectory temp;
  const std::string here = temp.path() + "/here", there = temp.path() + "/elsewhere/there";
  const Contents contents = MakeKilledDatabase(here);
  ASSERT_GT(contents.size(), 100u);
  std::filesystem::create_directory(temp.path() + "/elsewhere");
  std::filesystem::rename(here, there);
  EXPECT_EQ(ContentsWhenOpened(there), contents);
  EXPECT_FALSE(std::filesystem::exists(here)) << "something of it still goes by the old path";
}

TEST(ProcessTest, ACopiedDirectoryOpensBesideTheOriginal) {
  const TempDirectory temp;
  const std::string original = temp.path() + "/original", copy = temp.path() + "/copy";
  const Contents contents = MakeKilledDatabase(original);
  std::filesystem::copy(original, copy, std::filesystem::copy_options::recursive);
  const auto holder = StartWriter(original, {"--hold"});
  EXPECT_EQ(AwaitOpening(*holder).contents, contents);
  EXPECT_EQ(ContentsWhenOpened(copy), contents);

  // They go separate ways.
  {
    const std::unique_ptr<Db> db = Db::Open(copy, {}).value();
    ASSERT_TRUE(db->Put("only in the copy", "").ok());
  }
  holder->Kill();
  holder->Wait();
  EXPECT_EQ(ContentsWhenOpened(original), contents);
}

}  // namespace
}  // namespace aeternus::stress
