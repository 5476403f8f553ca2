// The bytes of a simulated file. Bytes that were never written read as zeros and take no memory; copies share pages.
//
// Thread safety: as a std::string. Copies may be used by different threads: shared pages never change.
#ifndef AETERNUS_ENV_TESTING_SPARSE_BYTES_H_
#define AETERNUS_ENV_TESTING_SPARSE_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace aeternus::env::testing {

// What a disk writes as a whole.
inline constexpr size_t kSectorSizeBytes = 512;

class SparseBytes {
 public:
  uint64_t size() const { return size_; }

  // Grows if the end is passed.
  void Write(uint64_t offset, std::string_view bytes);
  // Makes it at least `size` long.
  void Grow(uint64_t size) { size_ = size > size_ ? size : size_; }
  // `offset + out.size()` <= size().
  void Read(uint64_t offset, absl::Span<char> out) const;

  // Whether any byte of the sector that holds `offset` was written, zeros included.
  bool IsWritten(uint64_t offset) const;
  // A hash of the size, the bytes, and which sectors were written.
  uint64_t Fingerprint() const;
  // The first offset >= `offset` in a written sector, or size() if there is none.
  uint64_t NextWritten(uint64_t offset) const;

 private:
  static constexpr size_t kPageSizeBytes = 8 * kSectorSizeBytes;
  struct Page {
    std::array<char, kPageSizeBytes> bytes{};
    uint8_t written_sectors = 0;  // one bit each
  };

  void WriteWithinPage(uint64_t offset, std::string_view bytes);

  uint64_t size_ = 0;
  // Up to the last one written; null where nothing was. A page is replaced, never changed, so that copies may share it.
  std::vector<std::shared_ptr<const Page>> pages_;
};

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SPARSE_BYTES_H_
