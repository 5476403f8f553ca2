#include "stress/store.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "base/status.h"

namespace aeternus::stress {
namespace {

CompactionOptions CompactionOptionsFor(Configuration configuration) {
  CompactionOptions options;
  if (configuration == Configuration::kSmall) {
    options.min_table_size_bytes = 1024;
    options.tombstone_ratio = 0.2;
    options.tombstone_interval_seconds = 3600;
    options.tombstone_exact_lookup = false;
    options.drop_range_tombstones = false;
  } else {
    options.min_table_size_bytes = 256;
    options.min_threshold = 2;
    options.tombstone_ratio = 0.15;
  }
  return options;
}

// What both shells do alike. Config is the shell's own.
template <typename Database, typename Config>
class StoreOf : public Store {
 public:
  StoreOf(std::string dir, Config reopen_config) : dir_(std::move(dir)), reopen_config_(reopen_config) {}

  absl::Status Open(const Config& config) {
    AETERNUS_ASSIGN_OR_RETURN(database_, Database::Open(dir_, config));
    return absl::OkStatus();
  }

  absl::Status Put(std::string_view key, std::string_view value) final { return database_->Put(key, value); }
  absl::Status Delete(std::string_view key) final { return database_->Delete(key); }
  absl::Status DeleteRange(std::string_view start, std::string_view end) final {
    return database_->DeleteRange(start, end);
  }
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) final { return database_->Get(key); }
  absl::StatusOr<Pairs> Scan(std::string_view start, std::string_view end) final { return database_->Scan(start, end); }
  absl::StatusOr<aeternus::Stats> Stats() final { return database_->Stats(); }
  absl::Status MajorCompact() final { return database_->MajorCompact().status(); }

  absl::Status Reopen(Shutdown how) final {
    if (how == Shutdown::kClose) AETERNUS_RETURN_IF_ERROR(database_->Close());
    database_.reset();
    return Open(reopen_config_);
  }

 protected:
  std::unique_ptr<Database> database_;

 private:
  const std::string dir_;
  const Config reopen_config_;
};

class EngineStore final : public StoreOf<Engine, EngineConfig> {
 public:
  using StoreOf::StoreOf;

  bool compacts_only_when_told() const override { return true; }
  absl::Status Flush() override { return database_->FlushAllFrozen().status(); }
  absl::Status MinorCompactAll() override { return Repeat(&Engine::MinorCompact); }
  absl::Status TombstoneCompactAll() override { return Repeat(&Engine::TombstoneCompact); }

 private:
  absl::Status Repeat(absl::StatusOr<bool> (Engine::*compact)()) {
    bool did_something = true;
    while (did_something) {
      AETERNUS_ASSIGN_OR_RETURN(did_something, (database_.get()->*compact)());
    }
    return absl::OkStatus();
  }
};

class DbStore final : public StoreOf<Db, DbConfig> {
 public:
  using StoreOf::StoreOf;

  bool compacts_only_when_told() const override { return false; }
  absl::Status Flush() override {
    AETERNUS_RETURN_IF_ERROR(database_->Flush());
    return database_->WaitForBackgroundWork();
  }
  absl::Status MinorCompactAll() override { return database_->WaitForBackgroundWork(); }
  absl::Status TombstoneCompactAll() override { return database_->WaitForBackgroundWork(); }
};

template <typename StoreType, typename Config>
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& dir, const Config& config,
                                                 const Config& reopen_config) {
  auto store = std::make_unique<StoreType>(dir, reopen_config);
  AETERNUS_RETURN_IF_ERROR(store->Open(config));
  return store;
}

}  // namespace

EngineConfig EngineConfigFor(Configuration configuration) {
  EngineConfig config;
  config.write_buffer_bytes = configuration == Configuration::kSmall ? 4096 : 512;
  config.compaction = CompactionOptionsFor(configuration);
  return config;
}

DbConfig DbConfigFor(Configuration configuration) {
  DbConfig config;
  config.write_buffer_bytes = 1024;
  config.compaction = CompactionOptionsFor(configuration);
  return config;
}

absl::StatusOr<std::unique_ptr<Store>> OpenEngineStore(const std::string& dir, Configuration configuration) {
  return OpenStore<EngineStore>(dir, EngineConfigFor(configuration), EngineConfigFor(Configuration::kSmall));
}

absl::StatusOr<std::unique_ptr<Store>> OpenDbStore(const std::string& dir, Configuration configuration) {
  return OpenStore<DbStore>(dir, DbConfigFor(configuration), DbConfigFor(Configuration::kSmall));
}

}  // namespace aeternus::stress
