#include "engine/testing/manifest_checkpoint.h"

#include "engine/core.h"

namespace aeternus {

class EngineAccess {
 public:
  static Core& CoreOf(Engine& engine) { return *engine.core_; }
};

namespace testing {

absl::Status CheckpointManifest(Engine& engine) { return EngineAccess::CoreOf(engine).CheckpointManifest(); }

}  // namespace testing
}  // namespace aeternus
