#include "salvage/salvage.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "aeternus/options.h"
#include "aeternus/write_batch.h"
#include "base/status.h"
#include "engine/file_names.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "iterator/merging_iterator.h"
#include "iterator/visible_iterator.h"
#include "salvage/inventory.h"
#include "salvage/log_survey.h"
#include "sstable/table_salvager.h"

namespace aeternus::salvage {
namespace {

constexpr size_t kWriteBufferBytes = size_t{32} << 20;
constexpr size_t kBatchBytes = size_t{1} << 20;

// What is used of the source, as layers of entries to be merged.
struct Layers {
  std::vector<std::unique_ptr<EntryIterator>> entries;
  std::vector<std::shared_ptr<const FragmentedTombstones>> tombstones;
};

// Reads what of the source can be proven good, and reports the rest.
class Surveyor {
 public:
  Surveyor(env::FileSystem* file_system, const std::string& dir, const Options& options, Inventory inventory)
      : file_system_(file_system),
        dir_(dir),
        options_(options),
        inventory_(std::move(inventory)),
        report_(inventory_.report) {}

  absl::StatusOr<Layers> Run() {
    for (const FileNumber table : inventory_.tables) AETERNUS_RETURN_IF_ERROR(SurveyTable(table));
    AETERNUS_RETURN_IF_ERROR(FindDiscarded());
    report_.used_behind_damage = !options_.stop_at_damage;
    for (const FileNumber log : inventory_.logs) AETERNUS_RETURN_IF_ERROR(SurveyLog(log));
    CheckReach();
    const bool lost_entries = std::any_of(report_.losses.begin(), report_.losses.end(),
                                          [](const Loss& loss) { return loss.may_hold_entries; });
    if (lost_entries) {
      report_.warnings.push_back(
          "what was lost may have been deletions or newer values: an older value that survived elsewhere is shown");
    }
    return std::move(layers_);
  }

  Report&& report() { return std::move(report_); }

 private:
  // ---- tables ----

  absl::Status SurveyTable(FileNumber number) {
    const std::string name = TableName(number);
    const Version::TablePtr metadata =
        inventory_.manifest.has_value() ? inventory_.manifest->version->Find(number) : nullptr;
    std::optional<uint64_t> expected_size_bytes;
    if (metadata != nullptr) expected_size_bytes = metadata->size_bytes;
    const auto survey = sstable::TableSalvager::Survey(file_system_, env::JoinPath(dir_, name), number,
                                                       inventory_.database, expected_size_bytes);
    if (absl::IsUnimplemented(survey.status())) return survey.status();
    if (!survey.ok()) {
      report_.losses.push_back({.file = name, .what = std::string(survey.status().message())});
      if (metadata != nullptr) report_.losses.back().entries = metadata->entry_count();
      return absl::OkStatus();
    }
    const sstable::TableSalvager& table = **survey;
    ++report_.tables;
    report_.good_entries += table.point_count() + table.range_tombstones()->ToTombstones().size();
    if (table.point_count() > 0) layers_.entries.push_back(table.NewIterator());
    if (!table.range_tombstones()->empty()) layers_.tombstones.push_back(table.range_tombstones());
    ReportTable(table, name, metadata.get());
    return absl::OkStatus();
  }

  void ReportTable(const sstable::TableSalvager& table, const std::string& name, const TableMetadata* metadata) {
    std::optional<uint64_t> written = table.written_point_count();
    if (metadata != nullptr) written = metadata->put_count + metadata->delete_count;
    // Of all stretches together; told with the first that may have held some.
    std::optional<uint64_t> missing;
    if (written.has_value() && *written >= table.point_count()) missing = *written - table.point_count();
    const bool lacks_none = missing == uint64_t{0};
    for (const sstable::LostStretch& lost : table.lost()) {
      Loss loss{.file = name, .offset = lost.offset, .size_bytes = lost.size_bytes, .what = lost.what};
      loss.may_hold_entries = lost.may_hold_entries && !lacks_none;
      if (loss.may_hold_entries) {
        loss.entries = std::exchange(missing, std::nullopt);
        loss.has_key_range = true;
        loss.after = lost.after;
        loss.before = lost.before;
      }
      report_.losses.push_back(std::move(loss));
    }
    if (table.may_lack_tombstones() && (metadata == nullptr || metadata->has_range_tombstones())) {
      report_.warnings.push_back(absl::StrCat("range deletions of ", name,
                                              " were lost, or may have been: what they had deleted may reappear"));
    }
  }

  // ---- logs ----

