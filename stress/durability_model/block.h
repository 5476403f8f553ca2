// What the model's files consist of. A block is one frame of a log, one edit of a manifest, a header, or a table:
// written as a whole, and kept or lost as a whole.
#ifndef AETERNUS_STRESS_DURABILITY_MODEL_BLOCK_H_
#define AETERNUS_STRESS_DURABILITY_MODEL_BLOCK_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace aeternus::durability_model {

enum class BlockKind : uint8_t { kZero, kHeader, kLink, kData, kSeal, kSnapshot, kEdit, kTable, kGarbage };

// Fields that a kind does not have are 0. Sets of writes or tables are bit masks.
struct Block {
  BlockKind kind = BlockKind::kZero;
  // Headers and frames know their place; a table knows its number.
  uint8_t file = 0;
  uint8_t slot = 0;
  // Frames. `lsn` of a seal is the last one of its log; of a table, the largest that it shows.
  uint8_t lsn = 0;
  uint8_t synced_lsn = 0;
  uint8_t write = 0;                                 // kData: which one
  uint8_t prev_log = 0, prev_end = 0, prev_lsn = 0;  // kLink
  // Headers and tables: the last edit known durable when they were made. Edits: their number.
  uint8_t edit = 0;
  uint8_t writes = 0;  // kTable: what is in it
  // Edits. `tables`: live ones of a snapshot, added ones of another edit.
  uint8_t tables = 0, removed_tables = 0;
  uint8_t min_log = 0, reserved_end = 0, max_lsn = 0, flushed_lsn = 0;
  uint8_t cut_log = 0, cut_end = 0, cut_lsn = 0, first_live_log = 0;
  uint8_t close_log = 0, close_lsn = 0;

  bool is_frame() const { return kind == BlockKind::kLink || kind == BlockKind::kData || kind == BlockKind::kSeal; }
  friend auto operator<=>(const Block&, const Block&) = default;
};

// A frame that stands where it belongs.
inline bool IsFrameOf(const Block& block, int log, int slot) {
  return block.is_frame() && block.file == log && block.slot == slot;
}

using BlockId = uint16_t;
inline constexpr BlockId kZeroBlock = 0;

// Every distinct block has a number, so that a state of the disk is small.
class BlockPool {
 public:
  BlockId Add(const Block& block) {
    const auto [it, is_new] = ids_.try_emplace(block, static_cast<BlockId>(blocks_.size()));
    if (is_new) blocks_.push_back(block);
    return it->second;
  }
  const Block& at(BlockId id) const { return blocks_[id]; }

 private:
  std::vector<Block> blocks_ = {Block()};
  std::map<Block, BlockId> ids_ = {{Block(), kZeroBlock}};
};

}  // namespace aeternus::durability_model

#endif  // AETERNUS_STRESS_DURABILITY_MODEL_BLOCK_H_
