// Decides, entry by entry, what of the inputs of a merge nobody can ever see again (docs/visibility.md). The merge and
// the question whether a merge is worth while both ask here, so that they cannot disagree.
//
// The live snapshots cut the LSNs into stripes: (0, s1], (s1, s2], ..., (sn, present]. No reader can tell apart two
// versions of one stripe: whoever sees the older one's LSN sees the newer one too. So
//
//   1. of the versions of a key in one stripe only the newest matters, and not even that if a range tombstone of the
//      same stripe, newer than it, covers the key;
//   2. of the range tombstones over a key in one stripe only the newest matters;
//   3. where tombstones may be dropped, what is left of them after 1 and 2 goes if it lies in the oldest stripe (a),
//   and
//      no other table with an LSN below it holds anything that it hides (c). That nothing older that it hides stays in
//      the output (b) follows: all of that lies in the oldest stripe too, and went by rule 1.
//
// Thread safety: one thread.
#ifndef AETERNUS_COMPACTION_DROP_RULES_H_
#define AETERNUS_COMPACTION_DROP_RULES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/types.h"
#include "compaction/merge_policy.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus::compaction {

class DropRules {
 public:
  // `tombstones`: all range tombstones of the inputs. Both outlive this object.
  DropRules(const MergePolicy& policy, const FragmentedTombstones& tombstones);

  // Whether `entry` must stay. Every point entry of the inputs is asked about, in internal order.
  absl::StatusOr<bool> Keeps(const EntryView& entry) {
    absl::StatusOr<bool> keeps = KeepsInWindow(entry);
    LeaveWindow();
    return keeps;
  }
  // The same where `entry` stays readable until the next call, or until LeaveWindow().
  absl::StatusOr<bool> KeepsInWindow(const EntryView& entry);
  void LeaveWindow();
  // Those tombstones of a fragment that must stay, by descending LSN.
  absl::StatusOr<std::vector<Lsn>> KeptTombstones(const FragmentedTombstones::Fragment& fragment);

 private:
  size_t Stripe(Lsn lsn) const;
  // The newest reader of a stripe.
  Lsn StripeEnd(size_t stripe) const;
  bool MayDropTombstonesOf(size_t stripe) const { return policy_.older_versions != nullptr && stripe == 0; }
  // The newest range tombstone over `key` that the stripe sees.
  Lsn MaxCovering(std::string_view key, size_t stripe);

  const MergePolicy& policy_;
  const FragmentedTombstones& tombstones_;
  // Of the entry asked about last.
  bool has_key_ = false;
  std::string_view key_;
  std::string kept_key_;  // what key_ is a view of behind its window
  size_t stripe_ = 0;
  size_t fragment_ = 0;  // the first whose end lies behind the key
};

}  // namespace aeternus::compaction

#endif  // AETERNUS_COMPACTION_DROP_RULES_H_
