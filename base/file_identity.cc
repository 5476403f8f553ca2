#include "base/file_identity.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/status.h"

namespace aeternus {
namespace {

// offset size
//      0    8  magic: "AETRNLOG", "AETRNTAB", "AETRNMAN" or "AETRNCUR"
//      8    4  format version
//     12    4  compatible features
//     16    4  read-only compatible features
//     20    4  incompatible features
//     24    8  database id
//     32    8  file number (in CURRENT, of the manifest that it names)
//     40    8  last durable manifest edit when the file was made
//     48    8  epoch (0)
//     56    4  zero
//     60    4  CRC-32C of bytes 0-59
constexpr size_t kChecksumOffset = 60;

std::string_view Magic(FileKind kind) {
  switch (kind) {
    case FileKind::kLog:
      return "AETRNLOG";
    case FileKind::kTable:
      return "AETRNTAB";
    case FileKind::kManifest:
      return "AETRNMAN";
    case FileKind::kCurrent:
      return "AETRNCUR";
  }
  return "";
}

}  // namespace

std::string EncodeFileIdentity(const FileIdentity& identity) {
  std::string out(Magic(identity.kind));
  PutU32(&out, identity.format_version);
  PutU32(&out, identity.compatible_features);
  PutU32(&out, identity.read_only_features);
  PutU32(&out, identity.incompatible_features);
  PutU64(&out, identity.database_id.value);
  PutU64(&out, identity.number.value);
  PutU64(&out, identity.edit.value);
  PutU64(&out, identity.epoch);
  PutU32(&out, 0);
  PutU32(&out, Crc32c(out));
  return out;
}

absl::StatusOr<FileIdentity> DecodeFileIdentity(std::string_view bytes, FileKind expected, std::string_view file,
                                                uint64_t offset) {
  Decoder in(bytes, "file identity", file, offset);
  AETERNUS_ASSIGN_OR_RETURN(const std::string_view body, in.TakeBytes(kChecksumOffset, "identity"));
  AETERNUS_ASSIGN_OR_RETURN(const uint32_t checksum, in.TakeU32("identity checksum"));
  if (checksum != Crc32c(body)) {
    return CorruptionError(file, offset,
                           absl::StrFormat("file identity has checksum %08x, expected %08x", checksum, Crc32c(body)));
  }
  if (body.substr(0, 8) != Magic(expected)) {
    return CorruptionError(file, offset, "magic is \"", absl::CHexEscape(body.substr(0, 8)), "\", expected \"",
                           Magic(expected), "\"");
  }
  const char* p = body.data();
  FileIdentity identity;
  identity.kind = expected;
  identity.format_version = LoadU32(p + 8);
  identity.compatible_features = LoadU32(p + 12);
  identity.read_only_features = LoadU32(p + 16);
  identity.incompatible_features = LoadU32(p + 20);
  identity.database_id = DatabaseId(LoadU64(p + 24));
  identity.number = FileNumber(LoadU64(p + 32));
  identity.edit = EditNumber(LoadU64(p + 40));
  identity.epoch = LoadU64(p + 48);
  if (identity.format_version > kFormatVersion) {
    return absl::UnimplementedError(absl::StrCat(file, " has format version ", identity.format_version,
                                                 ", this library reads up to ", kFormatVersion,
                                                 "; open it with a newer version"));
  }
  if (const uint32_t unknown = identity.incompatible_features | identity.read_only_features; unknown != 0) {
    return absl::UnimplementedError(
        absl::StrFormat("%s needs features that this library does not know (incompatible 0x%x, read-only 0x%x); open "
                        "it with a newer version",
                        file, identity.incompatible_features, identity.read_only_features));
  }
  return identity;
}

}  // namespace aeternus
