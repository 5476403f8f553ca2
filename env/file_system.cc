#include "env/file_system.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::env {

absl::StatusOr<std::string> FileSystem::ReadFile(const std::string& path, uint64_t max_bytes) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, NewRandomAccessFile(path));
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > max_bytes) {
    return absl::DataLossError(absl::StrCat("read ", path, ": ", size, " bytes, expected at most ", max_bytes));
  }
  std::string contents(size, '\0');
  AETERNUS_RETURN_IF_ERROR(file->Read(0, absl::MakeSpan(contents)));
  return contents;
}

absl::Status AsFinal(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? absl::InternalError(status.message()) : status;
}

std::string JoinPath(std::string_view dir, std::string_view name) { return absl::StrCat(dir, "/", name); }

std::string DirectoryOf(std::string_view path) {
  const auto without_trailing_slashes = [](std::string_view text) {
    while (text.size() > 1 && text.back() == '/') text.remove_suffix(1);
    return text;
  };
  path = without_trailing_slashes(path);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(without_trailing_slashes(path.substr(0, slash + 1)));
}

}  // namespace aeternus::env
