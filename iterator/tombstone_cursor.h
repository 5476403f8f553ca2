// The tombstones of several layers as one reader meets them: asks which LSN covers a key, and remembers around that key
// the interval in which the answer stays the same. Keys asked in order, either way, cost amortized O(1).
//
//   TombstoneCursor cursor(layers, snapshot);
//   if (cursor.MaxCovering(entry.key) > entry.lsn) ...    // deleted
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ITERATOR_TOMBSTONE_CURSOR_H_
#define AETERNUS_ITERATOR_TOMBSTONE_CURSOR_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/entry.h"
#include "base/key_order.h"
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
    if (known_ && CompareKeys(lower_, key) <= 0 && IsBelowUpper(key)) return covering_;
    return Locate(key);
  }
  // The same of all keys of [first, last], if one answer goes for them all.
  std::optional<Lsn> MaxCoveringAll(std::string_view first, std::string_view last) {
    const Lsn covering = MaxCovering(first);
    if (!layers_.empty() && !IsBelowUpper(last)) return std::nullopt;
    return covering;
  }
  // How many of `entries`, of which the first was asked about last, lie in [lower(), upper()): one at least.
  size_t CountWithin(absl::Span<const EntryView> entries) const {
    if (layers_.empty() || IsBelowUpper(entries.back().key)) return entries.size();
    const auto behind = std::partition_point(entries.begin(), entries.end(),
                                             [this](const EntryView& entry) { return IsBelowUpper(entry.key); });
    return static_cast<size_t>(behind - entries.begin());
  }
  // Around the key asked last; views into the layers.
  std::string_view lower() const { return lower_; }
  const std::optional<std::string_view>& upper() const { return upper_; }  // absent: unbounded

 private:
  struct Layer {
    std::shared_ptr<const FragmentedTombstones> tombstones;
    // The first fragment whose end lies behind the key that this layer was asked about last; fragments().size() when
    // none does.
    size_t at = 0;
    // This layer's own answer, for all keys of [lower, upper). Most layers keep theirs while others come to a border.
    bool known = false;
    std::string_view lower;
    std::optional<std::string_view> upper;
    Lsn covering;

    bool IsKnown(std::string_view key) const {
      return known && CompareKeys(lower, key) <= 0 && (!upper.has_value() || CompareKeys(key, *upper) < 0);
    }
  };

  bool IsBelowUpper(std::string_view key) const { return !upper_.has_value() || CompareKeys(key, *upper_) < 0; }
  Lsn Locate(std::string_view key);
  void LocateIn(Layer* layer, std::string_view key) const;
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
