// A program outside the repository that keeps a guest book: it opens a database, writes, reads one key, reads a range
// and closes, and looks at every error. Usage: app [DIRECTORY]; without one, it uses a temporary directory.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/db.h"
#include "aeternus/iterator.h"
#include "aeternus/write_batch.h"

namespace {

absl::Status Write(aeternus::Db& db) {
  // One write, on disk when it returns.
  if (absl::Status status = db.Put("guest/1842", "Ada"); !status.ok()) return status;

  // Several writes, visible and durable all together or not at all.
  aeternus::WriteBatch batch;
  batch.Put("guest/1906", "Grace");
  batch.Put("guest/1912", "Alan");
  batch.Put("guest/2100", "nobody yet");
  batch.Delete("guest/2100");
  return db.Write(batch);
}

absl::Status ReadOne(aeternus::Db& db, const std::string& key) {
  absl::StatusOr<std::optional<std::string>> value = db.Get(key);
  if (!value.ok()) return value.status();
  std::printf("%s = %s\n", key.c_str(), value->value_or("(absent)").c_str());
  return absl::OkStatus();
}

absl::Status ReadRange(aeternus::Db& db) {
  absl::StatusOr<std::unique_ptr<aeternus::Iterator>> iterator =
      db.NewIterator({}, {.lower_bound = "guest/", .upper_bound = "guest0"});
  if (!iterator.ok()) return iterator.status();
  aeternus::Iterator& it = **iterator;
  for (it.SeekToFirst(); it.Valid(); it.Next()) {
    std::printf("%s: %s\n", std::string(it.key()).c_str(), std::string(it.value()).c_str());
  }
  return it.status();  // the end of the range, or why the iteration ended before it
}

absl::Status Run(const std::string& directory) {
  absl::StatusOr<std::unique_ptr<aeternus::Db>> db = aeternus::Db::Open(directory, {});
  if (!db.ok()) return db.status();
  if (absl::Status status = Write(**db); !status.ok()) return status;
  if (absl::Status status = ReadOne(**db, "guest/1906"); !status.ok()) return status;
  if (absl::Status status = ReadOne(**db, "guest/2100"); !status.ok()) return status;
  if (absl::Status status = ReadRange(**db); !status.ok()) return status;

  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> scanned = (*db)->Scan("guest/1900", "guest/2000");
  if (!scanned.ok()) return scanned.status();
  std::printf("%zu guests of the last century\n", scanned->size());
  return (*db)->Close();
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_temporary = argc < 2;
  std::string directory;
  if (is_temporary) {
    std::string pattern = (std::filesystem::temp_directory_path() / "guest-book-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      std::perror("mkdtemp");
      return 1;
    }
    directory = pattern;
  } else {
    directory = argv[1];
  }

  const absl::Status status = Run(directory);
  if (is_temporary) {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  if (!status.ok()) {
    std::fprintf(stderr, "%s: %s\n", directory.c_str(), status.ToString().c_str());
    return 1;
  }
  return 0;
}
