// Random tables, edits that a live database could make, and a state as text, so that a failed comparison can be read.
#ifndef AETERNUS_MANIFEST_TESTING_SAMPLES_H_
#define AETERNUS_MANIFEST_TESTING_SAMPLES_H_

#include <random>
#include <string>

#include "base/types.h"
#include "manifest/manifest.h"
#include "manifest/table_metadata.h"
#include "manifest/version_edit.h"

namespace aeternus {

// Every field drawn from its whole range.
TableMetadata RandomTable(std::mt19937_64& random, FileNumber number);

// An edit that `state` accepts: adds new tables, removes live ones, moves the numbers on.
VersionEdit RandomEdit(std::mt19937_64& random, const ManifestState& state);

// Everything but the number of the manifest file; one line per fact.
std::string Describe(const ManifestState& state);

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_TESTING_SAMPLES_H_
