#include "sstable/tombstone_block.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/entry.h"
#include "base/types.h"
#include "gtest/gtest.h"

namespace aeternus::sstable {
namespace {

absl::Status Decoded(const std::vector<RangeTombstone>& tombstones) {
  return DecodeTombstones(EncodeTombstones(tombstones), "file", 0).status();
}

TEST(TombstoneBlockTest, IsDecodedToWhatWasEncoded) {
  const std::vector<RangeTombstone> tombstones = {
      {"a", "b", Lsn(7)}, {"a", "b", Lsn(3)}, {"b", "c", Lsn(3)}, {"d", std::nullopt, Lsn(9)}};
  EXPECT_EQ(DecodeTombstones(EncodeTombstones(tombstones), "file", 0).value().size(), 4u);
}

TEST(TombstoneBlockTest, WhatIsNoFragmentOrNotInOrderIsCorruption) {
  EXPECT_TRUE(absl::IsDataLoss(Decoded({}))) << "a table without tombstones has no block of them";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"b", "b", Lsn(1)}}))) << "empty";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"a", "c", Lsn(1)}, {"b", "d", Lsn(2)}}))) << "overlapping";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"a", "c", Lsn(2)}, {"a", "d", Lsn(1)}}))) << "overlapping";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"c", "d", Lsn(1)}, {"a", "b", Lsn(2)}}))) << "descending";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"a", std::nullopt, Lsn(1)}, {"b", "c", Lsn(2)}}))) << "behind the end";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"a", "b", Lsn(1)}, {"a", "b", Lsn(2)}}))) << "the older one first";
  EXPECT_TRUE(absl::IsDataLoss(Decoded({{"a", "b", Lsn(1)}, {"a", "b", Lsn(1)}}))) << "twice";
}

}  // namespace
}  // namespace aeternus::sstable
