#include "stress/sim_database.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "sstable/format.h"

namespace aeternus::stress {
namespace {

// Where a file of that kind keeps its identity; empty when it is too short to have one.
std::string_view IdentityBytes(std::string_view file, FileKind kind) {
  const size_t footer_size = sstable::kFooterSizeBytes;
  if (kind == FileKind::kTable) file = file.size() < footer_size ? "" : file.substr(file.size() - footer_size);
  return file.substr(0, kFileIdentitySizeBytes);
}

}  // namespace

std::vector<std::string> FilesOfKind(const env::testing::SimFileSystem& disk, FileKind kind) {
  std::vector<std::pair<FileNumber, std::string>> files;
  for (const std::string& path : disk.Files()) {
    const absl::StatusOr<std::string> bytes = disk.Contents(path);
    if (!bytes.ok()) continue;
    const std::string_view identity_bytes = IdentityBytes(*bytes, kind);
    if (identity_bytes.size() < kFileIdentitySizeBytes) continue;
    const absl::StatusOr<FileIdentity> identity = DecodeFileIdentity(identity_bytes, kind, path, 0);
    if (identity.ok()) files.emplace_back(identity->number, path);
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> paths;
  for (auto& [number, path] : files) paths.push_back(std::move(path));
  return paths;
}

SimDatabase::SimDatabase(EngineConfig config, std::unique_ptr<env::testing::SimFileSystem> disk)
    : env_(/*seed=*/1, std::move(disk)), config_(config) {
  config_.env = env_.env();
}

absl::Status SimDatabase::Open() {
  AETERNUS_ASSIGN_OR_RETURN(engine_, Engine::Open(kDirectory, config_));
  return absl::OkStatus();
}

absl::Status SimDatabase::Close() {
  const absl::Status status = engine_->Close();
  engine_.reset();
  return status;
}

std::map<std::string, std::string> SimDatabase::Image() {
  std::map<std::string, std::string> image;
  for (const std::string& path : disk().Files()) image.emplace(path, disk().Contents(path).value());
  return image;
}

std::string NumberedKey(int i) { return absl::StrFormat("key_%06d", i); }

std::string NumberedValue(int i) { return absl::StrFormat("value_%06d_padded_to_some_length", i); }

absl::Status PutNumbered(Engine& engine, int begin, int end, const WriteOptions& options) {
  for (int i = begin; i < end; ++i) {
    AETERNUS_RETURN_IF_ERROR(engine.Put(NumberedKey(i), NumberedValue(i), options));
  }
  return absl::OkStatus();
}

Contents NumberedContents(int begin, int end) {
  Contents contents;
  for (int i = begin; i < end; ++i) contents.emplace(NumberedKey(i), NumberedValue(i));
  return contents;
}

absl::Status FlushEverything(Engine& engine) {
  AETERNUS_RETURN_IF_ERROR(engine.FreezeMemtable().status());
  return engine.FlushAllFrozen().status();
}

}  // namespace aeternus::stress
