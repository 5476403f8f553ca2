// CURRENT: the file that names the manifest in use. It is a file identity and nothing else (base/file_identity.h): of
// kind kCurrent, with the manifest's number, and as its edit the manifest's first, the snapshot, which was durable
// before CURRENT named it.
#ifndef AETERNUS_MANIFEST_CURRENT_H_
#define AETERNUS_MANIFEST_CURRENT_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "env/file_system.h"

namespace aeternus {

inline constexpr std::string_view kCurrentFileName = "CURRENT";
inline constexpr std::string_view kCurrentTemporaryFileName = "CURRENT.tmp";

// nullopt when there is no CURRENT. DataLoss when it is damaged; Unimplemented when a newer version wrote it.
absl::StatusOr<std::optional<FileIdentity>> ReadCurrent(env::FileSystem* file_system, const std::string& dir);

// Makes CURRENT name manifest `number`, whose name and first edit are durable already: write-temporary, sync, rename,
// directory sync. ResourceExhausted: there was no room, CURRENT is the old one, and all is as before. After any other
// error it is the old or the new one, whole either way; what fails in a sync is of that kind.
absl::Status SwitchCurrent(env::FileSystem* file_system, const std::string& dir, DatabaseId database, FileNumber number,
                           EditNumber first_edit);

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_CURRENT_H_
