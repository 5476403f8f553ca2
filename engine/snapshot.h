// A moment of a database: reads through it see exactly what was committed when it was taken, whatever is written,
// flushed or compacted meanwhile (invariant 4). While it lives, what it sees is kept on disk: do not hoard them.
//
//   std::unique_ptr<const aeternus::Snapshot> snapshot = db->GetSnapshot().value();
//   db->Get({.snapshot = snapshot.get()}, "key");
//
// Destroy it before the database is closed; Close refuses while any is alive. After the database object is gone, it may
// still be destroyed safely.
//
// Thread safety: may be used by any number of threads at once.
#ifndef AETERNUS_ENGINE_SNAPSHOT_H_
#define AETERNUS_ENGINE_SNAPSHOT_H_

#include <cstdint>

namespace aeternus {

class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // The LSN of the last write it sees.
  virtual uint64_t lsn() const = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_SNAPSHOT_H_