  // Which frames and logs earlier recoveries discarded: the manifest's cut says it, and so does each link, which names
  // the place where the chain stood.
  absl::Status FindDiscarded() {
    if (inventory_.manifest.has_value() && inventory_.manifest->cut.has_value()) {
      const LogCut& cut = *inventory_.manifest->cut;
      dead_from_[cut.log] = cut.offset_bytes;
      KillBetween(cut.log, cut.first_live_log);
    }
    for (auto log = inventory_.logs.rbegin(); log != inventory_.logs.rend(); ++log) {
      AETERNUS_ASSIGN_OR_RETURN(links_[*log], ReadLink(file_system_, dir_, inventory_.database, *log));
      const std::optional<LogLink>& link = links_[*log];
      if (!link.has_value() || dead_.contains(*log)) continue;
      KillBetween(link->predecessor, *log);
      const auto [known, is_new] = dead_from_.emplace(link->predecessor, link->end_offset);
      if (!is_new) known->second = std::min(known->second, link->end_offset);
    }
    return absl::OkStatus();
  }

  void KillBetween(FileNumber begin, FileNumber end) {
    if (begin.value == 0) return;  // a first log, which followed none
    for (const FileNumber log : inventory_.logs) {
      if (begin < log && log < end) dead_.insert(log);
    }
  }

  absl::Status SurveyLog(FileNumber number) {
    LogSurvey::Options options{.database = inventory_.database};
    if (const auto dead_from = dead_from_.find(number); dead_from != dead_from_.end()) {
      options.dead_from = dead_from->second;
    }
    if (dead_.contains(number)) options.dead_from = 0;
    const bool follows = dead_.contains(number) || CheckLink(number);
    if (options_.stop_at_damage) options.use = is_torn_ ? LogSurvey::Use::kNothing : LogSurvey::Use::kUpToDamage;
    AETERNUS_ASSIGN_OR_RETURN(const std::shared_ptr<const LogSurvey> log,
                              LogSurvey::Make(file_system_, dir_, number, options));
    report_.discarded += log->discarded();
    report_.losses.insert(report_.losses.end(), log->losses().begin(), log->losses().end());
    if (!log->is_used()) {
      is_torn_ |= log->is_damaged();
      return absl::OkStatus();
    }
    const uint64_t operations = log->operation_count() + log->left_out();
    report_.behind_damage += is_torn_ || !follows ? operations : log->behind_damage();
    is_torn_ |= !follows || log->is_damaged();
    ++report_.logs;
    report_.good_entries += log->operation_count();
    layers_.entries.push_back(log->NewIterator());
    if (!log->range_tombstones()->empty()) layers_.tombstones.push_back(log->range_tombstones());
    reached_lsn_ = std::max(reached_lsn_, log->reached_lsn());
    synced_lsn_ = std::max(synced_lsn_, log->synced_lsn());
    previous_ = log;
    return absl::OkStatus();
  }

  // Whether nothing is missing between the log before and this one; what is, is reported.
  bool CheckLink(FileNumber number) {
    const std::optional<LogLink>& link = links_[number];
    if (!link.has_value() || link->predecessor.value == 0) return true;  // the survey says what is damaged
    const FileNumber predecessor = link->predecessor;
    if (previous_ != nullptr && previous_->number() == predecessor) {
      if (previous_->reached_offset() >= link->end_offset) return true;
      Loss loss{.file = LogName(predecessor),
                .offset = previous_->reached_offset(),
                .size_bytes = link->end_offset - previous_->reached_offset(),
                .what = absl::StrCat("the log reached further, as ", LogName(number), " says")};
      if (link->last_lsn > previous_->reached_lsn())
        loss.entries = link->last_lsn.value - previous_->reached_lsn().value;
      report_.losses.push_back(std::move(loss));
      is_torn_ = true;
      return true;
    }
    // What a manifest calls flushed may be gone; without one nobody knows.
    if (!inventory_.manifest.has_value() || predecessor < inventory_.manifest->min_log) return true;
    report_.losses.push_back({.file = LogName(predecessor),
                              .what = absl::StrCat("the log is missing, or holds no frame; ", LogName(number),
                                                   " says that it reached to LSN ", link->last_lsn.value)});
    is_torn_ = true;
    return true;
  }

  // Whether some frame, or the manifest's cut or close, knows of LSNs that were found nowhere.
  void CheckReach() {
    FileNumber log = previous_ != nullptr ? previous_->number() : FileNumber(0);
    const auto note = [&](Lsn synced, FileNumber where) {
      if (synced <= synced_lsn_) return;
      synced_lsn_ = synced;
      log = where;
    };
    if (inventory_.manifest.has_value()) {
      const ManifestState& state = *inventory_.manifest;
      reached_lsn_ = std::max({reached_lsn_, state.flushed_lsn, state.version->max_lsn()});
      if (state.cut.has_value()) note(state.cut->last_lsn, state.cut->log);
      if (state.close.has_value()) note(state.close->last_lsn, state.close->log);
    }
    if (log.value == 0 || synced_lsn_ <= reached_lsn_) return;
    const bool was_read = previous_ != nullptr && previous_->number() == log;
    report_.losses.push_back({.file = LogName(log),
                              .offset = was_read ? previous_->reached_offset() : 0,
                              .what = absl::StrCat("everything up to LSN ", synced_lsn_.value, " was on disk, and LSN ",
                                                   reached_lsn_.value, " is the last that was found"),
                              .entries = synced_lsn_.value - reached_lsn_.value});
  }

