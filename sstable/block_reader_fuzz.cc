// The data block, searched in place.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "base/entry.h"
#include "base/hash.h"
#include "base/key_order.h"
#include "base/testing/fuzz.h"
#include "base/types.h"
#include "sstable/block_builder.h"
#include "sstable/block_reader.h"

namespace aeternus::fuzzing {
namespace {

using sstable::BlockReader;

bool IsWithin(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// What every block that validates is good for, ordered or not: each entry lies inside, and every search ends at one.
void CheckAccess(const BlockReader& block, std::string_view bytes) {
  for (size_t i = 0; i < block.entry_count(); ++i) {
    const BlockReader::Entry entry = block.entry(i);
    CHECK(entry.kind == EntryKind::kPut || entry.kind == EntryKind::kDelete);
    CHECK(IsWithin(entry.key_suffix, bytes) && IsWithin(entry.value, bytes));
    CHECK_LE(block.common_prefix().size() + entry.key_suffix.size(), kMaxKeySizeBytes);
    CHECK(entry.lsn <= kMaxLsn);
    const std::string key = block.Key(i);
    CHECK(absl::StartsWith(key, block.common_prefix()));
    CHECK_LE(block.LowerBound(key, entry.lsn), block.entry_count());
    const size_t found = block.Find(key, StableHash(key), kMaxLsn);
    CHECK(found == BlockReader::kNotFound || block.Key(found) == key);
  }
  CHECK_LE(block.LowerBound("", kMaxLsn), block.entry_count());
  CHECK_LE(block.LowerBound("\xff\xff", kMinLsn), block.entry_count());
}

bool IsOrdered(const BlockReader& block) {
  for (size_t i = 1; i < block.entry_count(); ++i) {
    if (CompareEntries(block.Key(i - 1), block.entry(i - 1).lsn, block.Key(i), block.entry(i).lsn) >= 0) return false;
  }
  return true;
}

std::string Encode(const std::vector<EntryView>& entries) {
  sstable::BlockBuilder builder;
  size_t size_bound = 0;
  for (const EntryView& entry : entries) {
    size_bound = builder.SizeWith(entry);
    builder.Add(entry, StableHash(entry.key));
  }
  std::string out;
  builder.Finish(&out);
  CHECK_LE(out.size(), size_bound);
  return out;
}

// An ordered block, written again, holds the same entries, and finds each of them.
void CheckRoundTrip(const BlockReader& block) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < block.entry_count(); ++i) keys.push_back(block.Key(i));
  std::vector<EntryView> entries;
  for (size_t i = 0; i < block.entry_count(); ++i) {
    const BlockReader::Entry entry = block.entry(i);
    entries.push_back({.key = keys[i], .lsn = entry.lsn, .kind = entry.kind, .value = entry.value});
  }
  const std::string encoded = Encode(entries);
  CHECK_OK(BlockReader::Validate(encoded, "fuzz", 0));
  const BlockReader again(encoded);
  CHECK_EQ(again.entry_count(), entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const BlockReader::Entry entry = again.entry(i);
    CHECK(again.Key(i) == keys[i] && entry.lsn == entries[i].lsn && entry.kind == entries[i].kind &&
          entry.value == entries[i].value);
    CHECK_EQ(again.LowerBound(keys[i], entry.lsn), i);
    CHECK_EQ(block.LowerBound(keys[i], entry.lsn), i);
    CHECK_EQ(again.Find(keys[i], StableHash(keys[i]), entry.lsn), i);
  }
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  if (!BlockReader::Validate(input, "fuzz", 0).ok()) return false;
  const BlockReader block(input);
  CheckAccess(block, input);
  if (IsOrdered(block)) CheckRoundTrip(block);
  return true;
}

std::vector<Seed> Seeds() {
  const std::string large(300, 'v');
  const auto put = [](std::string_view key, uint64_t lsn, std::string_view value) {
    return EntryView{.key = key, .lsn = Lsn(lsn), .kind = EntryKind::kPut, .value = value};
  };
  const auto del = [](std::string_view key, uint64_t lsn) {
    return EntryView{.key = key, .lsn = Lsn(lsn), .kind = EntryKind::kDelete, .value = ""};
  };
  return {
      {"one", Encode({put("key", 1, "value")})},
      {"versions", Encode({put("key_a", 900, "new"), put("key_a", 5, ""), del("key_b", 70'000), put("key_c", 5, "c")})},
      {"wide_lsns", Encode({put("", kMaxLsn.value, "empty key"), del("a", 0)})},
      {"large", Encode({put("a", 1, large), put("b", 2, large), put("ba", 3, "")})}};
}

}  // namespace aeternus::fuzzing
