// The report of a salvage as text.
//
// Thread safety: a pure function.
#ifndef AETERNUS_TOOLS_SALVAGE_VIEW_H_
#define AETERNUS_TOOLS_SALVAGE_VIEW_H_

#include <string>

#include "salvage/report.h"

namespace aeternus::tools {

// One line for each loss, warning and ignored file, and a summary of what was used, first.
std::string FormatSalvageReport(const salvage::Report& report);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_SALVAGE_VIEW_H_
