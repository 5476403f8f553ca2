#include "engine/testing/machine.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "engine/file_names.h"
#include "env/file_system.h"
#include "manifest/manifest.h"

namespace aeternus::testing {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimEnv;
using env::testing::SimFileSystem;

Machine::Machine(std::unique_ptr<SimFileSystem> disk, uint64_t seed)
    : env_(std::make_unique<SimEnv>(seed, std::move(disk))) {}

absl::StatusOr<std::unique_ptr<Engine>> Machine::TryOpen(EngineConfig config) {
  config.env = env();
  return Engine::Open(kDir, config);
}

std::unique_ptr<Engine> Machine::Open(EngineConfig config) {
  absl::StatusOr<std::unique_ptr<Engine>> engine = TryOpen(config);
  if (engine.ok()) return *std::move(engine);
  ADD_FAILURE() << engine.status();
  return nullptr;
}

template <typename Parse>
std::vector<std::string> Machine::FilesNamed(Parse parse) const {
  const std::string prefix = std::string(kDir) + "/";
  std::vector<std::pair<FileNumber, std::string>> found;
  for (const std::string& path : env_->file_system().Files()) {
    if (path.rfind(prefix, 0) != 0) continue;
    if (const std::optional<FileNumber> number = parse(path.substr(prefix.size()))) found.emplace_back(*number, path);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

std::vector<std::string> Machine::Logs() const { return FilesNamed(ParseLogName); }
std::vector<std::string> Machine::Tables() const { return FilesNamed(ParseTableName); }
std::vector<std::string> Machine::Manifests() const { return FilesNamed(Manifest::ParseFileName); }

Contents Machine::Files() const {
  Contents files;
  for (const std::string& path : env_->file_system().Files()) {
    if (path == env::JoinPath(kDir, kLockName)) continue;
    files[path] = *env_->file_system().Contents(path);
  }
  return files;
}

void Machine::FlipBit(const std::string& path, uint64_t bit) {
  std::string bytes = *disk().Contents(path);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  EXPECT_EQ(disk().SetContents(path, std::move(bytes)), absl::OkStatus());
}

void Machine::Zero(const std::string& path, uint64_t offset, uint64_t size) {
  Write(path, offset, std::string(size, '\0'));
}

void Machine::Truncate(const std::string& path, uint64_t size) {
  EXPECT_EQ(disk().SetContents(path, disk().Contents(path)->substr(0, size)), absl::OkStatus());
}

void Machine::Write(const std::string& path, uint64_t offset, std::string_view bytes) {
  std::string all = *disk().Contents(path);
  all.replace(offset, bytes.size(), bytes);
  EXPECT_EQ(disk().SetContents(path, std::move(all)), absl::OkStatus());
}

void Machine::Delete(const std::string& path) {
  EXPECT_EQ(disk().DeleteFile(path), absl::OkStatus());
  EXPECT_EQ(disk().SyncDirectory(kDir), absl::OkStatus());
}

uint64_t Machine::SizeOf(const std::string& path) const { return env_->file_system().Contents(path)->size(); }

void Machine::FailWhile(std::function<bool(const FileCall&)> condition, Fault fault) {
  disk().SetFaultRule([condition = std::move(condition), fault](const FileCall& call) {
    return condition(call) ? fault : Fault::kNone;
  });
}

std::vector<std::string> Machine::CallsOf(const std::vector<FileOp>& ops, const std::function<void()>& act) {
  std::vector<std::string> calls;
  disk().SetFaultRule([&](const FileCall& call) {
    if (std::find(ops.begin(), ops.end(), call.op) != ops.end()) {
      calls.push_back(std::string(FileOpName(call.op)) + " " + call.path);
    }
    return Fault::kNone;
  });
  act();
  disk().SetFaultRule(nullptr);
  return calls;
}

bool IsLog(std::string_view path) { return path.ends_with(".log"); }
bool IsTable(std::string_view path) { return path.ends_with(".sst"); }
bool IsManifest(std::string_view path) { return path.find("/MANIFEST-") != std::string_view::npos; }

::testing::AssertionResult IsRefusedUnchanged(Machine& machine, std::string_view word) {
  const Contents before = machine.Files();
  const absl::StatusOr<std::unique_ptr<Engine>> engine = machine.TryOpen();
  if (!absl::IsDataLoss(engine.status())) {
    return ::testing::AssertionFailure() << engine.status() << ", expected DATA_LOSS";
  }
  if (engine.status().message().find(word) == std::string_view::npos) {
    return ::testing::AssertionFailure() << engine.status() << " does not say \"" << word << "\"";
  }
  if (machine.Files() != before) return ::testing::AssertionFailure() << "the directory was changed";
  return ::testing::AssertionSuccess();
}

Contents ContentsWhenOpened(Machine& machine) {
  const std::unique_ptr<Engine> engine = machine.Open();
  return engine == nullptr ? Contents{} : ContentsOf(*engine);
}

std::string NumberedKey(int i) { return absl::StrFormat("key%05d", i); }

Contents Numbered(int begin, int end) {
  Contents contents;
  for (int i = begin; i < end; ++i) contents[NumberedKey(i)] = absl::StrFormat("value %d", i);
  return contents;
}

absl::Status Flush(Engine& engine) {
  if (const absl::StatusOr<bool> frozen = engine.FreezeMemtable(); !frozen.ok()) return frozen.status();
  return engine.FlushAllFrozen().status();
}

}  // namespace aeternus::testing
