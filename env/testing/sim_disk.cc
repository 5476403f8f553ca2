#include "env/testing/sim_disk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "env/thread_scheduler.h"

namespace aeternus::env::testing {
namespace {

// Errors read like those of the real file system.
absl::Status Error(absl::StatusCode code, FileOp op, std::string_view path, std::string_view what) {
  return absl::Status(code, absl::StrCat(FileOpName(op), " ", path, ": ", what));
}
absl::Status NotFound(FileOp op, std::string_view path) {
  return Error(absl::StatusCode::kNotFound, op, path, "No such file or directory");
}
absl::Status NotADirectory(FileOp op, std::string_view path) {
  return Error(absl::StatusCode::kFailedPrecondition, op, path, "Not a directory");
}
absl::Status IsADirectory(FileOp op, std::string_view path) {
  return Error(absl::StatusCode::kFailedPrecondition, op, path, "Is a directory");
}
absl::Status NoSpace(FileOp op, std::string_view path) {
  return Error(absl::StatusCode::kResourceExhausted, op, path, "No space left on device");
}

absl::Status FaultError(Fault fault, FileOp op, std::string_view path) {
  switch (fault) {
    case Fault::kNone:
    case Fault::kIgnored:
      return absl::OkStatus();
    case Fault::kNoSpace:
      return NoSpace(op, path);
    case Fault::kReadOnly:
      return Error(absl::StatusCode::kPermissionDenied, op, path, "Read-only file system");
    case Fault::kIoError:
    case Fault::kFailAfterPart:
      break;
  }
  return Error(absl::StatusCode::kInternal, op, path, "Input/output error");
}

// Whether a call does something that nobody notices to be missing when it returns.
bool MayBeIgnored(FileOp op) {
  switch (op) {
    case FileOp::kAppend:
    case FileOp::kCommit:
    case FileOp::kWriteAt:
    case FileOp::kSync:
    case FileOp::kClose:
    case FileOp::kDelete:
    case FileOp::kRename:
    case FileOp::kSyncDirectory:
      return true;
    default:
      return false;
  }
}

// "a//b/" and "a/b" are one path.
std::string Normalized(std::string_view path) {
  std::string normalized;
  normalized.reserve(path.size());
  for (const char c : path) {
    if (c != '/' || normalized.empty() || normalized.back() != '/') normalized.push_back(c);
  }
  if (normalized.size() > 1 && normalized.back() == '/') normalized.pop_back();
  return normalized;
}

std::string NameOf(const std::string& normalized) {
  const size_t slash = normalized.rfind('/');
  return slash == std::string::npos ? normalized : normalized.substr(slash + 1);
}

// A failed sync loses what it should have synced; see Fault.
template <typename FileOrDirectory>
void ApplySync(Fault fault, FileOrDirectory* synced) {
  if (fault == Fault::kIgnored) return;
  const size_t all = synced->unsynced().size();
  synced->SyncFirst(fault == Fault::kNone ? all : fault == Fault::kFailAfterPart ? all / 2 : 0);
}

}  // namespace

bool CanFail(Fault fault, FileOp op) {
  if (fault == Fault::kIgnored) return MayBeIgnored(op);
  if (fault != Fault::kNoSpace && fault != Fault::kReadOnly) return true;
  switch (op) {
    case FileOp::kOpen:
    case FileOp::kRead:
    case FileOp::kClose:
    case FileOp::kList:
    case FileOp::kStat:
      return false;
    case FileOp::kDelete:
      return fault != Fault::kNoSpace;
    default:
      return true;
  }
}

SimDisk::SimDisk() {
  tree_.directories.try_emplace("/");
  tree_.directories.try_emplace(".");
}

std::shared_ptr<SimDisk> SimDisk::Crash(const CrashOptions& options) const {
  CrashCounts counts;
  MutexLock lock(&mu_);
  SimTree found = tree_.Crash(options, &counts);
  return std::make_shared<SimDisk>(std::move(found), capacity_bytes_, counts);
}

std::shared_ptr<SimDisk> SimDisk::Fork() const {
  MutexLock lock(&mu_);
  return std::make_shared<SimDisk>(tree_.Fork(), capacity_bytes_);
}

std::vector<UnsyncedItem> SimDisk::UnsyncedItems() const {
  MutexLock lock(&mu_);
  return tree_.UnsyncedItems();
}

uint64_t SimDisk::Fingerprint() const {
  MutexLock lock(&mu_);
  return tree_.Fingerprint();
}

// ---- faults, counters, direct access ----

void SimDisk::SetFaultRule(Rule rule) {
  MutexLock lock(&mu_);
  rule_ = rule == nullptr ? nullptr : std::make_shared<const Rule>(std::move(rule));
}

void SimDisk::SetFreeSpace(uint64_t bytes) {
  MutexLock lock(&mu_);
  const uint64_t used = UsedBytes();
  capacity_bytes_ = bytes > kUnlimited - used ? kUnlimited : used + bytes;
}

uint64_t SimDisk::calls() const {
  MutexLock lock(&mu_);
  return calls_;
}

uint64_t SimDisk::CountOf(FileOp op) const {
  MutexLock lock(&mu_);
  return counts_[static_cast<size_t>(op)];
}

uint64_t SimDisk::CountOf(Fault fault) const {
  MutexLock lock(&mu_);
  return faults_[static_cast<size_t>(fault)];
}

Fault SimDisk::Begin(FileOp op, const std::string& path) {
  if (auto* const scheduler = ThreadScheduler::Current()) scheduler->Reach(FileOpName(op), path);
  std::shared_ptr<const Rule> rule;
  uint64_t index;
  {
    MutexLock lock(&mu_);
    index = calls_++;
    ++counts_[static_cast<size_t>(op)];
    rule = rule_;
  }
  if (rule == nullptr) return Fault::kNone;
  const Fault fault = (*rule)(FileCall{op, path, index});
  if (fault == Fault::kNone || !CanFail(fault, op)) return Fault::kNone;
  MutexLock lock(&mu_);
  ++faults_[static_cast<size_t>(fault)];
  return fault;
}

absl::StatusOr<std::string> SimDisk::Contents(const std::string& path) const {
  MutexLock lock(&mu_);
  const std::string normalized = Normalized(path);
  const auto directory = tree_.directories.find(DirectoryOf(normalized));
  const std::shared_ptr<SimFile> file =
      directory == tree_.directories.end() ? nullptr : directory->second.Find(NameOf(normalized));
  if (file == nullptr) return NotFound(FileOp::kOpen, path);
  std::string bytes(file->written().size(), '\0');
  file->written().Read(0, absl::MakeSpan(bytes));
  return bytes;
}

absl::Status SimDisk::SetContents(const std::string& path, std::string_view bytes) {
  SparseBytes on_disk;
  on_disk.Write(0, bytes);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(MakeDirectories(DirectoryOf(Normalized(path))));
  AETERNUS_ASSIGN_OR_RETURN(const Place place, FindPlace(FileOp::kCreate, path));
  if (const std::shared_ptr<SimFile> file = place.directory->Find(place.name); file != nullptr) {
    *file = SimFile(on_disk);
    return absl::OkStatus();
  }
  place.directory->AddDurable(place.name, std::make_shared<SimFile>(on_disk));
  return absl::OkStatus();
}

std::vector<std::string> SimDisk::Files() const {
  MutexLock lock(&mu_);
  std::vector<std::string> paths;
  for (const auto& [path, directory] : tree_.directories) {
    for (const auto& [name, file] : directory.written()) paths.push_back(PathIn(path, name));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// ---- finding things ----

bool SimDisk::IsFile(const std::string& path) const {
  const auto directory = tree_.directories.find(DirectoryOf(path));
  return directory != tree_.directories.end() && directory->second.Find(NameOf(path)) != nullptr;
}

absl::Status SimDisk::NoDirectory(FileOp op, const std::string& path) const {
  std::string at = Normalized(path);
  while (!tree_.directories.contains(at)) {
    if (IsFile(at)) return NotADirectory(op, path);
    at = DirectoryOf(at);
  }
  return NotFound(op, path);
}

absl::StatusOr<SimDirectory*> SimDisk::FindDirectory(FileOp op, const std::string& path) {
  const auto at = tree_.directories.find(Normalized(path));
  if (at == tree_.directories.end()) return NoDirectory(op, path);
  return &at->second;
}

absl::StatusOr<SimDisk::Place> SimDisk::FindPlace(FileOp op, const std::string& path) {
  if (path.empty()) return NotFound(op, path);
  const std::string normalized = Normalized(path);
  const auto directory = tree_.directories.find(DirectoryOf(normalized));
  if (directory == tree_.directories.end()) return NoDirectory(op, path);
  return Place{&directory->second, NameOf(normalized)};
}

absl::StatusOr<std::shared_ptr<SimFile>> SimDisk::FindFile(FileOp op, const std::string& path) {
  AETERNUS_ASSIGN_OR_RETURN(const Place place, FindPlace(op, path));
  std::shared_ptr<SimFile> file = place.directory->Find(place.name);
  if (file != nullptr) return file;
  if (tree_.directories.contains(Normalized(path))) return IsADirectory(op, path);
  return NotFound(op, path);
}

// ---- files ----

absl::StatusOr<OpenFile> SimDisk::Create(const std::string& path, uint64_t allocate_bytes) {
  const Fault fault = Begin(FileOp::kCreate, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kCreate, path));
  AETERNUS_ASSIGN_OR_RETURN(const Place place, FindPlace(FileOp::kCreate, path));
  if (place.directory->Find(place.name) != nullptr || tree_.directories.contains(Normalized(path))) {
    return Error(absl::StatusCode::kAlreadyExists, FileOp::kCreate, path, "File exists");
  }
  auto file = std::make_shared<SimFile>();
  AETERNUS_RETURN_IF_ERROR(CheckSpace(FileOp::kCreate, path, *file, allocate_bytes));
  place.directory->Add(tree_.next_sequence++, place.name, file);
  file->Allocate(tree_.next_sequence++, allocate_bytes);
  return OpenFile{std::move(file), path};
}

absl::StatusOr<OpenFile> SimDisk::Open(const std::string& path) {
  const Fault fault = Begin(FileOp::kOpen, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kOpen, path));
  AETERNUS_ASSIGN_OR_RETURN(std::shared_ptr<SimFile> file, FindFile(FileOp::kOpen, path));
  return OpenFile{std::move(file), path};
}

absl::Status SimDisk::Read(const OpenFile& file, uint64_t offset, absl::Span<char> out) {
  const Fault fault = Begin(FileOp::kRead, file.path);
  MutexLock lock(&mu_);
  if (fault == Fault::kFailAfterPart)
    out = out.first(out.size() / 2);
  else
    AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kRead, file.path));
  const uint64_t size = file.file->written().size();
  if (offset > size || out.size() > size - offset) {
    return Error(absl::StatusCode::kOutOfRange, FileOp::kRead, file.path,
                 absl::StrCat("wanted ", out.size(), " bytes at offset ", offset, ", the file ends at ", size));
  }
  file.file->written().Read(offset, out);
  return FaultError(fault, FileOp::kRead, file.path);
}

