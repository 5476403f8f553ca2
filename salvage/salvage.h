// Salvage: writes every entry of a damaged database that can be proven good into a new one, and reports the rest. For a
// database that does not open, or that Verify calls damaged; the source is only read.
//
//   AETERNUS_ASSIGN_OR_RETURN(const salvage::Report report, salvage::Salvage(env, "/data/db", "/data/new", {}));
//   if (!report.is_complete()) ... report.losses ...
//
// Proven good: a block of a table, or a frame of a log, whose checksum fits and which belongs here: frames carry a salt
// of the database's id and the log's number; the checksum of a block covers its offset and the table's number, and a
// footer that can be read has to name this database.
//
// Of the versions of a key the one with the greatest LSN wins, wherever it was found, and deletions hide what is older
// than they are: the rule of every reader (iterator/visible_iterator.h). The target holds what is visible then, under
// new LSNs. Which files count is said in inventory.h. What that cannot make good:
//
//   - Where a deletion was lost, or a newer value, an older value that survives elsewhere is shown.
//   - Without a manifest, files count that it would have called retired: data that was deleted, and whose tombstone was
//     compacted away, may reappear. Report::warnings says so.
//   - Frames of a log behind a damaged place are used (they are whole batches, and newer than what is in front), so
//   that
//     the result may lack a write and have a later one. With `stop_at_damage` the logs end at the first such place, as
//     recovery would have them; tables are used whole either way.
//   - Frames that an earlier recovery had discarded are left out where the manifest's cut, or the link of a later log,
//     says so.
//
// Memory: the keys of the logs' entries, two keys for each block of the tables, the range tombstones, the target's
// write buffer, and a few copies of the largest value. Tables and logs are read twice.
#ifndef AETERNUS_SALVAGE_SALVAGE_H_
#define AETERNUS_SALVAGE_SALVAGE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "env/env.h"
#include "salvage/report.h"

namespace aeternus::salvage {

struct Options {
  // Leave out what the logs hold behind the first damaged place.
  bool stop_at_damage = false;
  // Told now and then how far the writing is: records and bytes so far. May be empty.
  std::function<void(uint64_t records, uint64_t bytes)> progress = nullptr;
};

// Makes the database in directory `target`, which must not exist, from what directory `source` holds. Damage is no
// error but part of the report. AlreadyExists when there is a `target`; InvalidArgument when it lies inside `source`;
// Unavailable while another process has the source open; NotFound when the source holds no file of a database; DataLoss
// when nothing says which database the files belong to; Unimplemented when a newer version wrote them. After an error
// of writing an unfinished target may be left.
absl::StatusOr<Report> Salvage(env::Env* env, const std::string& source, const std::string& target,
                               const Options& options);

}  // namespace aeternus::salvage

#endif  // AETERNUS_SALVAGE_SALVAGE_H_
