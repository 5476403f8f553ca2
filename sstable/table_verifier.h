// Reads every byte of a table, past the cache, and checks all that its blocks promise one another. What loading a block
// checks keeps readers safe; this finds a table that is intact and wrong.
//
// Thread safety: one thread.
#ifndef AETERNUS_SSTABLE_TABLE_VERIFIER_H_
#define AETERNUS_SSTABLE_TABLE_VERIFIER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "bloom/filter.h"
#include "sstable/block_reader.h"
#include "sstable/index_block.h"
#include "sstable/table_file.h"
#include "sstable/table_params.h"

namespace aeternus::sstable {

class TableVerifier {
 public:
  // The first damage met, or OK. `expected_checksum` is that of the whole file.
  static absl::Status Verify(const TableParams& params, std::optional<uint32_t> expected_checksum);

 private:
  explicit TableVerifier(const TableFile* file) : file_(*file) {}

  absl::Status VerifyData();
  absl::Status VerifyEntries(const BlockReader& block, size_t number);
  absl::Status VerifyTombstones();
  absl::Status VerifyCounts();
  absl::Status VerifyChecksum(uint64_t file_size, uint32_t expected);

  const TableFile& file_;
  bloom::FilterView filter_;
  IndexReader index_;
  uint64_t block_offset_ = 0;  // of the block in hand
  // The entry before the one in hand.
  bool has_previous_ = false;
  std::string previous_key_;
  Lsn previous_lsn_;
  // What was met.
  uint64_t put_count_ = 0;
  uint64_t delete_count_ = 0;
  uint64_t range_tombstone_count_ = 0;
  uint64_t raw_key_bytes_ = 0;
  uint64_t raw_value_bytes_ = 0;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_VERIFIER_H_
