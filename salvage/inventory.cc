#include "salvage/inventory.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/file_identity.h"
#include "base/status.h"
#include "engine/file_names.h"
#include "sstable/format.h"
#include "wal/reader.h"

namespace aeternus::salvage {
namespace {

// A file by its name, and what it says of itself.
struct FoundFile {
  std::string name;
  FileKind kind;
  FileNumber number;
  absl::StatusOr<FileIdentity> identity;
};

absl::StatusOr<FileIdentity> ReadFooterIdentity(env::FileSystem* file_system, const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system->NewRandomAccessFile(path));
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::string bytes(std::min<uint64_t>(size, sstable::kFooterSizeBytes), '\0');
  AETERNUS_RETURN_IF_ERROR(file->Read(size - bytes.size(), absl::MakeSpan(bytes)));
  AETERNUS_ASSIGN_OR_RETURN(const sstable::Footer footer, sstable::DecodeFooter(bytes, path, size));
  return footer.identity;
}

absl::StatusOr<FileIdentity> ReadIdentityOf(env::FileSystem* file_system, const std::string& path, FileKind kind) {
  if (kind == FileKind::kTable) return ReadFooterIdentity(file_system, path);
  if (kind == FileKind::kCurrent) {
    AETERNUS_ASSIGN_OR_RETURN(const std::string bytes, file_system->ReadFile(path, kFileIdentitySizeBytes));
    return DecodeFileIdentity(bytes, kind, path, 0);
  }
  AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system->NewRandomAccessFile(path));
  return wal::ReadIdentity(*file, kind);
}

class Taker {
 public:
  Taker(env::FileSystem* file_system, const std::string& dir) : file_system_(file_system), dir_(dir) {}

  absl::StatusOr<Inventory> Run() {
    AETERNUS_RETURN_IF_ERROR(FindFiles());
    AETERNUS_RETURN_IF_ERROR(FindDatabase());
    DropForeign();
    ReportIdentities();
    ReadManifest();
    TakeTables();
    TakeLogs();
    return std::move(inventory_);
  }