absl::StatusOr<uint64_t> SimDisk::Size(const OpenFile& file) {
  const Fault fault = Begin(FileOp::kStat, file.path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kStat, file.path));
  return file.file->written().size();
}

absl::StatusOr<uint64_t> SimDisk::NextData(const OpenFile& file, uint64_t offset) {
  const Fault fault = Begin(FileOp::kStat, file.path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kStat, file.path));
  return file.file->written().NextWritten(offset);
}

absl::Status SimDisk::Append(const OpenFile& file, std::string_view data) {
  const Fault fault = Begin(FileOp::kAppend, file.path);
  MutexLock lock(&mu_);
  return Write(FileOp::kAppend, file, file.file->written().size(), data, fault);
}

absl::Status SimDisk::Reserve(const OpenFile& file, uint64_t size) {
  const Fault fault = Begin(FileOp::kReserve, file.path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kReserve, file.path));
  AETERNUS_RETURN_IF_ERROR(CheckSpace(FileOp::kReserve, file.path, *file.file, size));
  file.file->Allocate(tree_.next_sequence++, size);
  return absl::OkStatus();
}

absl::Status SimDisk::WriteAt(FileOp op, const OpenFile& file, uint64_t offset, std::string_view data) {
  const Fault fault = Begin(op, file.path);
  MutexLock lock(&mu_);
  return Write(op, file, offset, data, fault);
}

