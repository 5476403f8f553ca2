// Writes one table, front to back, from entries in internal order. Memory: the block in the making, plus index, filter
// hashes and tombstones.
//
//   AETERNUS_ASSIGN_OR_RETURN(auto builder, sstable::Builder::Create(fs, path, identity, options));
//   for (...) AETERNUS_RETURN_IF_ERROR(builder->Add(entry));
//   AETERNUS_RETURN_IF_ERROR(builder->AddTombstone(tombstone));
//   AETERNUS_ASSIGN_OR_RETURN(sstable::TableSummary summary, builder->Finish());   // synced; the directory is not
//
// Thread safety: one thread.
#ifndef AETERNUS_SSTABLE_BUILDER_H_
#define AETERNUS_SSTABLE_BUILDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/file_identity.h"
#include "env/file_system.h"

namespace aeternus::sstable {

struct BuilderOptions {
  size_t block_size_bytes = 4096;  // a block is closed when it would grow beyond this
  double filter_bits_per_key = 10.0;
  int64_t creation_time_micros = 0;  // since the Unix epoch
  // Oldest tombstone of the inputs, carried through merges so that tombstones age; 0 when there is none: then the
  // creation time counts if this table holds tombstones.
  int64_t oldest_tombstone_time_micros = 0;
};

// What the manifest wants to know about a table.
struct TableSummary {
  uint64_t size_bytes = 0;
  uint32_t checksum = 0;  // CRC-32C of the whole file
  uint64_t put_count = 0;
  uint64_t delete_count = 0;
  uint64_t range_tombstone_count = 0;  // as stored: cut where they overlap, so it may differ from what was added
  uint64_t raw_key_bytes = 0;
  uint64_t raw_value_bytes = 0;
  Lsn min_point_lsn, max_point_lsn;    // kMinLsn when there are no points
  Lsn min_range_lsn, max_range_lsn;    // kMinLsn when there are no range tombstones
  std::string smallest;                // bounds cover points and range tombstones
  std::optional<std::string> largest;  // absent: unbounded above
  bool largest_is_exclusive = false;   // the upper bound is the end of a range tombstone
  int64_t creation_time_micros = 0;
  int64_t oldest_tombstone_time_micros = 0;  // 0: no tombstones
};

class Builder {
 public:
  static absl::StatusOr<std::unique_ptr<Builder>> Create(env::FileSystem* file_system, const std::string& path,
                                                         const FileIdentity& identity, const BuilderOptions& options);
  ~Builder();

  // Point entries, in internal order (checked; a breach is an Internal error).
  absl::Status Add(const EntryView& entry);
  // Range tombstones, in any order and at any time before Finish.
  absl::Status AddTombstone(const RangeTombstone& tombstone);

  uint64_t entry_count() const;  // points and tombstones so far
  // Writes the rest and syncs the file. Nothing may be added afterwards. InvalidArgument when nothing was added.
  absl::StatusOr<TableSummary> Finish();

 private:
  struct Impl;
  explicit Builder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_BUILDER_H_
