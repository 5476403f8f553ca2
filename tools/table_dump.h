// The dump of a table file (sstable/format.h).
//
// Thread safety: any number of threads.
#ifndef AETERNUS_TOOLS_TABLE_DUMP_H_
#define AETERNUS_TOOLS_TABLE_DUMP_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "env/file_system.h"

namespace aeternus::tools {

// Shows identity, properties, range tombstones and entries of the table at `path`, up to the first damage.
absl::Status DumpTable(env::FileSystem* file_system, const std::string& path,
                       absl::FunctionRef<absl::Status(std::string_view)> emit);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_TABLE_DUMP_H_
