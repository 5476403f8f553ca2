// Opening: what a directory holds, whether it is whole, and how to go on from there. The order of the steps is the
// order of docs/durability.md; nothing is deleted before the new manifest is in force [DELETE_LATE].
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "engine/core.h"
#include "engine/file_names.h"
#include "sstable/format.h"
#include "sstable/table.h"
#include "wal/reader.h"

namespace aeternus {
namespace {

// What a memtable takes for a full write buffer of small entries.
constexpr size_t MemtableBytes(size_t write_buffer_bytes) { return write_buffer_bytes + write_buffer_bytes / 2; }

// What a log is given at once; it doubles as it grows (env/posix_log_file.cc). A small database stays small on disk.
constexpr uint64_t kFirstAllocationBytes = uint64_t{1} << 20;

// File numbers are set aside in the manifest by this many at a time.
constexpr uint64_t kReservedNumbers = 1024;

// What a table file says that it is; DataLoss when it has no whole footer.
absl::StatusOr<FileIdentity> ReadTableIdentity(env::FileSystem* file_system, const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file_system->FileSize(path));
  if (size < sstable::kFooterSizeBytes) return CorruptionError(path, 0, "the table has no footer");
  AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system->NewRandomAccessFile(path));
  std::string bytes(sstable::kFooterSizeBytes, '\0');
  AETERNUS_RETURN_IF_ERROR(file->Read(size - bytes.size(), absl::MakeSpan(bytes)));
  AETERNUS_ASSIGN_OR_RETURN(const sstable::Footer footer, sstable::DecodeFooter(bytes, path, size));
  return footer.identity;
}

// Tells a user whose database does not open what can be done.
absl::Status WithNextStep(const absl::Status& status, const std::string& dir) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(absl::StrCat(status.message(),
                                          ". Restore from a backup, or write what can still be read into a new "
                                          "database: aeternus salvage ",
                                          dir, " NEW_DIRECTORY"));
}

}  // namespace

Core::Core(std::string dir, const CoreOptions& options)
    : dir_(std::move(dir)),
      options_(options),
      env_(options.env != nullptr ? options.env : env::Env::Posix()),
      file_system_(env_->file_system),
      resources_(
          std::make_shared<MemoryResources>(options.memory_budget_bytes, MemtableBytes(options.write_buffer_bytes))),
      obsolete_(env_->file_system),
      reserve_(env_->file_system, PathOf(kReserveName)) {}

Core::~Core() { handles_->Orphan(); }

absl::StatusOr<std::shared_ptr<Core>> Core::Open(const std::string& dir, const CoreOptions& options) {
  if (dir.empty()) return absl::InvalidArgumentError("the directory of the database is an empty string");
  std::shared_ptr<Core> core(new Core(dir, options));
  absl::Status status = core->Recover(absl::OkStatus());
  if (absl::IsResourceExhausted(status)) {
    core.reset();  // and with it the lock
    core.reset(new Core(dir, options));
    status = core->Recover(status);
  }
  AETERNUS_RETURN_IF_ERROR(WithNextStep(status, dir));
  return core;
}

absl::Status Core::Recover(const absl::Status& no_room) {
  AETERNUS_RETURN_IF_ERROR(LockDirectory());
  SpaceReserve::Loan loan;
  if (!no_room.ok()) loan = BorrowReserve(no_room);
  if (!no_room.ok() && !loan) return no_room;
  AETERNUS_ASSIGN_OR_RETURN(DirectoryContents contents, ListFiles());
  AETERNUS_ASSIGN_OR_RETURN(const ManifestState state, ReadManifest(contents));
  AETERNUS_RETURN_IF_ERROR(LeaveForeignManifests(state, &contents));
  AETERNUS_RETURN_IF_ERROR(CheckTables(state, contents));
  AETERNUS_ASSIGN_OR_RETURN(Replay replay, ReplayLogs(file_system_, dir_, state, contents.logs, [this] {
                              return std::make_shared<Memtable>(&resources_->spare_blocks);
                            }));
  // Nothing that is only in memory's view of the disk may be counted on from here [SYNC_BEFORE_CUT].
  if (replay.holds_entries()) AETERNUS_RETURN_IF_ERROR(MakeReplayDurable(file_system_, dir_, replay));
  AETERNUS_RETURN_IF_ERROR(SwitchManifest(state, replay, contents));
  DiscardUnreferenced(contents, replay);
  if (loan && options_.keep_reserve) {
    loan = {};
    RestoreReserve();
  } else {
    reserve_.Renew(options_.keep_reserve ? ReserveAmount() : SpaceReserve::Amount());
    if (reserve_.is_lent()) SetOutOfSpace(absl::ResourceExhaustedError("there is too little room for the reserve"));
  }
  return absl::OkStatus();
}

