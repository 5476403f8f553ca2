#include "env/posix_random_access_file.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>

#include "base/status.h"
#include "env/posix_io.h"

namespace aeternus::env {

absl::Status PosixRandomAccessFile::Read(uint64_t offset, absl::Span<char> out) const {
  AETERNUS_ASSIGN_OR_RETURN(const BudgetedFile::Pin pin, file_.Acquire());
  return ReadFully(pin.fd(), path(), offset, out);
}

absl::StatusOr<uint64_t> PosixRandomAccessFile::Size() const {
  AETERNUS_ASSIGN_OR_RETURN(const BudgetedFile::Pin pin, file_.Acquire());
  struct stat info;
  if (fstat(pin.fd(), &info) != 0) return PosixError("stat", path(), errno);
  return static_cast<uint64_t>(info.st_size);
}

absl::StatusOr<uint64_t> PosixRandomAccessFile::NextData(uint64_t offset) const {
  AETERNUS_ASSIGN_OR_RETURN(const BudgetedFile::Pin pin, file_.Acquire());
  // Moves the descriptor's own position, which nobody uses: all reads are pread.
  const off_t found = lseek(pin.fd(), static_cast<off_t>(offset), SEEK_DATA);
  if (found >= 0) return static_cast<uint64_t>(found);
  if (errno == ENXIO) return Size();
  return offset;  // holes are not known here, so anything may be data
}

}  // namespace aeternus::env
