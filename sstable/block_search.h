// Finds the blocks of a table without its index and footer, by the trailers that stand behind them (format.h). Searches
// for what looks like the end of a data block, or of any block; whether the checksum fits is the caller's question.
//
// Thread safety: one thread.
#ifndef AETERNUS_SSTABLE_BLOCK_SEARCH_H_
#define AETERNUS_SSTABLE_BLOCK_SEARCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "env/file_system.h"
#include "sstable/format.h"

namespace aeternus::sstable {

class BlockSearch {
 public:
  enum class Kind { kData, kAny };

  // Looks at [begin, end) of `file`, which outlives this object.
  BlockSearch(const env::RandomAccessFile* file, Kind kind, uint64_t begin, uint64_t end)
      : file_(*file), kind_(kind), end_(end), floor_(begin), at_(begin) {}

  // The next place whose bytes look like a block and its trailer, by the offset of the trailer; nullopt when there is
  // none left. The error of a read that failed.
  absl::StatusOr<std::optional<BlockHandle>> Next();
  // The last one was a block: the next begins behind it.
  void Accept(const BlockHandle& block) { floor_ = at_ = block.end(); }

 private:
  absl::StatusOr<bool> Fill(uint64_t offset, uint64_t size);

  const env::RandomAccessFile& file_;
  const Kind kind_;
  const uint64_t end_;
  uint64_t floor_;  // where the next block begins at the earliest
  uint64_t at_;     // where its trailer is looked for
  std::string buffer_;
  uint64_t buffer_offset_ = 0;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_BLOCK_SEARCH_H_
