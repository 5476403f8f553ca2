#include "env/posix_log_window.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // of Linux 5.14; the C library may be older
#endif

namespace aeternus::env {
namespace {

constexpr long kXfsMagic = 0x58465342;  // linux/magic.h has it not

uint64_t RoundDown(uint64_t n) { return n / PosixLogWindow::kStepBytes * PosixLogWindow::kStepBytes; }
uint64_t RoundUp(uint64_t n) { return RoundDown(n + PosixLogWindow::kStepBytes - 1); }

// Whether what was allocated stays the place where it is written.
bool WritesInPlace(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return false;
  const long type = info.f_type;
  return type == EXT4_SUPER_MAGIC || type == TMPFS_MAGIC || type == kXfsMagic;
}

}  // namespace

PosixLogWindow::~PosixLogWindow() { Unmap(); }

bool PosixLogWindow::Store(int fd, uint64_t offset, std::string_view data, uint64_t backed_bytes) {
  const uint64_t end = offset + data.size();
  if (!is_usable_ || data.size() > kStepBytes || end > backed_bytes) return false;
  if (!Reaches(offset, end) && !MoveTo(fd, offset, end, backed_bytes)) return false;
  if (end - begin_ > populated_ && !Populate(end)) return false;
  std::memcpy(memory_ + (offset - begin_), data.data(), data.size());
  return true;
}

bool PosixLogWindow::MoveTo(int fd, uint64_t offset, uint64_t end, uint64_t backed_bytes) {
  Unmap();
  if (!is_file_system_known_) {
    is_usable_ = WritesInPlace(fd);
    is_file_system_known_ = true;
    if (!is_usable_) return false;
  }
  const uint64_t begin = RoundDown(offset);
  // Not a byte of a page that is not backed as a whole.
  const uint64_t limit = RoundDown(backed_bytes);
  if (end > limit) return false;
  const uint64_t size = std::min<uint64_t>(kWindowBytes, limit - begin);
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(begin));
  if (memory == MAP_FAILED) {
    is_usable_ = false;
    return false;
  }
  memory_ = static_cast<char*>(memory);
  begin_ = begin;
  size_ = size;
  return true;
}

bool PosixLogWindow::Populate(uint64_t end) {
  const uint64_t wanted = std::min(RoundUp(end - begin_), size_);
  if (madvise(memory_ + populated_, wanted - populated_, MADV_POPULATE_WRITE) != 0) {
    Unmap();
    is_usable_ = false;
    return false;
  }
  populated_ = wanted;
  return true;
}

void PosixLogWindow::Unmap() {
  if (memory_ != nullptr) munmap(memory_, size_);
  memory_ = nullptr;
  size_ = 0;
  populated_ = 0;
}

}  // namespace aeternus::env
