// A file that is a string, for readers of logs: followed by zeros that are allocated but not stored, and with counters
// of what was read of it.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_WAL_TESTING_BYTES_FILE_H_
#define AETERNUS_WAL_TESTING_BYTES_FILE_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/file_system.h"

namespace aeternus::wal {

class BytesFile final : public env::RandomAccessFile {
 public:
  explicit BytesFile(std::string bytes, uint64_t zero_tail = 0) : bytes_(std::move(bytes)), zero_tail_(zero_tail) {}

  absl::Status Read(uint64_t offset, absl::Span<char> out) const override {
    if (!read_status.ok()) return read_status;
    if (offset + out.size() > bytes_.size() + zero_tail_) return absl::OutOfRangeError("short");
    const uint64_t stored = offset < bytes_.size() ? std::min<uint64_t>(out.size(), bytes_.size() - offset) : 0;
    if (stored > 0) std::memcpy(out.data(), bytes_.data() + offset, stored);
    std::fill(out.begin() + static_cast<ptrdiff_t>(stored), out.end(), '\0');
    bytes_read += out.size();
    largest_read = std::max<uint64_t>(largest_read, out.size());
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size() + zero_tail_; }
  absl::StatusOr<uint64_t> NextData(uint64_t offset) const override {
    return offset < bytes_.size() ? offset : bytes_.size() + zero_tail_;
  }
  const std::string& path() const override { return path_; }

  mutable uint64_t bytes_read = 0;
  mutable uint64_t largest_read = 0;
  absl::Status read_status;

 private:
  const std::string path_ = "log";
  const std::string bytes_;
  const uint64_t zero_tail_;
};

}  // namespace aeternus::wal

#endif  // AETERNUS_WAL_TESTING_BYTES_FILE_H_