  env::FileSystem* const file_system_;
  const std::string& dir_;
  const Options& options_;
  const Inventory inventory_;
  Report report_;
  Layers layers_;
  std::map<FileNumber, std::optional<LogLink>> links_;
  std::map<FileNumber, uint64_t> dead_from_;
  std::set<FileNumber> dead_;
  std::shared_ptr<const LogSurvey> previous_;  // the last log with a frame
  bool is_torn_ = false;                       // the chain of logs, at some place in front of the log in hand
  Lsn reached_lsn_, synced_lsn_;
};

// Writes pairs into a new database, in batches.
class TargetWriter {
 public:
  TargetWriter(Engine* engine, const Options& options, Report* report)
      : engine_(*engine), options_(options), report_(*report) {}

  absl::Status Put(std::string_view key, std::string_view value) {
    if (!batch_.empty() && batch_.size_bytes() + key.size() + value.size() > kBatchBytes) {
      AETERNUS_RETURN_IF_ERROR(WriteBatchOut());
    }
    batch_.Put(key, value);
    ++report_.written_records;
    report_.written_bytes += key.size() + value.size();
    return absl::OkStatus();
  }
  absl::Status Finish() {
    AETERNUS_RETURN_IF_ERROR(WriteBatchOut());
    AETERNUS_RETURN_IF_ERROR(engine_.FreezeMemtable().status());
    return engine_.Close();  // flushes, and makes all of it durable
  }

 private:
  absl::Status WriteBatchOut() {
    if (batch_.empty()) return absl::OkStatus();
    AETERNUS_RETURN_IF_ERROR(engine_.Write(batch_, {.sync = false}));
    batch_ = WriteBatch();  // gives back the room that a large value took
    if (options_.progress) options_.progress(report_.written_records, report_.written_bytes);
    return engine_.FlushAllFrozen().status();
  }

  Engine& engine_;
  const Options& options_;
  Report& report_;
  WriteBatch batch_;
};

absl::Status WriteTarget(env::Env* env, const std::string& target, const Options& options, Layers layers,
                         Report* report) {
  EngineConfig config{.write_buffer_bytes = kWriteBufferBytes, .error_if_exists = true, .env = env};
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::Open(target, config));
  TargetWriter writer(engine.get(), options, report);
  VisibleIterator it(NewMergingIterator(std::move(layers.entries)), std::move(layers.tombstones), {});
  for (it.SeekToFirst(); it.Valid(); it.Next()) AETERNUS_RETURN_IF_ERROR(writer.Put(it.key(), it.value()));
  AETERNUS_RETURN_IF_ERROR(it.status());
  return writer.Finish();
}

// Holds the source's lock, if it has one that can be taken: salvage writes nothing there, not even a LOCK.
absl::StatusOr<std::unique_ptr<env::FileLock>> LockSource(env::FileSystem* file_system, const std::string& source) {
  const std::string path = env::JoinPath(source, kLockName);
  AETERNUS_ASSIGN_OR_RETURN(const bool exists, file_system->FileExists(path));
  if (!exists) return nullptr;
  absl::StatusOr<std::unique_ptr<env::FileLock>> lock = file_system->LockFile(path);
  if (absl::IsPermissionDenied(lock.status())) return nullptr;  // a read-only medium: nobody has it open for writing
  return lock;
}

}  // namespace

absl::StatusOr<Report> Salvage(env::Env* env, const std::string& source, const std::string& target,
                               const Options& options) {
  if (source.empty() || target.empty()) return absl::InvalidArgumentError("a directory is an empty string");
  if (absl::StartsWith(target, env::JoinPath(source, ""))) {
    return absl::InvalidArgumentError(absl::StrCat("the target ", target, " lies inside the source ", source));
  }
  AETERNUS_ASSIGN_OR_RETURN(const bool exists, env->file_system->FileExists(target));
  if (exists) return absl::AlreadyExistsError(absl::StrCat(target, " exists; salvage needs a new directory"));
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<env::FileLock> lock, LockSource(env->file_system, source));
  AETERNUS_ASSIGN_OR_RETURN(Inventory inventory, TakeInventory(env->file_system, source));
  Surveyor surveyor(env->file_system, source, options, std::move(inventory));
  AETERNUS_ASSIGN_OR_RETURN(Layers layers, surveyor.Run());
  Report report = surveyor.report();
  if (absl::Status status = WriteTarget(env, target, options, std::move(layers), &report); !status.ok()) {
    return Annotate(status, absl::StrCat("writing ", target, ", which is unfinished and may be deleted"));
  }
  return report;
}

}  // namespace aeternus::salvage
