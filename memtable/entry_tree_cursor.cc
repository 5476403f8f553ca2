// Cursors over the keys of a tree, and what they show of them.
#include <algorithm>
#include <array>
#include <memory>

#include "memtable/entry_tree.h"
#include "memtable/entry_tree_node.h"
#include "memtable/jump_list.h"

namespace aeternus {
namespace {

using node_order::CountOf;
using node_order::kSlots;
using node_order::SlotOf;

}  // namespace

EntryView EntryTree::Version::view() const { return entry_->view(); }
Lsn EntryTree::Version::lsn() const { return entry_->lsn; }

const EntryTree::Entry* EntryTree::Cursor::newest() const {
  return place_.leaf->entry(SlotOf(place_.order, place_.rank));
}

std::string_view EntryTree::Cursor::key() const { return newest()->key(); }

// A place behind the last key of its leaf is the first of the next leaf.
void EntryTree::Cursor::SettleForward() {
  while (place_.leaf != nullptr && place_.rank >= CountOf(place_.order)) {
    place_ = place_.right == nullptr ? Place{} : tree_->Search<true>(place_.right->low()->key());
  }
}

// The key before the place; the first of a leaf follows the last of the leaf before.
void EntryTree::Cursor::SettleBackward() {
  while (place_.leaf != nullptr && place_.rank == 0) {
    const Entry* const low = place_.leaf->low();
    place_ = low == nullptr ? Place{} : tree_->Search<false>(low->key());
  }
  if (place_.leaf != nullptr) --place_.rank;
}

void EntryTree::Cursor::SeekToFirst() {
  place_ = tree_->Edge(/*first=*/true);
  SettleForward();
}

void EntryTree::Cursor::SeekToLast() {
  place_ = tree_->Edge(/*first=*/false);
  SettleBackward();
}

void EntryTree::Cursor::Seek(std::string_view key) {
  place_ = tree_->Search<true>(key);
  SettleForward();
}

void EntryTree::Cursor::SeekBefore(std::string_view key) {
  place_ = tree_->Search<false>(key);
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
  for (; taken.keys < n; ++taken.keys) {
    const Entry* entry = entries[taken.keys];
    if (!choose(&entry)) break;
    if (entry == nullptr) continue;
    std::construct_at(kAhead ? out++ : --out, entry->view());
    ++taken.entries;
  }
  return taken;
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
