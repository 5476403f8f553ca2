// A database on a simulated disk, for tests that look at its files, damage them, or cut the power.
//
//   SimDatabase database;
//   ASSERT_TRUE(database.Open().ok());
//   database->Put("k", "v");
//   database.Drop();                                     // as a killed process leaves it
//   database.disk().SetContents(database.Logs()[0], ...);
//   ASSERT_TRUE(database.Open().ok());
//
// Thread safety: as Engine, but Open and Drop one at a time and with nothing else.
#ifndef AETERNUS_STRESS_SIM_DATABASE_H_
#define AETERNUS_STRESS_SIM_DATABASE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/engine.h"
#include "aeternus/options.h"
#include "env/testing/sim_env.h"
#include "env/testing/sim_file_system.h"

namespace aeternus::stress {

using Contents = std::map<std::string, std::string>;

// Every visible pair; Engine and Db alike. DataLoss when the iterator meets damage.
template <typename Database>
absl::StatusOr<Contents> ReadAll(Database& database) {
  auto iterator = database.NewIterator({});
  if (!iterator.ok()) return iterator.status();
  Contents contents;
  for ((*iterator)->SeekToFirst(); (*iterator)->Valid(); (*iterator)->Next()) {
    contents.emplace((*iterator)->key(), (*iterator)->value());
  }
  if (absl::Status status = (*iterator)->status(); !status.ok()) return status;
  return contents;
}

// The files of one role on `disk`, in the order of their numbers.
enum class FileRole { kLog, kTable, kManifest };
std::vector<std::string> FilesOf(const env::testing::SimFileSystem& disk, FileRole role);

class SimDatabase {
 public:
  // On an empty disk, or on `disk`, such as one that a crash left. `config.env` is set here. `seed` decides the id of a
  // database that is made here.
  explicit SimDatabase(EngineConfig config = {}, std::unique_ptr<env::testing::SimFileSystem> disk = nullptr,
                       uint64_t seed = 1);

  absl::Status Open();
  // Destroys the engine without closing it.
  void Drop() { engine_.reset(); }
  // Closes and destroys it.
  absl::Status Close();
  absl::Status Reopen() {
    Drop();
    return Open();
  }

  Engine* engine() { return engine_.get(); }  // null while it is not open
  Engine* operator->() { return engine_.get(); }
  Engine& operator*() { return *engine_; }

  env::testing::SimFileSystem& disk() { return env_.file_system(); }
  env::testing::SimEnv& env() { return env_; }
  const EngineConfig& config() const { return config_; }
  static constexpr char kDirectory[] = "/db";

  std::vector<std::string> Logs() { return FilesOf(disk(), FileRole::kLog); }
  std::vector<std::string> Tables() { return FilesOf(disk(), FileRole::kTable); }
  std::vector<std::string> Manifests() { return FilesOf(disk(), FileRole::kManifest); }
  // Every file with its bytes.
  std::map<std::string, std::string> Image();

 private:
  env::testing::SimEnv env_;
  EngineConfig config_;
  std::unique_ptr<Engine> engine_;
};

// "key_000042", "value_000042_padded_to_some_length".
std::string NumberedKey(int i);
std::string NumberedValue(int i);
// Puts keys begin ... end - 1, each with its own value.
absl::Status PutNumbered(Engine& engine, int begin, int end, const WriteOptions& options = {});
// What keys begin ... end - 1 hold after PutNumbered.
Contents NumberedContents(int begin, int end);
// Freezes the active memtable and flushes everything.
absl::Status FlushEverything(Engine& engine);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_SIM_DATABASE_H_
