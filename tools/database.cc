#include "tools/database.h"

#include <memory>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "aeternus/options.h"
#include "base/status.h"
#include "tools/flags.h"
#include "tools/text.h"

namespace aeternus::tools {

absl::StatusOr<ExitCode> WithDatabase(const std::string& dir, Purpose purpose,
                                      absl::FunctionRef<absl::StatusOr<ExitCode>(Db&)> use) {
  DbConfig config;
  config.create_if_missing = purpose == Purpose::kWrite;
  if (const auto mb = absl::GetFlag(FLAGS_write_buffer_mb); mb.has_value()) config.write_buffer_bytes = *mb << 20;
  if (const auto mb = absl::GetFlag(FLAGS_memory_budget_mb); mb.has_value()) config.memory_budget_bytes = *mb << 20;
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, Db::Open(dir, config));
  const absl::StatusOr<ExitCode> result = use(*db);
  const absl::Status closed = db->Close();
  AETERNUS_RETURN_IF_ERROR(result.status());
  AETERNUS_RETURN_IF_ERROR(closed);
  return result;
}

absl::StatusOr<std::string> BytesArgument(const std::string& argument, std::string_view what) {
  if (!absl::GetFlag(FLAGS_escaped)) return argument;
  absl::StatusOr<std::string> bytes = UnescapeBytes(argument);
  if (!bytes.ok()) return Annotate(bytes.status(), what);
  return bytes;
}

}  // namespace aeternus::tools
