// What must hold of everything that can lie on disk: the promises of docs/durability.md.
#include <bit>

#include "absl/strings/str_format.h"
#include "stress/durability_model/model.h"

namespace aeternus::durability_model {
namespace {

// Whether what is there is a prefix of what was committed (invariant 1).
bool IsPrefix(uint8_t there, uint8_t committed) {
  if ((there & ~committed) != 0) return false;
  const auto missing = static_cast<uint8_t>(committed & ~there);
  return missing == 0 || there >> std::countr_zero(missing) == 0;
}

std::string NameOf(int name) {
  if (name < kFirstManifest) return absl::StrFormat("log %d", name);
  if (name < kFirstTable) return absl::StrFormat("manifest %d", name - kFirstManifest);
  return absl::StrFormat("table %d", name - kFirstTable);
}

}  // namespace

std::optional<std::string> Model::CheckRecovery(const State& down, const Recovered& found) const {
  const Ghost& g = down.ghost;
  if (found.refusal != nullptr) return absl::StrFormat("open refuses what a crash may leave: %s", found.refusal);
  const std::string there = absl::StrFormat(" (there %02x, committed %02x)", found.writes, g.committed);
  if ((g.must_survive & ~found.writes) != 0) return "acknowledged writes are lost" + there;
  if (!IsPrefix(U8(found.writes & ~g.taken_back), g.committed)) return "what survives is no prefix" + there;
  if ((g.acknowledged & ~found.writes) != 0 && g.has_failed == 0) return "a kill lost an acknowledged write" + there;
  return std::nullopt;
}

// One loss or damage at a time: a block, a log from its link on, a file.
std::optional<std::string> Model::CheckDamage(const State& down) {
  const Recovered before = Recover(down.disk, pool_, rules_);
  const BlockId garbage = pool_.Add({.kind = BlockKind::kGarbage});
  for (int name = 1; name < kCurrent; ++name) {
    if (!down.disk.Exists(name)) continue;
    for (int slot = 0; slot < kBlocks; ++slot) {
      const BlockId block = down.disk.At(name).cache[slot];
      if (block == kZeroBlock) continue;
      Disk damaged = down.disk;
      damaged.At(name).cache[slot] = garbage;
      const Block lost = pool_.at(block);
      if (auto violation = CheckDamaged(down, before, damaged, name, lost)) return violation;
    }
    Disk removed = down.disk;
    removed.Remove(name);
    if (auto violation = CheckDamaged(down, before, removed, name, Block())) return violation;
    if (name >= kFirstManifest) continue;
    Disk emptied = down.disk;
    for (int slot = 1; slot < kBlocks; ++slot) emptied.At(name).cache[slot] = kZeroBlock;
    if (auto violation = CheckDamaged(down, before, emptied, name, Block())) return violation;
  }
  return std::nullopt;
}

// `lost`: the one block that is damaged; a zero one when more than that is gone.
std::optional<std::string> Model::CheckDamaged(const State& down, const Recovered& before, const Disk& damaged,
                                               int name, const Block& lost) {
  ++damages_;
  const Ghost& g = down.ghost;
  const Recovered found = Recover(damaged, pool_, rules_);
  if (found.refusal != nullptr) return std::nullopt;
  const std::string what = absl::StrFormat(" (%s, block of kind %d; there %02x, committed %02x)", NameOf(name),
                                           static_cast<int>(lost.kind), found.writes, g.committed);
  if (!IsPrefix(U8(found.writes & ~g.taken_back), g.committed))
    return "after damage: what is there is no prefix" + what;
  if (g.is_closed != 0) {
    if (found.writes == g.committed) return std::nullopt;
    return "silent loss in a cleanly closed database" + what;
  }
  if (before.refusal != nullptr || (g.must_survive & ~found.writes) == 0) return std::nullopt;
  if (name >= kFirstManifest) return "silent loss by damage to a manifest or table" + what;
  // What no store can tell: whether frames above the greatest synced LSN that is left were ever whole. The witness
  // itself may be what is damaged.
  const bool is_witness = lost.is_frame() && lost.synced_lsn == before.greatest_synced;
  if (lost.kind == BlockKind::kZero || is_witness || before.greatest_synced <= found.last_lsn) return std::nullopt;
  return "silent loss below the greatest synced LSN" + what;
}

}  // namespace aeternus::durability_model
