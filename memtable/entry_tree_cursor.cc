// Cursors over the keys of a tree, and what they show of them.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "memtable/entry_tree.h"
#include "memtable/entry_tree_node.h"
#include "memtable/jump_list.h"

namespace aeternus {
namespace {

using node_order::CountOf;
using node_order::kSlots;
using node_order::SlotOf;

// Entries that are on their way when a prepared seek comes to them.
constexpr size_t kLoadedBySeek = 4;

}  // namespace

EntryView EntryTree::Version::view() const { return entry_->view(); }
Lsn EntryTree::Version::lsn() const { return entry_->lsn; }
std::optional<EntryTree::Version> EntryTree::Version::older() const { return Of(entry_->older()); }
std::optional<EntryTree::Version> EntryTree::Version::NewestUpTo(Lsn snapshot) const {
  return Of(aeternus::NewestUpTo(snapshot, entry_));
}

const EntryTree::Entry* EntryTree::Cursor::newest() const {
  return place_.leaf->entry(SlotOf(place_.order, place_.rank));
}

std::string_view EntryTree::Cursor::key() const { return newest()->key(); }

// A place behind the last key of its leaf is the first of the next leaf.
void EntryTree::Cursor::SettleForward() {
  while (place_.leaf != nullptr && place_.rank >= CountOf(place_.order)) {
    if (place_.Neighbour(1) != nullptr) {
      place_.MoveToNeighbour(1);
    } else {
      place_ = place_.parent_right == nullptr ? Place{} : tree_->Search<true>(place_.parent_right->low()->key());
    }
  }
}

// The key before the place; the first of a leaf follows the last of the leaf before.
void EntryTree::Cursor::SettleBackward() {
  while (place_.leaf != nullptr && place_.rank == 0) {
    if (place_.Neighbour(-1) != nullptr) {
      place_.MoveToNeighbour(-1);
      place_.rank = CountOf(place_.order);
    } else {
      const Entry* const low = place_.leaf->low();
      place_ = low == nullptr ? Place{} : tree_->Search<false>(low->key());
    }
  }
  if (place_.leaf != nullptr) --place_.rank;
}

void EntryTree::Cursor::SeekToFirst() {
  prepared_ = Prepared::kNothing;
  place_ = tree_->Edge(/*first=*/true);
  SettleForward();
}

void EntryTree::Cursor::SeekToLast() {
  prepared_ = Prepared::kNothing;
  place_ = tree_->Edge(/*first=*/false);
  SettleBackward();
}

void EntryTree::Cursor::PrepareSeek(std::string_view key, bool is_before, int step) {
  if (step == 0) {
    place_ = is_before ? tree_->Descend<false>(key) : tree_->Descend<true>(key);
    prepared_ = Prepared::kLeaf;
  } else if (step == 1) {
    place_.EnterLeaf(key);
    prepared_ = Prepared::kPlace;
    const size_t count = CountOf(place_.order);
    const size_t first = is_before ? place_.rank - std::min(place_.rank, kLoadedBySeek) : place_.rank;
    for (size_t rank = first; rank < std::min(first + kLoadedBySeek, count); ++rank) {
      __builtin_prefetch(place_.leaf->entry(SlotOf(place_.order, rank)));
    }
  }
}

template <bool kOrEqual>
void EntryTree::Cursor::FindPlace(std::string_view key) {
  switch (std::exchange(prepared_, Prepared::kNothing)) {
    case Prepared::kNothing:
      place_ = tree_->Search<kOrEqual>(key);
      break;
    case Prepared::kLeaf:
      place_.EnterLeaf(key);
      break;
    case Prepared::kPlace:
      break;
  }
}

void EntryTree::Cursor::Seek(std::string_view key) {
  FindPlace<true>(key);
  SettleForward();
}

void EntryTree::Cursor::SeekBefore(std::string_view key) {
  FindPlace<false>(key);
  SettleBackward();
}

void EntryTree::Cursor::Next() {
  ++place_.rank;
  SettleForward();
}

void EntryTree::Cursor::Prev() { SettleBackward(); }

void EntryTree::Cursor::TakeVersions(std::vector<Version>* out) const {
  out->clear();
  for (const Entry* entry = newest(); entry != nullptr; entry = entry->older()) out->push_back(Version(entry));
}

// Entries lie anywhere in the arena: all are on their way before the first one is looked at. `choose` takes the newest
// version of a key to the one that is shown, or to null; it ends the taking by false.
template <bool kAhead, typename Choose>
EntryTree::Cursor::Taken EntryTree::Cursor::Take(EntryView* out, size_t max, const Choose& choose) const {
  std::array<const Entry*, kSlots> entries;
  const size_t n = std::min(kAhead ? CountOf(place_.order) - place_.rank : place_.rank + 1, max);
  for (size_t i = 0; i < n; ++i) {
    entries[i] = place_.leaf->entry(SlotOf(place_.order, kAhead ? place_.rank + i : place_.rank - i));
    __builtin_prefetch(entries[i]);
  }
  Taken taken;
  size_t entry_bytes = 0;
  for (; taken.keys < n; ++taken.keys) {
    const Entry* entry = entries[taken.keys];
    if (!choose(&entry)) break;
    if (entry == nullptr) continue;
    entry_bytes = sizeof(Entry) + entry->key_size + entry->value_size;
    std::construct_at(kAhead ? out++ : --out, entry->view());
    ++taken.entries;
  }
  LoadAhead<kAhead>(taken.keys, entry_bytes);
  return taken;
}

// What follows the keys that were taken begins to be loaded while they are looked at: what is left of the leaf, and the
// next leaf; or the entries of the next leaf, which by then is there, and the leaf behind it. Of an entry as much as
// one of `entry_bytes` takes.
template <bool kAhead>
void EntryTree::Cursor::LoadAhead(size_t taken, size_t entry_bytes) const {
  constexpr ptrdiff_t kNext = kAhead ? 1 : -1;
  constexpr size_t kMostBytes = 256;
  const auto load = [bytes = std::min(entry_bytes, kMostBytes)](const Entry* entry) {
    const char* const begin = reinterpret_cast<const char*>(entry);
    for (size_t at = 0; at <= bytes; at += 64) __builtin_prefetch(begin + at);
  };
  const size_t in_leaf = kAhead ? CountOf(place_.order) - place_.rank : place_.rank + 1;
  const Node* const next = place_.Neighbour(kNext);
  if (taken < in_leaf) {
    for (size_t i = taken; i < in_leaf; ++i) {
      load(place_.leaf->entry(SlotOf(place_.order, kAhead ? place_.rank + i : place_.rank - i)));
    }
    if (next != nullptr) next->Prefetch();
  } else if (next != nullptr) {
    const size_t count = CountOf(next->LoadOrder());
    for (size_t slot = 0; slot < count; ++slot) load(next->entry(slot));
    if (const Node* const after = place_.Neighbour(2 * kNext); after != nullptr) after->Prefetch();
  }
}

EntryTree::Cursor::Taken EntryTree::Cursor::TakeAhead(Lsn snapshot, EntryView* out, size_t max) const {
  return Take<true>(out, max, [snapshot](const Entry** entry) {
    *entry = NewestUpTo(snapshot, *entry);
    return true;
  });
}

EntryTree::Cursor::Taken EntryTree::Cursor::TakeBehind(Lsn snapshot, EntryView* out, size_t max) const {
  return Take<false>(out, max, [snapshot](const Entry** entry) {
    *entry = NewestUpTo(snapshot, *entry);
    return true;
  });
}

EntryTree::Cursor::Taken EntryTree::Cursor::TakeSingleAhead(EntryView* out, size_t max) const {
  return Take<true>(out, max, [](const Entry** entry) { return !(*entry)->has_older; });
}

EntryTree::Cursor::Taken EntryTree::Cursor::TakeSingleBehind(EntryView* out, size_t max) const {
  return Take<false>(out, max, [](const Entry** entry) { return !(*entry)->has_older; });
}

}  // namespace aeternus
