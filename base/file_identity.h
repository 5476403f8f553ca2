// The 64 bytes by which every file of a database says what it is: at the start of a log or manifest, at the end of a
// table; CURRENT is nothing else. Byte table beside the encoder in file_identity.cc.
#ifndef AETERNUS_BASE_FILE_IDENTITY_H_
#define AETERNUS_BASE_FILE_IDENTITY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/types.h"

namespace aeternus {

inline constexpr size_t kFileIdentitySizeBytes = 64;
inline constexpr uint32_t kFormatVersion = 1;

enum class FileKind { kLog, kTable, kManifest, kCurrent };

struct FileIdentity {
  FileKind kind = FileKind::kLog;
  uint32_t format_version = kFormatVersion;
  // Feature bits that may be ignored; that forbid writing; that forbid opening, when unknown. None exist yet.
  uint32_t compatible_features = 0;
  uint32_t read_only_features = 0;
  uint32_t incompatible_features = 0;
  DatabaseId database_id{};
  FileNumber number{};
  EditNumber edit{};   // the last manifest edit known durable when the file was made; 0: none
  uint64_t epoch = 0;  // reserved for fencing on shared storage

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// Exactly kFileIdentitySizeBytes bytes.
std::string EncodeFileIdentity(const FileIdentity& identity);

// DataLoss when the bytes are damaged or of another kind of file; Unimplemented when a newer version of this library
// wrote them (a larger format version or an unknown incompatible feature), naming what is not understood.
absl::StatusOr<FileIdentity> DecodeFileIdentity(std::string_view bytes, FileKind expected, std::string_view file,
                                                uint64_t offset);

}  // namespace aeternus

#endif  // AETERNUS_BASE_FILE_IDENTITY_H_
