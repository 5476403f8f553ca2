// What every command does with a database: open it as the flags say, use it, close it.
#ifndef AETERNUS_TOOLS_DATABASE_H_
#define AETERNUS_TOOLS_DATABASE_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "aeternus/db.h"
#include "tools/exit_code.h"

namespace aeternus::tools {

enum class Purpose {
  kRead,   // a directory that holds no database is left alone, and that is an error
  kWrite,  // makes a new database where there is none
};

// Opens the database in `dir`, calls `use` and closes it: what was written is on disk when this returns OK. Iterators
// of `use` must be gone when it returns. The first error counts.
absl::StatusOr<ExitCode> WithDatabase(const std::string& dir, Purpose purpose,
                                      absl::FunctionRef<absl::StatusOr<ExitCode>(Db&)> use);

// A key or value from the command line: as it is, or its escapes decoded when --escaped is given. `what` is for the
// error.
absl::StatusOr<std::string> BytesArgument(const std::string& argument, std::string_view what);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_DATABASE_H_
