// Names of the files in a database directory. Files with other names are foreign and never touched.
//   000012.log  000013.sst  MANIFEST-000014  CURRENT  CURRENT.tmp  LOCK  RESERVE
#ifndef AETERNUS_ENGINE_FILE_NAMES_H_
#define AETERNUS_ENGINE_FILE_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace aeternus {

inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kReserveName = "RESERVE";

std::string LogName(FileNumber number);
std::string TableName(FileNumber number);
// The number in a log's or table's name; nullopt for any other name.
std::optional<FileNumber> ParseLogName(std::string_view name);
std::optional<FileNumber> ParseTableName(std::string_view name);

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_FILE_NAMES_H_
