#include "env/testing/sparse_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"

namespace aeternus::env::testing {

void SparseBytes::Write(uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  Grow(offset + bytes.size());
  while (!bytes.empty()) {
    const size_t n = std::min<size_t>(bytes.size(), kPageSizeBytes - offset % kPageSizeBytes);
    WriteWithinPage(offset, bytes.substr(0, n));
    bytes.remove_prefix(n);
    offset += n;
  }
}

void SparseBytes::WriteWithinPage(uint64_t offset, std::string_view bytes) {
  const size_t index = offset / kPageSizeBytes;
  const size_t begin = offset % kPageSizeBytes;
  if (index >= pages_.size()) pages_.resize(index + 1);
  const std::shared_ptr<const Page>& old = pages_[index];
  auto page = old == nullptr ? std::make_shared<Page>() : std::make_shared<Page>(*old);
  std::memcpy(page->bytes.data() + begin, bytes.data(), bytes.size());
  const size_t last_sector = (begin + bytes.size() - 1) / kSectorSizeBytes;
  for (size_t sector = begin / kSectorSizeBytes; sector <= last_sector; ++sector) {
    page->written_sectors = static_cast<uint8_t>(page->written_sectors | (1u << sector));
  }
  pages_[index] = std::move(page);
}

void SparseBytes::Read(uint64_t offset, absl::Span<char> out) const {
  while (!out.empty()) {
    const size_t index = offset / kPageSizeBytes;
    const size_t begin = offset % kPageSizeBytes;
    const size_t n = std::min<size_t>(out.size(), kPageSizeBytes - begin);
    if (index < pages_.size() && pages_[index] != nullptr) {
      std::memcpy(out.data(), pages_[index]->bytes.data() + begin, n);
    } else {
      std::memset(out.data(), 0, n);
    }
    out.remove_prefix(n);
    offset += n;
  }
}

bool SparseBytes::IsWritten(uint64_t offset) const {
  const size_t index = offset / kPageSizeBytes;
  if (index >= pages_.size() || pages_[index] == nullptr) return false;
  return (pages_[index]->written_sectors >> (offset % kPageSizeBytes / kSectorSizeBytes) & 1) != 0;
}

uint64_t SparseBytes::Fingerprint() const {
  uint64_t fingerprint = size_;
  for (const std::shared_ptr<const Page>& page : pages_) {
    if (page != nullptr) fingerprint = StableHash(fingerprint, page->written_sectors);
    fingerprint = StableHash(
        fingerprint, page == nullptr ? 0 : StableHash(std::string_view(page->bytes.data(), page->bytes.size())));
  }
  return fingerprint;
}

uint64_t SparseBytes::NextWritten(uint64_t offset) const {
  const uint64_t end = std::min<uint64_t>(size_, pages_.size() * kPageSizeBytes);
  while (offset < end && !IsWritten(offset)) {
    const bool is_hole = pages_[offset / kPageSizeBytes] == nullptr;
    const uint64_t unit = is_hole ? kPageSizeBytes : kSectorSizeBytes;
    offset = (offset / unit + 1) * unit;
  }
  return offset < end ? offset : size_;
}

}  // namespace aeternus::env::testing
