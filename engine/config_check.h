// Bounds of the configuration. InvalidArgument names the option, its value and its bounds.
#ifndef AETERNUS_ENGINE_CONFIG_CHECK_H_
#define AETERNUS_ENGINE_CONFIG_CHECK_H_

#include "absl/status/status.h"
#include "aeternus/options.h"

namespace aeternus {

absl::Status CheckConfig(const EngineConfig& config);
absl::Status CheckConfig(const DbConfig& config);

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_CONFIG_CHECK_H_
