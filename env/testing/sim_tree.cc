#include "env/testing/sim_tree.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/coding.h"
#include "base/hash.h"

namespace aeternus::env::testing {

void SimFile::Write(uint64_t sequence, uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  written_.Write(offset, bytes);
  unsynced_.push_back({sequence, offset, std::make_shared<const std::string>(bytes)});
}

void SimFile::Allocate(uint64_t sequence, uint64_t size) {
  if (size <= written_.size()) return;
  written_.Grow(size);
  unsynced_.push_back({sequence, size, nullptr});
}

void SimFile::SyncFirst(size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const UnsyncedWrite& write = unsynced_[i];
    durable_.Grow(write.end());
    if (write.bytes != nullptr) durable_.Write(write.offset, *write.bytes);
  }
  unsynced_.clear();
}

void UnsyncedEntry::ApplyTo(DirectoryEntries* entries) const {
  if (file == nullptr) {
    entries->erase(removed);
    return;
  }
  // A renamed file leaves whatever name it has: a crash may have lost the change that gave it the name `removed`.
  if (!removed.empty()) {
    std::erase_if(*entries, [this](const auto& entry) { return entry.second == file; });
  }
  entries->insert_or_assign(added, file);
}

std::shared_ptr<SimFile> SimDirectory::Find(std::string_view name) const {
  const auto at = written_.find(name);
  return at == written_.end() ? nullptr : at->second;
}

void SimDirectory::Add(uint64_t sequence, std::string_view name, std::shared_ptr<SimFile> file) {
  Change({sequence, std::string(name), std::move(file), ""});
}

void SimDirectory::Rename(uint64_t sequence, std::string_view from, std::string_view to) {
  Change({sequence, std::string(to), Find(from), std::string(from)});
}

void SimDirectory::Remove(uint64_t sequence, std::string_view name) {
  Change({sequence, "", nullptr, std::string(name)});
}

void SimDirectory::AddDurable(std::string_view name, const std::shared_ptr<SimFile>& file) {
  written_.insert_or_assign(std::string(name), file);
  durable_.insert_or_assign(std::string(name), file);
}

void SimDirectory::Change(UnsyncedEntry change) {
  change.ApplyTo(&written_);
  unsynced_.push_back(std::move(change));
}

void SimDirectory::SyncFirst(size_t n) {
  for (size_t i = 0; i < n; ++i) unsynced_[i].ApplyTo(&durable_);
  unsynced_.clear();
}

std::string PathIn(std::string_view path, std::string_view name) {
  std::string joined(path == "." ? "" : path);
  if (!joined.empty() && joined.back() != '/') joined.push_back('/');
  joined.append(name);
  return joined;
}

SimTree SimTree::Fork() const {
  SimTree copy = *this;  // with the files of this one; replaced below, each by one copy of its own
  std::unordered_map<const SimFile*, std::shared_ptr<SimFile>> copies;
  const auto replace = [&copies](std::shared_ptr<SimFile>* file) {
    if (*file == nullptr) return;
    std::shared_ptr<SimFile>& replacement = copies[file->get()];
    if (replacement == nullptr) replacement = std::make_shared<SimFile>(**file);
    *file = replacement;
  };
  for (auto& [path, directory] : copy.directories) {
    for (auto& [name, file] : directory.written_) replace(&file);
    for (auto& [name, file] : directory.durable_) replace(&file);
    for (UnsyncedEntry& change : directory.unsynced_) replace(&change.file);
  }
  return copy;
}

namespace {

// Collects what a tree holds, each file under a number that it gets when it is first met.
class FingerprintMaker {
 public:
  void Add(uint64_t word) { PutU64(&words_, word); }
  void Add(std::string_view text) { Add(StableHash(text)); }
  void Add(const SimFile* file) {
    const auto [at, is_new] = numbers_.emplace(file, numbers_.size());
    Add(at->second);
    if (!is_new || file == nullptr) return;
    Add(file->written().Fingerprint());
    Add(file->durable().Fingerprint());
  }
  void Add(const DirectoryEntries& entries) {
    Add(entries.size());
    for (const auto& [name, file] : entries) {
      Add(name);
      Add(file.get());
    }
  }
  uint64_t Finish() const { return StableHash(words_); }

 private:
  std::string words_;
  std::unordered_map<const SimFile*, uint64_t> numbers_;
};

}  // namespace

uint64_t SimTree::Fingerprint() const {
  FingerprintMaker maker;
  for (const auto& [path, directory] : directories) {
    maker.Add(path);
    for (const std::string& name : directory.subdirectories()) maker.Add(name);
    maker.Add(directory.written());
    if (directory.unsynced().empty() && directory.durable() == directory.written()) continue;
    maker.Add(directory.durable());
  }
  for (const Unsynced& item : AllUnsynced()) {
    maker.Add(item.file);
    if (item.entry != nullptr) {
      maker.Add(*item.directory);
      maker.Add(item.entry->added);
      maker.Add(item.entry->removed);
      maker.Add(item.entry->file.get());
    } else {
      maker.Add(item.write->offset);
      maker.Add(item.write->bytes == nullptr ? std::string_view() : *item.write->bytes);
    }
  }
  return maker.Finish();
}

}  // namespace aeternus::env::testing
