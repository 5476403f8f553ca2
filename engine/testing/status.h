// Expectations about statuses, which show the status when they fail.
//
//   EXPECT_OK(engine->Put("k", "v"));
//   EXPECT_TRUE(FailsWith(engine->Put("", "v"), absl::StatusCode::kInvalidArgument, {"key", "empty"}));
#ifndef AETERNUS_ENGINE_TESTING_STATUS_H_
#define AETERNUS_ENGINE_TESTING_STATUS_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace aeternus::testing {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

#define EXPECT_OK(expr) EXPECT_EQ(::aeternus::testing::StatusOf(expr), absl::OkStatus())
#define ASSERT_OK(expr) ASSERT_EQ(::aeternus::testing::StatusOf(expr), absl::OkStatus())

// Whether `result` is an error of that code whose message holds each of `words`.
template <typename Result>
::testing::AssertionResult FailsWith(const Result& result, absl::StatusCode code,
                                     std::initializer_list<std::string_view> words = {}) {
  const absl::Status status = StatusOf(result);
  if (status.code() != code) {
    return ::testing::AssertionFailure() << status << ", expected " << absl::StatusCodeToString(code);
  }
  for (const std::string_view word : words) {
    if (status.message().find(word) == std::string_view::npos) {
      return ::testing::AssertionFailure() << status << " does not say \"" << word << "\"";
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace aeternus::testing

#endif  // AETERNUS_ENGINE_TESTING_STATUS_H_
