#include "stress/temp_directory.h"

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/log/check.h"
#include "gtest/gtest.h"

namespace aeternus::stress {

TempDirectory::TempDirectory() : path_(testing::TempDir() + "/aeternus_XXXXXX") {
  CHECK(mkdtemp(path_.data()) != nullptr) << "cannot make " << path_;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;  // a leftover in the test's own temporary directory harms nobody
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace aeternus::stress