absl::Status Core::LockDirectory() {
  AETERNUS_ASSIGN_OR_RETURN(const bool exists, file_system_->FileExists(dir_));
  if (!exists && !options_.create_if_missing) {
    return absl::NotFoundError(absl::StrCat("there is no database in ", dir_, " (create_if_missing is off)"));
  }
  if (options_.create_if_missing) {
    AETERNUS_RETURN_IF_ERROR(file_system_->CreateDirectory(dir_));
  } else {
    // Look before touching: a directory that is no database gets no LOCK file. One with logs or tables is a database,
    // damaged if it has no CURRENT (ReadManifest).
    AETERNUS_ASSIGN_OR_RETURN(const DirectoryContents contents, ListFiles());
    if (!contents.has_current && contents.logs.empty() && contents.tables.empty()) {
      return absl::NotFoundError(absl::StrCat("there is no database in ", dir_, " (create_if_missing is off)"));
    }
  }
  AETERNUS_ASSIGN_OR_RETURN(directory_lock_, file_system_->LockFile(PathOf(kLockName)));
  return absl::OkStatus();
}

absl::StatusOr<Core::DirectoryContents> Core::ListFiles() const {
  AETERNUS_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_->ListDirectory(dir_));
  DirectoryContents contents;
  const auto add = [&](std::vector<FileNumber>* list, FileNumber number) {
    list->push_back(number);
    contents.largest = std::max(contents.largest, number);
  };
  for (const std::string& name : names) {
    if (const auto log = ParseLogName(name)) add(&contents.logs, *log);
    if (const auto table = ParseTableName(name)) add(&contents.tables, *table);
    if (const auto manifest = Manifest::ParseFileName(name)) add(&contents.manifests, *manifest);
    contents.has_current |= name == Manifest::kCurrentName;
    contents.has_current_temporary |= name == Manifest::kCurrentTemporaryName;
  }
  std::sort(contents.logs.begin(), contents.logs.end());
  std::sort(contents.tables.begin(), contents.tables.end());
  return contents;
}

absl::StatusOr<ManifestState> Core::ReadManifest(const DirectoryContents& contents) {
  AETERNUS_ASSIGN_OR_RETURN(std::optional<ManifestState> state, Manifest::Read(file_system_, dir_));
  if (state.has_value()) {
    if (options_.error_if_exists) {
      return absl::AlreadyExistsError(absl::StrCat("there is a database in ", dir_, " (error_if_exists is on)"));
    }
    return *std::move(state);
  }
  if (!contents.logs.empty() || !contents.tables.empty()) {
    return absl::DataLossError(absl::StrCat("corruption in ", dir_, ": there is no CURRENT file beside ",
                                            contents.logs.size(), " logs and ", contents.tables.size(),
                                            " tables; nothing was changed"));
  }
  if (!options_.create_if_missing) {
    return absl::NotFoundError(absl::StrCat("there is no database in ", dir_, " (create_if_missing is off)"));
  }
  ManifestState fresh;
  fresh.database_id = DatabaseId(env_->random->Next());
  return fresh;
}

// A manifest beside the one in force is left from before a switch, and goes. One with another id may be somebody's who
// put it here, or of an attempt to create this database that failed and was begun anew: it proves nothing, is not used,
// and stays.
absl::Status Core::LeaveForeignManifests(const ManifestState& state, DirectoryContents* contents) const {
  if (!contents->has_current) return absl::OkStatus();  // without one there is no id to compare with
  std::vector<FileNumber> ours;
  for (const FileNumber number : contents->manifests) {
    AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system_->NewRandomAccessFile(PathOf(Manifest::FileName(number))));
    const absl::StatusOr<FileIdentity> identity = wal::ReadIdentity(*file, FileKind::kManifest);
    const bool is_half_made = absl::IsDataLoss(identity.status());
    if (!is_half_made) AETERNUS_RETURN_IF_ERROR(identity.status());
    if (is_half_made || identity->database_id == state.database_id) ours.push_back(number);
  }
  contents->manifests = std::move(ours);
  return absl::OkStatus();
}

