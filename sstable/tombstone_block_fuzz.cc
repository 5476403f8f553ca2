#include <optional>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/testing/fuzz.h"
#include "iterator/fragmented_tombstones.h"
#include "sstable/tombstone_block.h"

namespace aeternus::fuzzing {

bool DecodeAndCheck(std::string_view input) {
  const absl::StatusOr<std::vector<RangeTombstone>> tombstones = sstable::DecodeTombstones(input, "fuzz", 0);
  if (!tombstones.ok()) return false;
  CHECK_EQ(sstable::EncodeTombstones(*tombstones), input) << "tombstones have one encoding";
  // Fragmented already: taking them apart and together again must not make them more.
  const FragmentedTombstones fragmented = FragmentedTombstones::Build(*tombstones);
  CHECK_LE(fragmented.ToTombstones().size(), tombstones->size());
  for (const RangeTombstone& tombstone : *tombstones) {
    CHECK(tombstone.Covers(tombstone.start));
    CHECK(fragmented.MaxCovering(tombstone.start, kMaxLsn) >= tombstone.lsn);
  }
  return true;
}

std::vector<Seed> Seeds() {
  const auto block = [](std::vector<RangeTombstone> tombstones) {
    return sstable::EncodeTombstones(FragmentedTombstones::Build(std::move(tombstones)).ToTombstones());
  };
  return {{"overlapping", block({{"a", "m", Lsn(9)}, {"c", "z", Lsn(4)}, {"k", "l", Lsn(300)}})},
          {"unbounded", block({{"a", std::nullopt, Lsn(1)}, {"b", "c", kMaxLsn}})},
          {"everything", block({{"", std::nullopt, Lsn(7)}})}};
}

}  // namespace aeternus::fuzzing
