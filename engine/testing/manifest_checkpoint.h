// Asks an engine for what it does by itself only when its manifest has grown by a quarter of a megabyte, which a test
// of small histories would never see.
//
// Thread safety: as Engine.
#ifndef AETERNUS_ENGINE_TESTING_MANIFEST_CHECKPOINT_H_
#define AETERNUS_ENGINE_TESTING_MANIFEST_CHECKPOINT_H_

#include "absl/status/status.h"
#include "aeternus/engine.h"

namespace aeternus::testing {

// Writes the manifest anew and switches CURRENT to it (Core::CheckpointManifest).
absl::Status CheckpointManifest(Engine& engine);

}  // namespace aeternus::testing

#endif  // AETERNUS_ENGINE_TESTING_MANIFEST_CHECKPOINT_H_