absl::Status Core::CheckTables(const ManifestState& state, const DirectoryContents& contents) const {
  for (const auto& table : state.version->tables()) {
    const std::string path = PathOf(TableName(table->number));
    if (!std::binary_search(contents.tables.begin(), contents.tables.end(), table->number)) {
      return absl::DataLossError(
          absl::StrCat("corruption in ", dir_, ": the manifest names table ", path, ", which is missing"));
    }
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file_system_->FileSize(path));
    if (size != table->size_bytes) {
      return CorruptionError(path, 0, "the file has ", size, " bytes, the manifest says ", table->size_bytes);
    }
  }
  // A table that no edit names was left by a crash; but one made when edit E was durable proves that the manifest once
  // reached E.
  for (const FileNumber number : contents.tables) {
    if (state.version->Find(number) != nullptr) continue;
    const std::string path = PathOf(TableName(number));
    const absl::StatusOr<FileIdentity> identity = ReadTableIdentity(file_system_, path);
    if (absl::IsDataLoss(identity.status())) continue;  // half-made
    AETERNUS_RETURN_IF_ERROR(identity.status());
    if (identity->database_id != state.database_id) {
      return CorruptionError(path, 0, "the table belongs to another database; move it away");
    }
    if (identity->edit > state.last_edit) {
      return CorruptionError(path, 0, "the table was made when manifest edit ", identity->edit.value,
                             " was durable, but the manifest ends at edit ", state.last_edit.value,
                             "; nothing was changed");
    }
  }
  return absl::OkStatus();
}

// Writes the manifest that says how the last life ended, and makes it the one in force. From its sync on, the frames
// behind the cut are dead for good.
absl::Status Core::SwitchManifest(ManifestState state, const Replay& replay, const DirectoryContents& contents) {
  const FileNumber discarded_from = std::max(state.reserved_numbers_end, FileNumber(contents.largest.value + 1));
  database_id_ = state.database_id;
  FileNumber manifest_number;
  {
    env::MutexLock lock(&manifest_mutex_);
    next_number_ = discarded_from;  // numbers of an interrupted Open are not issued again either
    reserved_end_ = FileNumber(next_number_.value + kReservedNumbers);
    manifest_number = next_number_;
    ++next_number_.value;
  }
  {
    env::MutexLock lock(&log_files_mutex_);
    for (const ReplayedLog& log : replay.logs) log_files_.push_back(log.number);
  }

  LogLink predecessor{.last_lsn = replay.last_lsn};
  if (replay.holds_entries()) {
    const ReplayedLog& last = replay.logs.back();
    state.cut = LogCut{.log = last.number,
                       .offset_bytes = last.end_offset,
                       .last_lsn = replay.last_lsn,
                       .first_live_log = discarded_from};
    predecessor.predecessor = last.number;
    predecessor.end_offset = last.end_offset;
  } else {
    state.cut.reset();  // the tables hold everything: the logs are all retired below
    state.flushed_lsn = replay.last_lsn;
  }
  if (IsPlanted(PlantedBug::kRecoveredLogLeftOpen)) state.cut.reset();
  state.close.reset();  // what it proved, the cut or the flushed LSN proves from here on
  state.max_lsn = replay.max_lsn;
  logs_ = std::make_unique<LogChain>(
      [this] { return MakeSegment(); }, predecessor,
      IsPlanted(PlantedBug::kSyncedLsnFromDiscarded) ? replay.max_lsn : replay.last_lsn);  // [SYNC0_IS_CUT]
  FileNumber begun;
  if (!replay.holds_entries() && state.min_log.value != 0) {
    AETERNUS_ASSIGN_OR_RETURN(begun, logs_->EnsureNext());  // [MINLOG_EXISTS], with edit 0 [EDIT_DURABLE]
    state.min_log = begun;
  }
  {
    env::MutexLock lock(&manifest_mutex_);
    state.reserved_numbers_end = reserved_end_;
  }
  absl::StatusOr<std::unique_ptr<Manifest>> manifest = Manifest::Create(file_system_, dir_, state, manifest_number);
  if (absl::IsResourceExhausted(manifest.status()) && begun.value != 0) {
    obsolete_.Add(PathOf(LogName(begun)));  // no manifest names it; a full disk does not get fuller by every attempt
    obsolete_.Collect();
  }
  AETERNUS_RETURN_IF_ERROR(manifest.status());
  manifest_ = *std::move(manifest);
  StartFrom(replay, manifest_->state());
  return absl::OkStatus();
}

void Core::StartFrom(const Replay& replay, const ManifestState& state) {
  auto view = std::make_shared<View>();
  view->resources = resources_;
  view->active = NewMemtable();
  for (const ReplayedLog& log : replay.logs) {
    if (log.memtable->empty()) continue;
    view->frozen.push_back({std::make_shared<ChargedMemtable>(resources_, log.memtable), log.number, log.end_offset});
  }
  view->version = state.version;
  for (const auto& table : state.version->tables()) view->tables.push_back(OpenTable(*table));
  published_lsn_.store(replay.max_lsn.value, std::memory_order_release);
  {
    env::MutexLock lock(&commit_mutex_);
    last_lsn_ = replay.max_lsn;
    if (IsPlanted(PlantedBug::kLsnReused) && last_lsn_ > kMinLsn) --last_lsn_.value;
    active_ = view->active;
  }
  ChangeView([&](const View*) { return view; });
}

