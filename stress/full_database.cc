#include "stress/full_database.h"

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "aeternus/write_batch.h"
#include "env/executor.h"
#include "env/testing/sim_file_system.h"

namespace aeternus::stress {
namespace {

using aeternus::testing::Contents;
using aeternus::testing::Machine;

constexpr size_t kBlockSizeBytes = 256;
// As small as the options allow, so that the untouched rest of each log is small too.
constexpr size_t kWriteBufferBytes = 1 << 10;

std::string Key(int i) { return absl::StrFormat("key%03d", i); }

// Background work that happens when the test says so, and otherwise never.
class HeldExecutors final : public env::ExecutorFactory {
 public:
  std::unique_ptr<env::Executor> NewExecutor(int, const std::string&) override {
    return std::make_unique<Held>(&tasks_);
  }
  void RunAll() {
    while (!tasks_.empty()) {
      absl::AnyInvocable<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  using Tasks = std::deque<absl::AnyInvocable<void()>>;
  struct Held final : env::Executor {
    explicit Held(Tasks* t) : tasks(t) {}
    // What was not run when the database stops would find it stopped.
    ~Held() override { tasks->clear(); }
    void Schedule(absl::AnyInvocable<void()> task) override { tasks->push_back(std::move(task)); }
    Tasks* const tasks;
  };
  Tasks tasks_;
};

// Writes, and notes what can be read after each operation.
class Historian {
 public:
  explicit Historian(FullDatabase* full) : full_(*full) { full_.history.emplace_back(); }

  void Put(int key, std::string_view value) {
    batch_.Put(Key(key), value);
    Note({EntryKind::kPut, Key(key), std::string(value)});
  }
  void Delete(int key) {
    batch_.Delete(Key(key));
    Note({EntryKind::kDelete, Key(key), ""});
  }
  void DeleteRange(int begin, int end) {
    batch_.DeleteRange(Key(begin), Key(end));
    Note({EntryKind::kRangeDelete, Key(begin), Key(end)});
  }
  // What was said since the last time, as one batch.
  template <typename Database>
  void Commit(Database& database, bool sync = true) {
    CHECK_OK(database.Write(batch_, {.sync = sync}));
    batch_ = WriteBatch();
    CHECK_EQ(database.Stats()->last_lsn, full_.operations.size());
  }

 private:
  void Note(LoggedOperation operation) {
    Contents now = full_.contents();
    operation.ApplyTo(&now);
    full_.history.push_back(std::move(now));
    keys_.insert(operation.key);
    full_.operations.push_back(std::move(operation));
    full_.keys.assign(keys_.begin(), keys_.end());
  }

  FullDatabase& full_;
  WriteBatch batch_;
  std::set<std::string> keys_;
};

// Three tables, made by hand.
void LiveByHand(Historian& historian, Machine& machine) {
  EngineConfig config = FullDatabaseConfig();
  config.write_buffer_bytes = 64 << 10;
  const std::unique_ptr<Engine> engine = machine.Open(config);
  for (int i = 0; i < 32; ++i) {
    historian.Put(i, absl::StrCat("the first value of ", i));
    historian.Commit(*engine, /*sync=*/false);
  }
  {
    std::vector<std::unique_ptr<const Snapshot>> snapshots;  // so that every version is kept
    for (int i = 0; i < 14; ++i) {
      historian.Put(5, absl::StrCat("version ", i, " of many"));
      historian.Commit(*engine, /*sync=*/false);
      snapshots.push_back(engine->GetSnapshot().value());
    }
    CHECK_OK(aeternus::testing::Flush(*engine));
  }
  for (int i = 20; i < 44; ++i) {
    if (i % 5 == 0) {
      historian.Delete(i);
    } else {
      historian.Put(i, absl::StrCat("the second value of ", i));
    }
    historian.Commit(*engine);
  }
  historian.DeleteRange(8, 12);
  historian.Commit(*engine);
  CHECK_OK(aeternus::testing::Flush(*engine));
  historian.DeleteRange(40, 42);
  historian.DeleteRange(2, 4);
  historian.Commit(*engine);
  CHECK_OK(aeternus::testing::Flush(*engine));
  CHECK_OK(engine->Close());
}

// Puts with and without sync until the memtable of the present log is full, and the one that then opens the next.
void FillLog(Historian& historian, Db& db, int key, bool sync) {
  const uint64_t frozen = db.Stats()->frozen_memtables;
  while (db.Stats()->frozen_memtables == frozen) {
    historian.Put(key, std::string(100, static_cast<char>('a' + key % 26)));
    historian.Commit(db, sync);
    ++key;
  }
}

// A flush in the background, then a chain of logs that finds no room for its tables.
void LiveWithBackground(Historian& historian, Machine& machine, Ending ending) {
  HeldExecutors executors;
  env::Env machine_with_held_work = *machine.env();
  machine_with_held_work.executors = &executors;
  DbConfig config;
  config.write_buffer_bytes = kWriteBufferBytes;
  config.max_frozen_memtables = 8;
  config.table.block_size_bytes = kBlockSizeBytes;
  config.compaction.min_threshold = 64;
  config.compaction.max_threshold = 64;
  config.compaction.tombstone_ratio = 1.0;
  config.env = &machine_with_held_work;
  const std::unique_ptr<Db> db = Db::Open(Machine::kDir, config).value();
  for (const int key : {44, 68, 84, 100}) {
    FillLog(historian, *db, key, /*sync=*/true);
    executors.RunAll();
  }

  machine.disk().SetFaultRule([](const env::testing::FileCall& call) {
    const bool is_new_table = call.op == env::testing::FileOp::kCreate && absl::EndsWith(call.path, ".sst");
    return is_new_table ? env::testing::Fault::kNoSpace : env::testing::Fault::kNone;
  });
  historian.DeleteRange(44, 46);
  historian.Put(45, "back again");
  historian.Delete(0);
  historian.Commit(*db, /*sync=*/false);
  FillLog(historian, *db, 52, /*sync=*/false);
  FillLog(historian, *db, 46, /*sync=*/true);
  historian.Put(1, "synced, and a later frame says so");
  historian.Commit(*db);
  historian.Put(60, "not synced");
  historian.Commit(*db, /*sync=*/false);
  historian.DeleteRange(60, 62);
  historian.Put(61, "not synced either, in a batch of two");
  historian.Commit(*db, /*sync=*/false);
  historian.Put(1, "synced, and no later frame says so");
  historian.Commit(*db);
  executors.RunAll();  // prepares a log before it fails to flush
  if (ending == Ending::kClosed) CHECK_OK(db->Close());
}

FullDatabase Finished(FullDatabase full) {
  for (const char* never : {"key0", "key005a", "never"}) full.keys.emplace_back(never);  // in front, between, behind
  full.machine = full.machine.AfterKill();
  return full;
}

}  // namespace

void LoggedOperation::ApplyTo(Contents* contents) const {
  if (kind == EntryKind::kPut) {
    (*contents)[key] = value;
  } else if (kind == EntryKind::kDelete) {
    contents->erase(key);
  } else {
    contents->erase(contents->lower_bound(key), contents->lower_bound(value));
  }
}

EngineConfig FullDatabaseConfig() {
  EngineConfig config;
  config.write_buffer_bytes = kWriteBufferBytes;
  config.table.block_size_bytes = kBlockSizeBytes;
  config.memory_budget_bytes = 1 << 20;
  return config;
}

FullDatabase MakeFullDatabase(Ending ending) {
  FullDatabase full;
  Historian historian(&full);
  LiveByHand(historian, full.machine);
  LiveWithBackground(historian, full.machine, ending);
  return Finished(std::move(full));
}

FullDatabase MakeYoungDatabase(Ending ending) {
  FullDatabase young;
  Historian historian(&young);
  const std::unique_ptr<Engine> engine = young.machine.Open(FullDatabaseConfig());
  for (int i = 0; i < 6; ++i) {
    historian.Put(i, absl::StrCat("value ", i));
    historian.Commit(*engine);
  }
  if (ending == Ending::kClosed) CHECK_OK(engine->Close());
  return Finished(std::move(young));
}

}  // namespace aeternus::stress
