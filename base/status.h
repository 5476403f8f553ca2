// Status helpers. Which code means what, from closed to corruption, is one table in docs/errors.md.
#ifndef AETERNUS_BASE_STATUS_H_
#define AETERNUS_BASE_STATUS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

// Returns from the enclosing function if `expr` is not OK.
#define AETERNUS_RETURN_IF_ERROR(expr)                                  \
  do {                                                                  \
    if (absl::Status aeternus_status = (expr); !aeternus_status.ok()) { \
      return aeternus_status;                                           \
    }                                                                   \
  } while (false)

#define AETERNUS_CONCAT_INNER(a, b) a##b
#define AETERNUS_CONCAT(a, b) AETERNUS_CONCAT_INNER(a, b)
#define AETERNUS_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                   \
  if (!tmp.ok()) return std::move(tmp).status();       \
  lhs = *std::move(tmp)
// Assigns the value of a StatusOr, or returns its status.
#define AETERNUS_ASSIGN_OR_RETURN(lhs, expr) \
  AETERNUS_ASSIGN_OR_RETURN_IMPL(AETERNUS_CONCAT(aeternus_statusor_, __LINE__), lhs, expr)

namespace aeternus {

// Damaged bytes: what is wrong, in which file, at which offset. Code DataLoss.
template <typename... Detail>
absl::Status CorruptionError(std::string_view file, uint64_t offset, const Detail&... detail) {
  return absl::DataLossError(absl::StrCat("corruption in ", file, " at offset ", offset, ": ", detail...));
}

// `status` with `context` in front of its message; payloads and code stay.
inline absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](std::string_view url, const absl::Cord& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

}  // namespace aeternus

#endif  // AETERNUS_BASE_STATUS_H_