void Core::DiscardUnreferenced(const DirectoryContents& contents, const Replay& replay) {
  const ManifestState state = manifest_->state();
  const auto is_live = [&](FileNumber log) {
    if (state.min_log.value == 0 || log <= state.min_log) return log == state.min_log;
    return std::any_of(replay.logs.begin(), replay.logs.end(), [&](const auto& r) { return r.number == log; });
  };
  for (const FileNumber log : contents.logs) {
    if (!is_live(log)) obsolete_.Add(PathOf(LogName(log)));
  }
  for (const FileNumber table : contents.tables) {
    if (state.version->Find(table) == nullptr) obsolete_.Add(PathOf(TableName(table)));
  }
  for (const FileNumber manifest : contents.manifests) {
    if (manifest != state.manifest_number) obsolete_.Add(PathOf(Manifest::FileName(manifest)));
  }
  {
    env::MutexLock lock(&log_files_mutex_);
    std::erase_if(log_files_, [&](FileNumber log) { return !is_live(log); });
  }
  obsolete_.Collect();
}

// Room for the frames' headers besides the entries.
uint64_t Core::SegmentBytes(uint64_t entry_bytes) { return entry_bytes + entry_bytes / 4 + 4096; }

absl::StatusOr<std::unique_ptr<wal::Writer>> Core::MakeSegment() {
  // While opening, no manifest is in force that counts on this log, and most opens are of no write soon: the name is
  // synced together with the new manifest's, before the switch [MAN_DIRSYNC], and the file before its first frame
  // [PREP_DURABLE].
  const bool is_opening = manifest_ == nullptr;
  const EditNumber edit = is_opening ? EditNumber() : manifest_->durable_edit();
  const auto head = is_opening ? wal::Writer::Head::kUnsynced : wal::Writer::Head::kSynced;
  absl::StatusOr<std::unique_ptr<wal::Writer>> writer;
  // On an almost full disk a log begins small, and grows for as long as there is room; the space of the reserve is for
  // tables.
  const uint64_t first_bytes = std::min(SegmentBytes(options_.write_buffer_bytes), kFirstAllocationBytes);
  for (const uint64_t allocate_bytes : {first_bytes, uint64_t{0}}) {
    if (allocate_bytes > 0 && reserve_.is_lent()) continue;
    AETERNUS_ASSIGN_OR_RETURN(const FileNumber number, NextNumber());
    const FileIdentity identity{.kind = FileKind::kLog, .database_id = database_id_, .number = number, .edit = edit};
    const std::string path = PathOf(LogName(number));
    writer = wal::Writer::Create(file_system_, path, identity, allocate_bytes, head);
    if (writer.ok()) break;
    obsolete_.Add(path);  // its number is never used again
    obsolete_.Collect();
    if (!absl::IsResourceExhausted(writer.status())) return Fail(writer.status());
  }
  AETERNUS_RETURN_IF_ERROR(writer.status());
  if (!is_opening) {
    if (const absl::Status status = file_system_->SyncDirectory(dir_); !status.ok()) return Fail(status);
  }
  env::MutexLock lock(&log_files_mutex_);
  log_files_.push_back((*writer)->number());
  return writer;
}

absl::StatusOr<FileNumber> Core::NextNumber() {
  env::MutexLock lock(&manifest_mutex_);
  if (next_number_ == reserved_end_) {
    if (manifest_ == nullptr) return absl::InternalError("file numbers ran out while opening");
    VersionEdit edit;
    ReserveNumbers(&edit);
    AETERNUS_RETURN_IF_ERROR(CommitToManifest(edit));
  }
  const FileNumber number = next_number_;
  ++next_number_.value;
  return number;
}

void Core::ReserveNumbers(VersionEdit* edit) const {
  if (reserved_end_.value - next_number_.value > kReservedNumbers / 2) return;
  edit->reserved_numbers_end = FileNumber(next_number_.value + kReservedNumbers);
}

std::shared_ptr<sstable::Table> Core::OpenTable(const TableMetadata& metadata) const {
  return sstable::Table::Open({.file_system = file_system_,
                               .path = PathOf(TableName(metadata.number)),
                               .database_id = database_id_,
                               .number = metadata.number,
                               .size_bytes = metadata.size_bytes,
                               .has_range_tombstones = metadata.has_range_tombstones(),
                               .cache = &resources_->cache});
}

std::shared_ptr<ChargedMemtable> Core::NewMemtable() const {
  return std::make_shared<ChargedMemtable>(
      resources_, std::make_shared<Memtable>(&resources_->spare_blocks, options_.write_buffer_bytes));
}

}  // namespace aeternus
