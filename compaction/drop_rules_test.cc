#include "compaction/drop_rules.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/types.h"
#include "compaction/merge_policy.h"
#include "gtest/gtest.h"
#include "iterator/fragmented_tombstones.h"

namespace aeternus::compaction {
namespace {

// Other tables, as pairs of key and LSN.
class FakeOlderVersions final : public OlderVersions {
 public:
  explicit FakeOlderVersions(std::set<std::pair<std::string, Lsn>> versions = {}) : versions_(std::move(versions)) {}

  absl::StatusOr<bool> HoldKey(std::string_view key, Lsn below) override {
    return HoldKeyInRange(key, std::string(key) + '\0', below);
  }
  absl::StatusOr<bool> HoldKeyInRange(std::string_view start, const std::optional<std::string>& end,
                                      Lsn below) override {
    for (const auto& [key, lsn] : versions_) {
      if (RangeTombstone{std::string(start), end, below}.Covers(key) && lsn < below) return true;
    }
    return false;
  }

 private:
  const std::set<std::pair<std::string, Lsn>> versions_;
};

class FailingOlderVersions final : public OlderVersions {
 public:
  absl::StatusOr<bool> HoldKey(std::string_view, Lsn) override { return absl::DataLossError("broken table"); }
  absl::StatusOr<bool> HoldKeyInRange(std::string_view, const std::optional<std::string>&, Lsn) override {
    return absl::DataLossError("broken table");
  }
};

EntryView Put(std::string_view key, uint64_t lsn) { return {key, Lsn(lsn), EntryKind::kPut, "v"}; }
EntryView Delete(std::string_view key, uint64_t lsn) { return {key, Lsn(lsn), EntryKind::kDelete, ""}; }

std::vector<Lsn> Lsns(std::vector<uint64_t> values) {
  std::vector<Lsn> lsns;
  for (const uint64_t value : values) lsns.emplace_back(value);
  return lsns;
}

// LSNs of the entries that stay, in the order given.
std::vector<Lsn> Kept(const MergePolicy& policy, const std::vector<EntryView>& entries,
                      std::vector<RangeTombstone> tombstones = {}) {
  const auto fragmented = FragmentedTombstones::Build(std::move(tombstones));
  DropRules rules(policy, fragmented);
  std::vector<Lsn> kept;
  for (const EntryView& entry : entries) {
    if (rules.Keeps(entry).value()) kept.push_back(entry.lsn);
  }
  return kept;
}

std::vector<Lsn> KeptRanges(const MergePolicy& policy, std::vector<RangeTombstone> tombstones) {
  const auto fragmented = FragmentedTombstones::Build(std::move(tombstones));
  DropRules rules(policy, fragmented);
  std::vector<Lsn> kept;
  for (const auto& fragment : fragmented.fragments()) {
    const std::vector<Lsn> of_fragment = rules.KeptTombstones(fragment).value();
    kept.insert(kept.end(), of_fragment.begin(), of_fragment.end());
  }
  return kept;
}

TEST(DropRules, OfEachStripeTheNewestVersionStays) {
  const std::vector<EntryView> entries = {Put("a", 9), Put("a", 7), Delete("a", 5), Put("a", 4), Put("b", 3)};
  EXPECT_EQ(Kept({}, entries), Lsns({9, 3}));
  EXPECT_EQ(Kept({.snapshots = Lsns({5})}, entries), Lsns({9, 5, 3}));
  EXPECT_EQ(Kept({.snapshots = Lsns({4, 7})}, entries), Lsns({9, 7, 4, 3}));
  EXPECT_EQ(Kept({.snapshots = Lsns({4, 5, 7, 9})}, entries), Lsns({9, 7, 5, 4, 3}));
}

TEST(DropRules, ARangeTombstoneHidesOnlyOlderVersionsOfItsStripe) {
  const std::vector<EntryView> entries = {Put("a", 8), Put("b", 4), Put("c", 2), Put("d", 2)};
  const std::vector<RangeTombstone> tombstones = {{"a", "d", Lsn(6)}};
  EXPECT_EQ(Kept({}, entries, tombstones), Lsns({8, 2}));
  EXPECT_EQ(Kept({.snapshots = Lsns({3})}, entries, tombstones), Lsns({8, 2, 2}));
  EXPECT_EQ(Kept({.snapshots = Lsns({5})}, entries, tombstones), Lsns({8, 4, 2, 2}));
}

TEST(DropRules, TheNewestTombstoneOfAKeyStaysInAMinorCompaction) {
  EXPECT_EQ(Kept({}, {Delete("a", 5), Delete("a", 4)}), Lsns({5}));
  EXPECT_EQ(KeptRanges({}, {{"a", "b", Lsn(5)}, {"a", "b", Lsn(4)}}), Lsns({5}));
}

TEST(DropRules, ATombstoneGoesWhenNothingOlderIsLeftAnywhere) {
  FakeOlderVersions none;
  const MergePolicy policy{.snapshots = {}, .older_versions = &none};
  EXPECT_EQ(Kept(policy, {Delete("a", 5), Put("a", 4)}), Lsns({}));
  EXPECT_EQ(KeptRanges(policy, {{"a", std::nullopt, Lsn(5)}}), Lsns({}));
}

TEST(DropRules, ATombstoneStaysWhileATableHoldsSomethingOlder) {
  FakeOlderVersions older({{"b", Lsn(3)}});
  const MergePolicy policy{.snapshots = {}, .older_versions = &older};
  EXPECT_EQ(Kept(policy, {Delete("a", 5), Delete("b", 4)}), Lsns({4}));
  EXPECT_EQ(Kept(policy, {Delete("b", 3)}), Lsns({})) << "what the table holds is not older";
  // Each fragment is judged by itself: [c, d) holds nothing elsewhere.
  EXPECT_EQ(KeptRanges(policy, {{"a", "c", Lsn(5)}, {"c", "d", Lsn(6)}}), Lsns({5}));
}

TEST(DropRules, ATombstoneAboveTheOldestSnapshotStays) {
  FakeOlderVersions none;
  const MergePolicy policy{.snapshots = Lsns({4}), .older_versions = &none};
  EXPECT_EQ(Kept(policy, {Delete("a", 5), Put("a", 4), Delete("b", 4), Put("b", 3)}), Lsns({5, 4}));
  EXPECT_EQ(KeptRanges(policy, {{"a", "b", Lsn(5)}, {"c", "d", Lsn(4)}}), Lsns({5}));
}

TEST(DropRules, RangeTombstonesMayBeToldToStay) {
  FakeOlderVersions none;
  const MergePolicy policy{.snapshots = {}, .older_versions = &none, .drop_range_tombstones = false};
  EXPECT_EQ(KeptRanges(policy, {{"a", "b", Lsn(5)}, {"a", "b", Lsn(4)}}), Lsns({5}));
  EXPECT_EQ(Kept(policy, {Delete("c", 3)}), Lsns({}));
}

TEST(DropRules, AnErrorOfALookUpIsNoAnswer) {
  FailingOlderVersions failing;
  const MergePolicy policy{.snapshots = {}, .older_versions = &failing};
  const auto tombstones = FragmentedTombstones::Build({{"a", "b", Lsn(5)}});
  DropRules rules(policy, tombstones);
  EXPECT_TRUE(absl::IsDataLoss(rules.Keeps(Delete("c", 3)).status()));
  EXPECT_TRUE(absl::IsDataLoss(rules.KeptTombstones(tombstones.fragments()[0]).status()));
}

}  // namespace
}  // namespace aeternus::compaction
