// Shows what a file of a database holds, frame by frame or entry by entry, through the readers that the engine itself
// uses. For looking into a database that is in use, or that does not open: nothing is locked, nothing is written.
//
//   000012.log        frames with their offsets; of batches every operation
//   000013.sst        properties, range tombstones, entries with their LSNs
//   MANIFEST-000014   edits
//   CURRENT           which manifest counts
//
// Thread safety: any number of threads.
#ifndef AETERNUS_TOOLS_FILE_DUMP_H_
#define AETERNUS_TOOLS_FILE_DUMP_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "env/file_system.h"

namespace aeternus::tools {

// Takes one line, without its newline. An error of it ends the dump.
using LineSink = absl::FunctionRef<absl::Status(std::string_view line)>;

// Dumps the file `name` of the database directory `dir`. InvalidArgument when the name is none of these. At
// the first damage: DataLoss, after everything in front of it was shown.
absl::Status DumpFile(env::FileSystem* file_system, const std::string& dir, const std::string& name, LineSink emit);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_FILE_DUMP_H_
