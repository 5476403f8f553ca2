#include "stress/sim_database.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace aeternus::stress {
namespace {

// Whether `path` names a file of that role: 000012.log, 000013.sst, MANIFEST-000014.
bool IsOf(std::string_view path, FileRole role) {
  switch (role) {
    case FileRole::kLog:
      return absl::EndsWith(path, ".log");
    case FileRole::kTable:
      return absl::EndsWith(path, ".sst");
    case FileRole::kManifest:
      return absl::StrContains(path, "/MANIFEST-");
  }
  return false;
}

}  // namespace

std::vector<std::string> FilesOf(const env::testing::SimFileSystem& disk, FileRole role) {
  std::vector<std::string> paths = disk.Files();  // sorted by name, and so by number
  std::erase_if(paths, [role](const std::string& path) { return !IsOf(path, role); });
  return paths;
}

SimDatabase::SimDatabase(EngineConfig config, std::unique_ptr<env::testing::SimFileSystem> disk, uint64_t seed)
    : env_(seed, std::move(disk)), config_(config) {
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
