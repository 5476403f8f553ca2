#include "stress/differential/aeternus_subject.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "aeternus/pinned_value.h"
#include "base/status.h"
#include "env/testing/sim_env.h"

namespace aeternus::stress {
namespace {

constexpr char kDirectory[] = "/db";
constexpr int64_t kHourMicros = int64_t{3600} * 1'000'000;
constexpr uint64_t kWritesBetweenReopens = 40;

// What both shells do alike.
template <typename Database, typename Config>
class AeternusSubject : public Subject {
 public:
  explicit AeternusSubject(Variant<Config> variant) : variant_(std::move(variant)) {}

  absl::Status Open() {
    Config config = variant_.configs[openings_++ % variant_.configs.size()];
    config.env = env_.env();
    AETERNUS_ASSIGN_OR_RETURN(database_, Database::Open(kDirectory, config));
    return absl::OkStatus();
  }

  absl::Status Write(const std::vector<WriteSpec>& writes, bool sync) final {
    AETERNUS_RETURN_IF_ERROR(writes.size() == 1 ? WriteOne(writes[0], {.sync = sync})
                                                : database_->Write(BatchOf(writes), {.sync = sync}));
    ++writes_;
    AETERNUS_RETURN_IF_ERROR(AfterWrite(writes_));
    const bool may_reopen = variant_.reopen_points == ReopenPoints::kMore && writes_ % kWritesBetweenReopens == 0;
    return may_reopen ? ReopenUnlessRead() : absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options) final {
    if (!variant_.pins_values) return database_->Get(key, options);
    PinnedValue value;
    AETERNUS_ASSIGN_OR_RETURN(const bool found, database_->Get(options, key, &value));
    if (!found) return std::nullopt;
    return std::string(value.view());
  }
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options,
                                                        const IteratorOptions& bounds) final {
    return database_->NewIterator(options, bounds);
  }
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() final { return database_->GetSnapshot(); }

  void PassTime() final { env_.clock().AdvanceMicros(kHourMicros); }
  absl::Status Verify() final { return database_->Verify(); }

  absl::Status Reopen(bool by_close, size_t handles, const std::function<void()>& release) final {
    if (variant_.reopen_points == ReopenPoints::kNever) {
      release();
      return absl::OkStatus();
    }
    if (by_close) {
      if (handles > 0 && !absl::IsFailedPrecondition(database_->Close())) {
        return absl::InternalError(absl::StrCat("closed while ", handles, " readers were alive"));
      }
      release();
      AETERNUS_RETURN_IF_ERROR(GoDown(/*by_close=*/true));
    } else {
      AETERNUS_RETURN_IF_ERROR(GoDown(/*by_close=*/false));
      release();  // readers that outlived their database
    }
    return Open();
  }

  void AddDeeds(Deeds& deeds) final {
    NoteDeeds();
    for (const auto& [name, count] : deeds_) deeds[name] += count;
    deeds_.clear();
  }

 protected:
  virtual absl::Status AfterWrite(uint64_t /*writes*/) { return absl::OkStatus(); }

  const Variant<Config> variant_;
  env::testing::SimEnv env_{/*seed=*/1};
  std::unique_ptr<Database> database_;

 private:
  absl::Status WriteOne(const WriteSpec& write, const WriteOptions& options) {
    switch (write.kind) {
      case WriteSpec::Kind::kPut:
        return database_->Put(write.key, write.value.Bytes(), options);
      case WriteSpec::Kind::kDelete:
        return database_->Delete(write.key, options);
      case WriteSpec::Kind::kDeleteRange:
        return database_->DeleteRange(write.key, write.end, options);
    }
    return absl::OkStatus();
  }

  absl::Status GoDown(bool by_close) {
    NoteDeeds();
    deeds_[by_close ? "reopens after close" : "reopens after drop"] += 1;
    if (by_close) AETERNUS_RETURN_IF_ERROR(database_->Close());
    database_.reset();
    return absl::OkStatus();
  }

  absl::Status ReopenUnlessRead() {
    AETERNUS_ASSIGN_OR_RETURN(const aeternus::Stats stats, database_->Stats());
    if (stats.live_snapshots + stats.live_iterators > 0) return absl::OkStatus();
    AETERNUS_RETURN_IF_ERROR(GoDown(/*by_close=*/writes_ % (2 * kWritesBetweenReopens) == 0));
    return Open();
  }

  // The statistics of a database end with it.
  void NoteDeeds() {
    const absl::StatusOr<aeternus::Stats> stats = database_ == nullptr ? absl::UnknownError("") : database_->Stats();
    if (!stats.ok()) return;
    deeds_["flushes"] += stats->flushes;
    deeds_["minor compactions"] += stats->minor_compactions;
    deeds_["tombstone compactions"] += stats->tombstone_compactions;
    deeds_["major compactions"] += stats->major_compactions;
    deeds_["log syncs"] += stats->log_syncs;
  }

  uint64_t openings_ = 0;
  uint64_t writes_ = 0;
  Deeds deeds_;
};

class EngineSubject final : public AeternusSubject<Engine, EngineConfig> {
 public:
  using AeternusSubject::AeternusSubject;

  absl::Status Maintain(Maintenance maintenance) override {
    return Do(variant_.does[static_cast<size_t>(maintenance)]);
  }

 private:
  absl::Status AfterWrite(uint64_t writes) override {
    const auto every = static_cast<uint64_t>(variant_.maintains_every);
    if (every == 0 || writes % every != 0) return absl::OkStatus();
    return Do(variant_.does[writes / every % kMaintenanceKinds]);
  }

  absl::Status Do(Maintenance maintenance) {
    switch (maintenance) {
      case Maintenance::kFreeze:
        return database_->FreezeMemtable().status();
      case Maintenance::kFlushOldest:
        return database_->FlushOldestFrozen().status();
      case Maintenance::kFlushAll:
        return database_->FlushAllFrozen().status();
      case Maintenance::kMinorCompact:
        return database_->MinorCompact().status();
      case Maintenance::kTombstoneCompact:
        return database_->TombstoneCompact().status();
      case Maintenance::kMajorCompact:
        return database_->MajorCompact().status();
    }
    return absl::OkStatus();
  }
};

class DbSubject final : public AeternusSubject<Db, DbConfig> {
 public:
  using AeternusSubject::AeternusSubject;

  absl::Status Maintain(Maintenance maintenance) override {
    switch (maintenance) {
      case Maintenance::kFreeze:
      case Maintenance::kFlushOldest:
        return absl::OkStatus();
      case Maintenance::kFlushAll:
        return database_->Flush();
      case Maintenance::kMinorCompact:
      case Maintenance::kTombstoneCompact:
        return database_->WaitForBackgroundWork();
      case Maintenance::kMajorCompact:
        return database_->MajorCompact().status();
    }
    return absl::OkStatus();
  }
};

template <typename SubjectType, typename Config>
absl::StatusOr<std::unique_ptr<Subject>> OpenSubject(const Variant<Config>& variant) {
  auto subject = std::make_unique<SubjectType>(variant);
  AETERNUS_RETURN_IF_ERROR(subject->Open());
  return subject;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subject>> OpenEngine(const EngineVariant& variant) {
  return OpenSubject<EngineSubject>(variant);
}

absl::StatusOr<std::unique_ptr<Subject>> OpenDb(const DbVariant& variant) { return OpenSubject<DbSubject>(variant); }

}  // namespace aeternus::stress
