#include "compaction/drop_rules.h"

#include <algorithm>
#include <string_view>

#include "absl/types/span.h"
#include "base/status.h"

namespace aeternus::compaction {

using Fragment = FragmentedTombstones::Fragment;

DropRules::DropRules(const MergePolicy& policy, const FragmentedTombstones& tombstones)
    : policy_(policy), tombstones_(tombstones) {}

size_t DropRules::Stripe(Lsn lsn) const {
  const auto first_reader = std::lower_bound(policy_.snapshots.begin(), policy_.snapshots.end(), lsn);
  return static_cast<size_t>(first_reader - policy_.snapshots.begin());
}

Lsn DropRules::StripeEnd(size_t stripe) const {
  return stripe < policy_.snapshots.size() ? policy_.snapshots[stripe] : kMaxLsn;
}

// Keys come in ascending order, so that the fragments are walked once.
Lsn DropRules::MaxCovering(std::string_view key, size_t stripe) {
  const absl::Span<const Fragment> fragments = tombstones_.fragments();
  while (fragment_ < fragments.size() && fragments[fragment_].end.has_value() && *fragments[fragment_].end <= key) {
    ++fragment_;
  }
  if (fragment_ == fragments.size() || key < fragments[fragment_].start) return kMinLsn;
  return FragmentedTombstones::MaxVisible(fragments[fragment_], StripeEnd(stripe));
}

absl::StatusOr<bool> DropRules::KeepsInWindow(const EntryView& entry) {
  const size_t stripe = Stripe(entry.lsn);
  const bool is_newest_of_stripe = !has_key_ || key_ != entry.key || stripe_ != stripe;
  has_key_ = true;
  key_ = entry.key;
  stripe_ = stripe;
  if (!is_newest_of_stripe || MaxCovering(entry.key, stripe) > entry.lsn) return false;
  if (entry.kind != EntryKind::kDelete || !MayDropTombstonesOf(stripe)) return true;
  return policy_.older_versions->HoldKey(entry.key, entry.lsn);
}

void DropRules::LeaveWindow() {
  if (!has_key_ || key_.data() == kept_key_.data()) return;
  kept_key_.assign(key_);
  key_ = kept_key_;
}

absl::StatusOr<std::vector<Lsn>> DropRules::KeptTombstones(const Fragment& fragment) {
  std::vector<Lsn> kept;
  std::optional<size_t> last_stripe;
  for (const Lsn lsn : fragment.lsns) {
    const size_t stripe = Stripe(lsn);
    if (stripe == last_stripe) continue;
    last_stripe = stripe;
    bool keeps = true;
    if (MayDropTombstonesOf(stripe) && policy_.drop_range_tombstones) {
      AETERNUS_ASSIGN_OR_RETURN(keeps, policy_.older_versions->HoldKeyInRange(fragment.start, fragment.end, lsn));
    }
    if (keeps) kept.push_back(lsn);
  }
  return kept;
}

}  // namespace aeternus::compaction
