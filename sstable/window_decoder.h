// Decodes a window of a block's entries: keys are put together in a buffer of the decoder's own, values lie in the
// block.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_SSTABLE_WINDOW_DECODER_H_
#define AETERNUS_SSTABLE_WINDOW_DECODER_H_

#include <algorithm>
#include <cstddef>
#include <memory>

#include "base/entry.h"
#include "sstable/block_reader.h"

namespace aeternus::sstable {

class WindowDecoder {
 public:
  // Decodes entries of `block` from `from` to before `limit` (backward: from before `from` down to `limit`) to `out`
  // and the places that follow, as long as there is room for their keys, of which there is for one. Returns where it
  // ended. The entries live until the next call, or as long as the block.
  template <bool kForward>
  size_t Decode(BlockReader block, size_t from, size_t limit, EntryView* out);

 private:
  // Room for the keys of a window. Windows of long keys are shorter; a single key always finds room.
  static constexpr size_t kKeysSizeBytes = 2048;

  std::unique_ptr<char[]> keys_;
  size_t keys_capacity_ = 0;
};

// `block` is a copy of this function's own, which no store to a key could change.
template <bool kForward>
size_t WindowDecoder::Decode(BlockReader block, size_t from, size_t limit, EntryView* out) {
  const size_t prefix_size = block.common_prefix().size();
  const size_t first_key_size = prefix_size + block.entry(kForward ? from : from - 1).key_suffix.size();
  if (keys_capacity_ < first_key_size + BlockReader::kKeySlackBytes) {
    keys_capacity_ = std::max(kKeysSizeBytes, first_key_size + BlockReader::kKeySlackBytes);
    keys_ = std::make_unique_for_overwrite<char[]>(keys_capacity_);
  }
  char* key = keys_.get();
  size_t room = keys_capacity_ - BlockReader::kKeySlackBytes;
  size_t at = from;
  while (at != limit) {
    const BlockReader::Entry entry = block.entry(kForward ? at : at - 1);
    const size_t key_size = prefix_size + entry.key_suffix.size();
    if (key_size > room) [[unlikely]]
      break;
    block.CopyKey(entry, key);
    std::construct_at(kForward ? out++ : --out,
                      EntryView{.key = {key, key_size}, .lsn = entry.lsn, .kind = entry.kind, .value = entry.value});
    key += key_size;
    room -= key_size;
    kForward ? ++at : --at;
  }
  return at;
}

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_WINDOW_DECODER_H_
