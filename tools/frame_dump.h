// The dumps of the two kinds of file that consist of frames (wal/frame.h): data logs and manifests.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_TOOLS_FRAME_DUMP_H_
#define AETERNUS_TOOLS_FRAME_DUMP_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "env/file_system.h"

namespace aeternus::tools {

// "log 12 of database 00c0ffee00c0ffee, format 1, made after edit 5"
std::string FormatIdentity(const FileIdentity& identity);

// What CURRENT says: which manifest counts, and of which database.
absl::StatusOr<FileIdentity> ReadCurrentIdentity(env::FileSystem* file_system, const std::string& dir);

// Shows the frames of `dir`/`name`, which is a log or a manifest by its `kind`, and what lies behind their end. A
// damaged identity is reported last; the frames can be read all the same if CURRENT still leads to the database's id.
absl::Status DumpFrames(env::FileSystem* file_system, const std::string& dir, const std::string& name, FileKind kind,
                        FileNumber number, absl::FunctionRef<absl::Status(std::string_view)> emit);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_FRAME_DUMP_H_
