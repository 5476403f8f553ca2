// The tombstones of several layers as one reader meets them: asks which LSN covers a key, and remembers around that key
// the interval in which the answer stays the same. Keys asked in order, either way, cost amortized O(1).
//
//   TombstoneCursor cursor(layers, snapshot);
//   if (cursor.MaxCovering(entry.key) > entry.lsn) ...    // deleted
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ITERATOR_TOMBSTONE_CURSOR_H_
#define AETERNUS_ITERATOR_TOMBSTONE_CURSOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus {

class TombstoneCursor {
 public:
  // Empty and null layers are left out.
  TombstoneCursor(std::vector<std::shared_ptr<const FragmentedTombstones>> layers, Lsn snapshot);

  // The largest LSN <= snapshot of a tombstone of any layer that covers `key`; kMinLsn when there is none. The answer
  // is the same for every key of [lower(), upper()).
  Lsn MaxCovering(std::string_view key) {
    if (layers_.empty()) return kMinLsn;
    if (known_ && lower_ <= key && (!upper_.has_value() || key < *upper_)) return covering_;
    return Locate(key);
  }
  // The same of all keys of [first, last], if one answer goes for them all.
  std::optional<Lsn> MaxCoveringAll(std::string_view first, std::string_view last) {
    const Lsn covering = MaxCovering(first);
    if (!layers_.empty() && upper_.has_value() && *upper_ <= last) return std::nullopt;
    return covering;
  }
  // Around the key asked last; views into the layers.
  std::string_view lower() const { return lower_; }
  const std::optional<std::string_view>& upper() const { return upper_; }  // absent: unbounded

 private:
  struct Layer {
    std::shared_ptr<const FragmentedTombstones> tombstones;
    size_t at = 0;  // the first fragment whose end lies behind the key asked last; fragments().size() when none does
  };

  Lsn Locate(std::string_view key);
  static void MoveTo(std::string_view key, Layer* layer);

  const Lsn snapshot_;
  std::vector<Layer> layers_;
  // The answer for all keys of [lower_, upper_), once known. The bounds lie in the fragments.
  bool known_ = false;
  std::string_view lower_;
  std::optional<std::string_view> upper_;
  Lsn covering_;
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_TOMBSTONE_CURSOR_H_
