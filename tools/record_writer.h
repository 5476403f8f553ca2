// Writes records as lines (formats: tools/record.h); record_reader.h reads them back, hex aside.
//
// Thread safety: pure functions.
#ifndef AETERNUS_TOOLS_RECORD_WRITER_H_
#define AETERNUS_TOOLS_RECORD_WRITER_H_

#include <string>
#include <string_view>

#include "tools/record.h"

namespace aeternus::tools {

// One line, its newline included, for any key and value.
std::string FormatRecord(RecordFormat format, std::string_view key, std::string_view value);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_RECORD_WRITER_H_
