#include "stress/io_shell.h"

#include <utility>

#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "base/status.h"

namespace aeternus::stress {
namespace {

constexpr char kDirectory[] = "/db";

template <typename Config>
Config SmallConfig(env::Env* env) {
  Config config;
  config.write_buffer_bytes = 1024;
  config.table.block_size_bytes = 256;
  config.compaction.min_table_size_bytes = 4096;
  config.compaction.min_threshold = 3;
  config.compaction.tombstone_ratio = 0.1;
  config.env = env;
  return config;
}

template <typename Database>
class ShellOf : public IoShell {
 public:
  explicit ShellOf(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::Status Write(const WriteBatch& batch, const WriteOptions& options) final {
    return database_->Write(batch, options);
  }
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) final { return database_->Get(key); }
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) final {
    return database_->NewIterator(options);
  }
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() final { return database_->GetSnapshot(); }
  absl::Status MajorCompact() final { return database_->MajorCompact().status(); }
  absl::Status Verify() final { return database_->Verify(); }
  absl::StatusOr<aeternus::Stats> Stats() final { return database_->Stats(); }
  absl::Status Close() final { return database_->Close(); }

 protected:
  const std::unique_ptr<Database> database_;
};

class EngineShell final : public ShellOf<Engine> {
 public:
  using ShellOf::ShellOf;
  absl::Status Flush() override {
    AETERNUS_RETURN_IF_ERROR(database_->FreezeMemtable().status());
    return database_->FlushAllFrozen().status();
  }
  absl::Status MinorCompact() override { return database_->MinorCompact().status(); }
  absl::Status TombstoneCompact() override { return database_->TombstoneCompact().status(); }
  absl::Status Settle() override { return absl::OkStatus(); }
};

class DbShell final : public ShellOf<Db> {
 public:
  using ShellOf::ShellOf;
  absl::Status Flush() override { return database_->Flush(); }
  // By themselves, after each flush.
  absl::Status MinorCompact() override { return absl::OkStatus(); }
  absl::Status TombstoneCompact() override { return absl::OkStatus(); }
  absl::Status Settle() override { return database_->WaitForBackgroundWork(); }
};

template <typename Shell, typename Database, typename Config>
absl::StatusOr<std::unique_ptr<IoShell>> OpenShell(env::Env* env) {
  AETERNUS_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(kDirectory, SmallConfig<Config>(env)));
  return std::make_unique<Shell>(std::move(database));
}

}  // namespace

const IoShellKind kEngineShell = {"engine", OpenShell<EngineShell, Engine, EngineConfig>};
const IoShellKind kDbShell = {"db", OpenShell<DbShell, Db, DbConfig>};

}  // namespace aeternus::stress
