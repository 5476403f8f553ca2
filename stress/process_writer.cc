// The process that //stress:process_test kills: opens a database on the real disk, says what it finds in it, and then
// writes to it from several threads, saying after every write that it was acknowledged. See process_messages.h.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "aeternus/db.h"
#include "base/status.h"
#include "env/env.h"
#include "stress/child_process.h"
#include "stress/pausing_file_system.h"
#include "stress/process_history.h"
#include "stress/process_messages.h"
#include "stress/write_spec.h"

ABSL_FLAG(std::string, dir, "", "the database");
ABSL_FLAG(uint64_t, history, 1, "the seed of what is written");
ABSL_FLAG(uint64_t, pause_at_call, 0, "stops before that call to the file system and says so; 0: never");
ABSL_FLAG(uint64_t, writes_each, 0, "of each writer, then closes; 0: until it is killed");
ABSL_FLAG(bool, hold, false, "writes nothing, keeps the database open until standard input ends");

namespace aeternus::stress {
namespace {

// Stands still before one call, while other threads run on.
class Pause {
 public:
  explicit Pause(uint64_t at_call) : at_call_(at_call) {}
  void OnCall() {
    if (calls_.fetch_add(1) + 1 != at_call_) return;
    Say(kPaused, "");
    WaitForParent();
    std::_Exit(1);  // nobody wants the rest
  }

 private:
  const uint64_t at_call_;
  std::atomic<uint64_t> calls_{0};
};

// Little of everything, so that flushes and compactions are always near.
DbConfig SmallConfig(env::Env* env) {
  DbConfig config;
  config.write_buffer_bytes = 8192;
  config.compaction.min_table_size_bytes = 0;
  config.compaction.min_threshold = 2;
  config.table.block_size_bytes = 1024;
  config.env = env;
  return config;
}

absl::Status SayContents(Db& db) {
  AETERNUS_ASSIGN_OR_RETURN(const auto iterator, db.NewIterator({}));
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    Say(kPair, EncodePair(iterator->key(), iterator->value()));
  }
  return iterator->status();
}

absl::Status WriteFrom(Db& db, int writer, uint64_t first, uint64_t last) {
  const ProcessHistory history(absl::GetFlag(FLAGS_history));
  for (uint64_t number = first; last == 0 || number <= last; ++number) {
    const WriteOptions options{.sync = history.IsSynced(writer, number)};
    AETERNUS_RETURN_IF_ERROR(db.Write(BatchOf(history.WriteOf(writer, number)), options));
    Say(kAcknowledged, EncodeAcknowledgement({.writer = writer, .number = number}));
  }
  return absl::OkStatus();
}

// How many writes of a writer the database holds.
absl::StatusOr<uint64_t> CountOf(Db& db, int writer) {
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<std::string> text, db.Get(ProcessHistory::CountKey(writer)));
  uint64_t count = 0;
  if (text.has_value() && !absl::SimpleAtoi(*text, &count)) return absl::DataLossError("a count is no number");
  return count;
}

absl::Status WriteAll(Db& db) {
  const uint64_t writes_each = absl::GetFlag(FLAGS_writes_each);
  std::vector<uint64_t> counts(kProcessWriters);  // all before the first thread, which an error would leave behind
  for (int writer = 0; writer < kProcessWriters; ++writer) {
    AETERNUS_ASSIGN_OR_RETURN(counts[static_cast<size_t>(writer)], CountOf(db, writer));
  }
  std::vector<absl::Status> outcomes(kProcessWriters);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kProcessWriters; ++writer) {
    const uint64_t count = counts[static_cast<size_t>(writer)];
    const uint64_t last = writes_each == 0 ? 0 : count + writes_each;
    writers.emplace_back([&db, &outcome = outcomes[static_cast<size_t>(writer)], writer, count, last] {
      outcome = WriteFrom(db, writer, count + 1, last);
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (const absl::Status& outcome : outcomes) AETERNUS_RETURN_IF_ERROR(outcome);
  return absl::OkStatus();
}

absl::Status Run() {
  Pause pause(absl::GetFlag(FLAGS_pause_at_call));
  PausingFileSystem file_system(env::Env::Posix()->file_system, [&pause] { pause.OnCall(); });
  env::Env env = *env::Env::Posix();
  env.file_system = &file_system;

  Say(kOpening, "");
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, Db::Open(absl::GetFlag(FLAGS_dir), SmallConfig(&env)));
  AETERNUS_RETURN_IF_ERROR(db->Verify());
  AETERNUS_RETURN_IF_ERROR(SayContents(*db));
  Say(kOpened, "");
  if (absl::GetFlag(FLAGS_hold)) {
    WaitForParent();
    return absl::OkStatus();
  }
  AETERNUS_RETURN_IF_ERROR(WriteAll(*db));
  return db->Close();
}

}  // namespace
}  // namespace aeternus::stress

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = aeternus::stress::Run();
  if (status.ok()) return 0;
  aeternus::stress::Say(aeternus::stress::kFailed, status.ToString());
  return 1;
}
