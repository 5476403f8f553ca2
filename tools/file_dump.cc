#include "tools/file_dump.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/file_identity.h"
#include "base/status.h"
#include "base/types.h"
#include "engine/file_names.h"
#include "manifest/manifest.h"
#include "tools/frame_dump.h"
#include "tools/table_dump.h"

namespace aeternus::tools {

absl::Status DumpFile(env::FileSystem* file_system, const std::string& dir, const std::string& name, LineSink emit) {
  if (const std::optional<FileNumber> number = ParseLogName(name); number.has_value()) {
    return DumpFrames(file_system, dir, name, FileKind::kLog, *number, emit);
  }
  if (const std::optional<FileNumber> number = Manifest::ParseFileName(name); number.has_value()) {
    return DumpFrames(file_system, dir, name, FileKind::kManifest, *number, emit);
  }
  if (name == Manifest::kCurrentName) {
    AETERNUS_ASSIGN_OR_RETURN(const FileIdentity identity, ReadCurrentIdentity(file_system, dir));
    return emit(FormatIdentity(identity));
  }
  if (ParseTableName(name).has_value()) return DumpTable(file_system, env::JoinPath(dir, name), emit);
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name, "\" is no log (000012.log), table (000012.sst), manifest (MANIFEST-000012) or CURRENT"));
}

}  // namespace aeternus::tools