absl::Status SimDisk::Write(FileOp op, const OpenFile& file, uint64_t offset, std::string_view data, Fault fault) {
  if (fault == Fault::kFailAfterPart) {
    data = data.substr(0, data.size() / 2);
  } else {
    AETERNUS_RETURN_IF_ERROR(FaultError(fault, op, file.path));
  }
  AETERNUS_RETURN_IF_ERROR(CheckSpace(op, file.path, *file.file, offset + data.size()));
  if (fault == Fault::kIgnored) return absl::OkStatus();
  file.file->Write(tree_.next_sequence++, offset, data);
  return FaultError(fault, op, file.path);
}

absl::Status SimDisk::Sync(const OpenFile& file) {
  const Fault fault = Begin(FileOp::kSync, file.path);
  MutexLock lock(&mu_);
  ApplySync(fault, file.file.get());
  return FaultError(fault, FileOp::kSync, file.path);
}

absl::Status SimDisk::Close(const OpenFile& file) {
  return FaultError(Begin(FileOp::kClose, file.path), FileOp::kClose, file.path);
}

uint64_t SimDisk::UsedBytes() const {
  uint64_t used = 0;
  for (const auto& [path, directory] : tree_.directories) {
    for (const auto& [name, file] : directory.written()) used += file->written().size();
  }
  return used;
}

absl::Status SimDisk::CheckSpace(FileOp op, const std::string& path, const SimFile& file, uint64_t size) const {
  const uint64_t old_size = file.written().size();
  if (capacity_bytes_ == kUnlimited || size <= old_size) return absl::OkStatus();
  const uint64_t used = UsedBytes();
  return used > capacity_bytes_ || size - old_size > capacity_bytes_ - used ? NoSpace(op, path) : absl::OkStatus();
}

