// A simulated machine with one database directory, for tests that crash it, damage its files or let it fail.
//
//   Machine machine;
//   auto engine = machine.Open();
//   ASSERT_OK(engine->Put("k", "v"));
//   Machine after = machine.AfterPowerLoss();        // the engine runs on, on its own disk
//   EXPECT_EQ(ContentsWhenOpened(after), (Contents{{"k", "v"}}));
//
// Thread safety: as its parts.
#ifndef AETERNUS_ENGINE_TESTING_MACHINE_H_
#define AETERNUS_ENGINE_TESTING_MACHINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/engine.h"
#include "aeternus/options.h"
#include "env/env.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus::testing {

// Keys with their values, or paths with their bytes.
using Contents = std::map<std::string, std::string>;

class Machine {
 public:
  static constexpr char kDir[] = "/data/db";

  // On an empty disk, or on `disk`, such as one that a crash left. `seed` decides the id of a database that is made
  // here.
  explicit Machine(std::unique_ptr<env::testing::SimFileSystem> disk = nullptr, uint64_t seed = 1);

  env::testing::SimFileSystem& disk() { return env_->file_system(); }
  env::testing::SimClock& clock() { return env_->clock(); }
  env::Env* env() { return env_->env(); }

  absl::StatusOr<std::unique_ptr<Engine>> TryOpen(EngineConfig config = {});
  // Null, and a failure of the test, when it cannot be opened.
  std::unique_ptr<Engine> Open(EngineConfig config = {});

  // The machine after its process was killed now.
  Machine AfterKill() const { return Machine(env_->file_system().Fork()); }
  // The machine after power was lost now, and of what was not synced nothing, or what `options` says, survived.
  Machine AfterPowerLoss(const env::testing::CrashOptions& options = {
                             .mode = env::testing::CrashMode::kDropAll}) const {
    return Machine(env_->file_system().Crash(options));
  }

  // Paths of the files of the directory, by number.
  std::vector<std::string> Logs() const;
  std::vector<std::string> Tables() const;
  std::vector<std::string> Manifests() const;
  // Every file of the directory with its bytes, the lock aside.
  Contents Files() const;

  // Damage, as if it had always been there.
  void FlipBit(const std::string& path, uint64_t bit);
  void Zero(const std::string& path, uint64_t offset, uint64_t size);
  void Truncate(const std::string& path, uint64_t size);
  void Write(const std::string& path, uint64_t offset, std::string_view bytes);
  void Delete(const std::string& path);
  uint64_t SizeOf(const std::string& path) const;

  // From now until Heal, each call of the disk that fits `condition` fails in that way.
  void FailWhile(std::function<bool(const env::testing::FileCall&)> condition,
                 env::testing::Fault fault = env::testing::Fault::kIoError);
  void Heal() { disk().SetFaultRule(nullptr); }
  // The calls of the kinds `ops` that `act` makes, in order, as "sync /data/db/000001.log".
  std::vector<std::string> CallsOf(const std::vector<env::testing::FileOp>& ops, const std::function<void()>& act);

 private:
  template <typename Parse>
  std::vector<std::string> FilesNamed(Parse parse) const;

  std::unique_ptr<env::testing::SimEnv> env_;
};

// What kind of file a path of the directory names.
bool IsLog(std::string_view path);
bool IsTable(std::string_view path);
bool IsManifest(std::string_view path);

// Whether opening fails with DataLoss and changes no byte of the directory.
::testing::AssertionResult IsRefusedUnchanged(Machine& machine, std::string_view word = "");

// Every visible pair; Engine and Db alike.
template <typename Database>
Contents ContentsOf(Database& database, const ReadOptions& options = {}) {
  Contents contents;
  const auto iterator = database.NewIterator(options);
  EXPECT_TRUE(iterator.ok()) << iterator.status();
  if (!iterator.ok()) return contents;
  Iterator& it = **iterator;
  for (it.SeekToFirst(); it.Valid(); it.Next()) contents.emplace(it.key(), it.value());
  EXPECT_TRUE(it.status().ok()) << it.status();
  return contents;
}

// The same of the machine's database, opened for it; a failure of the test when it cannot be.
Contents ContentsWhenOpened(Machine& machine);
inline Contents ContentsWhenOpened(Machine&& machine) { return ContentsWhenOpened(machine); }

// Pairs with numbers for names: what keys begin ... end - 1 hold after PutNumbered, which gives each an LSN of its own.
std::string NumberedKey(int i);
Contents Numbered(int begin, int end);
template <typename Database>
void PutNumbered(Database& database, int begin, int end, const WriteOptions& options = {}) {
  for (const auto& [key, value] : Numbered(begin, end)) {
    const absl::Status status = database.Put(key, value, options);
    EXPECT_TRUE(status.ok()) << status;
  }
}
inline constexpr WriteOptions kUnsynced{.sync = false};
// The same of every `step`-th of those keys, beginning with `begin`: so tables of one size overlap, as minor
// compactions want them.
template <typename Database>
void PutEvery(Database& database, int begin, int end, int step, const WriteOptions& options = {}) {
  for (int i = begin; i < end; i += step) PutNumbered(database, i, i + 1, options);
}

// Puts the active memtable into a table.
absl::Status Flush(Engine& engine);

}  // namespace aeternus::testing

#endif  // AETERNUS_ENGINE_TESTING_MACHINE_H_
