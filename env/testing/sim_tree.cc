#include "env/testing/sim_tree.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

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

}  // namespace aeternus::env::testing