 private:
  absl::Status FindFiles() {
    AETERNUS_ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system_->ListDirectory(dir_));
    for (const std::string& name : names) {
      if (const auto log = ParseLogName(name)) AETERNUS_RETURN_IF_ERROR(Find(name, FileKind::kLog, *log));
      if (const auto table = ParseTableName(name)) AETERNUS_RETURN_IF_ERROR(Find(name, FileKind::kTable, *table));
      if (const auto manifest = Manifest::ParseFileName(name)) {
        AETERNUS_RETURN_IF_ERROR(Find(name, FileKind::kManifest, *manifest));
      }
      if (name == Manifest::kCurrentName) AETERNUS_RETURN_IF_ERROR(Find(name, FileKind::kCurrent, FileNumber(0)));
    }
    if (files_.empty()) return absl::NotFoundError(absl::StrCat("there is no database in ", dir_));
    std::stable_sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return absl::OkStatus();
  }

  absl::Status Find(const std::string& name, FileKind kind, FileNumber number) {
    files_.push_back({name, kind, number, ReadIdentityOf(file_system_, env::JoinPath(dir_, name), kind)});
    const absl::Status& status = files_.back().identity.status();
    return absl::IsUnimplemented(status) ? status : absl::OkStatus();
  }

  // The one that most files name; on a tie, the one that CURRENT names.
  absl::Status FindDatabase() {
    std::map<DatabaseId, std::pair<int, bool>> votes;
    for (const FoundFile& file : files_) {
      if (!file.identity.ok()) continue;
      auto& [count, is_current] = votes[file.identity->database_id];
      ++count;
      is_current |= file.kind == FileKind::kCurrent;
    }
    if (votes.empty()) {
      return absl::DataLossError(
          absl::StrCat("no file in ", dir_, " says which database it belongs to: nothing in it can be proven good"));
    }
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    inventory_.database = most->first;
    return absl::OkStatus();
  }

  void DropForeign() {
    std::erase_if(files_, [this](const FoundFile& file) {
      const bool is_foreign = file.identity.ok() && file.identity->database_id != inventory_.database;
      if (is_foreign) Ignore(file, "it belongs to another database");
      return is_foreign;
    });
  }

  void ReportIdentities() {
    if (!Has(FileKind::kCurrent)) Lose(std::string(Manifest::kCurrentName), "the file is missing");
    for (const FoundFile& file : files_) {
      // Of a table the survey tells it, of a log the frames can be read all the same.
      if (!file.identity.ok() && file.kind != FileKind::kTable) {
        Lose(file.name, absl::StrCat("the file identity: ", file.identity.status().message()), kFileIdentitySizeBytes);
      }
    }
  }

  void ReadManifest() {
    std::vector<FileNumber> candidates;  // most trustworthy first
    for (const FoundFile& file : files_) {
      if (file.kind == FileKind::kManifest) candidates.insert(candidates.begin(), file.number);
    }
    for (const FoundFile& file : files_) {
      if (file.kind != FileKind::kCurrent || !file.identity.ok()) continue;
      const auto named = std::find(candidates.begin(), candidates.end(), file.identity->number);
      if (named == candidates.end()) {
        Lose(Manifest::FileName(file.identity->number), "the manifest that CURRENT names is missing");
      } else {
        std::rotate(candidates.begin(), named, named + 1);
      }
    }
    for (const FileNumber number : candidates) {
      const absl::StatusOr<Manifest::Remains> remains =
          Manifest::ReadRemains(file_system_, dir_, inventory_.database, number);
      if (!remains.ok()) {
        Lose(Manifest::FileName(number), std::string(remains.status().message()));
        continue;
      }
      inventory_.manifest = remains->state;
      inventory_.report.manifest = Manifest::FileName(number);
      is_whole_ = remains->damage.ok() && ReachesAllFiles();
      if (!remains->damage.ok()) {
        Lose(Manifest::FileName(number), std::string(remains->damage.message()));
      } else if (!is_whole_) {
        Lose(Manifest::FileName(number), absl::StrCat("it ends at edit ", remains->state.last_edit.value,
                                                      ": another file knows of a later one, or a file that it names "
                                                      "is missing"));
      }
      break;
    }
    if (!inventory_.manifest.has_value()) {
      Warn(
          "no manifest could be read: every table and log was used, and the newest version of each key won. Deleted "
          "data, and older values, may reappear where a deletion was lost, or was compacted away while a file that it "
          "had hidden is still there");
    } else if (!is_whole_) {
      Warn(
          "the manifest does not reach its last edit: tables made since then were used too. Deleted data, and older "
          "values, may reappear from files that a later edit had retired");
    }
  }

  // Whether the manifest knows of the last edit that any file knows of, and all that it names is there.
  bool ReachesAllFiles() const {
    const ManifestState& state = *inventory_.manifest;
    for (const FoundFile& file : files_) {
      if (file.kind == FileKind::kManifest) continue;
      if (file.identity.ok() && file.identity->edit > state.last_edit) return false;
    }
    for (const auto& table : state.version->tables()) {
      if (Find(FileKind::kTable, table->number) == nullptr) return false;
    }
    if (state.min_log.value == 0) return !Has(FileKind::kLog);
    return Find(FileKind::kLog, state.min_log) != nullptr;
  }

  void TakeTables() {
    for (const FoundFile& file : files_) {
      if (file.kind != FileKind::kTable) continue;
      if (Counts(file)) {
        inventory_.tables.push_back(file.number);
      } else {
        Ignore(file, "the manifest does not name it: retired, or never finished");
      }
    }
    if (!inventory_.manifest.has_value()) return;
    for (const auto& table : inventory_.manifest->version->tables()) {
      if (Find(FileKind::kTable, table->number) != nullptr) continue;
      inventory_.report.losses.push_back({.file = TableName(table->number),
                                          .size_bytes = table->size_bytes,
                                          .what = "the table is missing, and no edit that can be read retires it",
                                          .entries = table->entry_count(),
                                          .has_key_range = true,
                                          .after = table->smallest,
                                          .before = table->largest});
    }
  }

  bool Counts(const FoundFile& table) const {
    if (!inventory_.manifest.has_value()) return true;
    if (inventory_.manifest->version->Find(table.number) != nullptr) return true;
    return !is_whole_ && (!table.identity.ok() || table.identity->edit >= inventory_.manifest->last_edit);
  }

  void TakeLogs() {
    const FileNumber min_log = inventory_.manifest.has_value() ? inventory_.manifest->min_log : FileNumber(0);
    for (const FoundFile& file : files_) {
      if (file.kind != FileKind::kLog) continue;
      if (file.number >= min_log) {
        inventory_.logs.push_back(file.number);
      } else {
        Ignore(file, "the manifest says that tables hold all of it");
      }
    }
    if (min_log.value != 0 && Find(FileKind::kLog, min_log) == nullptr) {
      Lose(LogName(min_log), "the oldest log that the manifest needs is missing");
      inventory_.report.losses.back().may_hold_entries = true;
    }
  }

  const FoundFile* Find(FileKind kind, FileNumber number) const {
    for (const FoundFile& file : files_) {
      if (file.kind == kind && file.number == number) return &file;
    }
    return nullptr;
  }
  bool Has(FileKind kind) const {
    return std::any_of(files_.begin(), files_.end(), [kind](const FoundFile& file) { return file.kind == kind; });
  }
  void Lose(std::string file, std::string what, uint64_t size_bytes = 0) {
    inventory_.report.losses.push_back(
        {.file = std::move(file), .size_bytes = size_bytes, .what = std::move(what), .may_hold_entries = false});
  }
  void Warn(std::string_view warning) { inventory_.report.warnings.emplace_back(warning); }
  void Ignore(const FoundFile& file, std::string_view why) {
    inventory_.report.ignored.push_back({file.name, std::string(why)});
  }

  env::FileSystem* const file_system_;
  const std::string& dir_;
  std::vector<FoundFile> files_;  // by number
  bool is_whole_ = false;         // the manifest
  Inventory inventory_;
};

}  // namespace

absl::StatusOr<Inventory> TakeInventory(env::FileSystem* file_system, const std::string& dir) {
  return Taker(file_system, dir).Run();
}

}  // namespace aeternus::salvage
