// RandomAccessFile by pread(2) over a descriptor that the budget may close between two calls.
#ifndef AETERNUS_ENV_POSIX_RANDOM_ACCESS_FILE_H_
#define AETERNUS_ENV_POSIX_RANDOM_ACCESS_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/descriptor_budget.h"
#include "env/file_system.h"

namespace aeternus::env {

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  // `budget` outlives the file.
  PosixRandomAccessFile(DescriptorBudget* budget, std::string path) : file_(budget, std::move(path)) {}

  // Opens the file once, so that a missing one is found out early.
  absl::Status Probe() const { return file_.Acquire().status(); }

  absl::Status Read(uint64_t offset, absl::Span<char> out) const override;
  absl::StatusOr<uint64_t> Size() const override;
  absl::StatusOr<uint64_t> NextData(uint64_t offset) const override;
  const std::string& path() const override { return file_.path(); }

 private:
  mutable BudgetedFile file_;  // opening a descriptor does not change the file
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_POSIX_RANDOM_ACCESS_FILE_H_