// ---- names ----

absl::Status SimDisk::Lock(const std::string& path) {
  const Fault fault = Begin(FileOp::kLock, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kLock, path));
  AETERNUS_ASSIGN_OR_RETURN(const Place place, FindPlace(FileOp::kLock, path));
  const std::string normalized = Normalized(path);
  if (tree_.directories.contains(normalized)) return IsADirectory(FileOp::kLock, path);
  if (place.directory->Find(place.name) == nullptr) {
    place.directory->Add(tree_.next_sequence++, place.name, std::make_shared<SimFile>());
  }
  if (locked_.insert(normalized).second) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, FileOp::kLock, path, "held by another handle");
}

void SimDisk::Unlock(const std::string& path) {
  MutexLock lock(&mu_);
  locked_.erase(Normalized(path));
}

absl::StatusOr<bool> SimDisk::Exists(const std::string& path) {
  const Fault fault = Begin(FileOp::kStat, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kStat, path));
  const std::string normalized = Normalized(path);
  return IsFile(normalized) || tree_.directories.contains(normalized);
}

absl::StatusOr<uint64_t> SimDisk::SizeOf(const std::string& path) {
  const Fault fault = Begin(FileOp::kStat, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kStat, path));
  AETERNUS_ASSIGN_OR_RETURN(const std::shared_ptr<SimFile> file, FindFile(FileOp::kStat, path));
  return file->written().size();
}

absl::StatusOr<std::vector<std::string>> SimDisk::List(const std::string& path) {
  const Fault fault = Begin(FileOp::kList, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kList, path));
  AETERNUS_ASSIGN_OR_RETURN(const SimDirectory* const directory, FindDirectory(FileOp::kList, path));
  std::vector<std::string> names(directory->subdirectories().begin(), directory->subdirectories().end());
  for (const auto& [name, file] : directory->written()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status SimDisk::CreateDirectory(const std::string& path) {
  const Fault fault = Begin(FileOp::kCreateDirectory, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kCreateDirectory, path));
  return MakeDirectories(Normalized(path));
}

absl::Status SimDisk::MakeDirectories(const std::string& path) {
  if (tree_.directories.contains(path)) return absl::OkStatus();
  if (path.empty()) return NotFound(FileOp::kCreateDirectory, path);
  if (IsFile(path)) return NotADirectory(FileOp::kCreateDirectory, path);
  const std::string parent = DirectoryOf(path);
  AETERNUS_RETURN_IF_ERROR(MakeDirectories(parent));
  tree_.directories.find(parent)->second.AddSubdirectory(NameOf(path));
  tree_.directories.try_emplace(path);
  return absl::OkStatus();
}

absl::Status SimDisk::SyncDirectory(const std::string& path) {
  const Fault fault = Begin(FileOp::kSyncDirectory, path);
  MutexLock lock(&mu_);
  AETERNUS_ASSIGN_OR_RETURN(SimDirectory* const directory, FindDirectory(FileOp::kSyncDirectory, path));
  ApplySync(fault, directory);
  return FaultError(fault, FileOp::kSyncDirectory, path);
}

absl::Status SimDisk::Rename(const std::string& from, const std::string& to) {
  const std::string what = absl::StrCat(from, " to ", to);
  const Fault fault = Begin(FileOp::kRename, to);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kRename, what));
  if (DirectoryOf(Normalized(from)) != DirectoryOf(Normalized(to))) {
    return Error(absl::StatusCode::kInvalidArgument, FileOp::kRename, what, "into another directory");
  }
  AETERNUS_RETURN_IF_ERROR(FindFile(FileOp::kRename, from).status());
  AETERNUS_ASSIGN_OR_RETURN(const Place source, FindPlace(FileOp::kRename, from));
  AETERNUS_ASSIGN_OR_RETURN(const Place target, FindPlace(FileOp::kRename, to));
  if (tree_.directories.contains(Normalized(to))) return IsADirectory(FileOp::kRename, what);
  if (fault != Fault::kIgnored) source.directory->Rename(tree_.next_sequence++, source.name, target.name);
  return absl::OkStatus();
}

absl::Status SimDisk::Delete(const std::string& path) {
  const Fault fault = Begin(FileOp::kDelete, path);
  MutexLock lock(&mu_);
  AETERNUS_RETURN_IF_ERROR(FaultError(fault, FileOp::kDelete, path));
  AETERNUS_RETURN_IF_ERROR(FindFile(FileOp::kDelete, path).status());
  AETERNUS_ASSIGN_OR_RETURN(const Place place, FindPlace(FileOp::kDelete, path));
  if (fault != Fault::kIgnored) place.directory->Remove(tree_.next_sequence++, place.name);
  return absl::OkStatus();
}

}  // namespace aeternus::env::testing
