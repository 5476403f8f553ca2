// Point reads of a view, and the rule by which they choose (docs/visibility.md, "What a reader sees"): layers are
// visited from new to old, and the search stops as soon as nothing older can matter.
//
// There are ways to read, which follow the same rule and find the same:
//
//   PeekPoint    within a read section, out of what is in memory. Writes to nothing that threads share, and never
//   waits;
//                may answer that something is not in memory.
//   PeekPoints   the same for several keys at once, whose waits for memory overlap.
//   ReadPoint    loads what it needs, and pins what it finds.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_ENGINE_POINT_READ_H_
#define AETERNUS_ENGINE_POINT_READ_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/entry.h"
#include "base/types.h"
#include "cache/frame_cache.h"
#include "engine/view.h"
#include "sstable/peeked.h"

namespace aeternus {

// What the layers visited so far say about one key at one snapshot.
class Verdict {
 public:
  // Nothing at or below this LSN can change the answer.
  Lsn settled() const { return std::max(cover_, found_lsn_); }
  Lsn found_lsn() const { return found_lsn_; }
  // Whether the newest version is a value that no range tombstone hides.
  bool is_visible() const { return found_kind_ == EntryKind::kPut && found_lsn_ >= cover_; }

  // A range tombstone at `lsn` covers the key.
  void Cover(Lsn lsn) { cover_ = std::max(cover_, lsn); }
  // There is a version; whether it is the newest so far.
  bool Offer(Lsn lsn, EntryKind kind) {
    if (lsn <= found_lsn_) return false;
    found_lsn_ = lsn;
    found_kind_ = kind;
    return true;
  }

 private:
  Lsn cover_{};  // of the newest range tombstone that covers the key
  Lsn found_lsn_{};
  EntryKind found_kind_ = EntryKind::kInvalid;
};

// Asks the memtables, from new to old; they follow each other in age, so the first that says anything has said
// everything, and `verdict` is settled. The memtable of the version that it found, with the value in `*value`, or null.
// `hash` is the StableHash of the key.
const std::shared_ptr<ChargedMemtable>* AskMemtables(const View& view, std::string_view key, uint64_t hash,
                                                     Lsn snapshot, Verdict* verdict, std::string_view* value);

// What a point read found, pinned: by the memtable that holds it, or by a block of a table.
struct FoundValue {
  std::string_view value;
  std::shared_ptr<const ChargedMemtable> memtable;
  FrameCache::Pin block;
};

// The visible value of `key` at `snapshot`, or nullopt.
absl::StatusOr<std::optional<FoundValue>> ReadPoint(const View& view, std::string_view key, Lsn snapshot);

// The same, unpinned: readable until the read section ends.
struct PeekedValue {
  std::string_view value;
  const std::shared_ptr<ChargedMemtable>* memtable = nullptr;  // that holds it, or else ...
  std::string_view block;                                      // ... the block,
  FrameCache::Slot* slot = nullptr;                            // in the frame of this slot
  uint64_t frames = 0;                                         // that were looked at, also when there is no value
};

using sstable::Peeked;
Peeked PeekPoint(const View& view, std::string_view key, Lsn snapshot, PeekedValue* peeked);

struct PeekedKey {
  std::string_view key;
  Peeked answer = Peeked::kAbsent;
  PeekedValue value;
};
// Answers each of `keys`, at most sstable::Lookup::kMost.
void PeekPoints(const View& view, Lsn snapshot, absl::Span<PeekedKey> keys);

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_POINT_READ_H_
