// The ordered index of a memtable: a B+-tree of entries in internal order, written by one thread and read by any number
// that never wait.
//
// What costs time in an index in memory is cache misses. A node is four cache lines: up to fourteen slots, each a
// pointer and, beside it, eight bytes of the key it leads to (its word), so that a search compares words where it
// stands and follows a pointer only where it will go on or where words tie. Real keys share long prefixes, and words
// that are all the same decide nothing: a word is made of the eight bytes behind a prefix that belongs to the node
// (ideas from Mao, Kohler, Morris: "Cache Craftiness for Fast Multicore Key-Value Storage", and Levandoski, Lomet,
// Sengupta: "The Bw-Tree").
//
// Invariants
//   A. Slots are filled in turn, never changed and never used again. `order` says which slots are in force and in which
//      order; it is stored once for each change of a node, with release, after what it refers to. A reader loads it
//      once for each visit.
//   B. Bounds of a node never change: everything in it lies at or behind its low(), and before the low() of the node
//      that its parent names next. A node that is full is replaced by new ones, and its parent's `order` puts all of
//      them into force at once; the old node keeps what it had.
//   C. So a reader that walks by orders it has loaded, in whatever state of the tree, misses only entries whose
//   insertion
//      did not happen before its search.
//   D. There are no links between leaves (one of an old leaf would lead past newer entries): a cursor that comes to the
//      end of a leaf searches for the entry at which the next one begins.
//
// A node that was replaced stays in the arena until the memtable dies: some 30 to 40 bytes for each entry in random
// order.
//
// Thread safety: Insert by one thread at a time, everything else by any number of threads beside it. Entries live as
// long as the arena.
#ifndef AETERNUS_MEMTABLE_ENTRY_TREE_H_
#define AETERNUS_MEMTABLE_ENTRY_TREE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "base/entry.h"
#include "base/types.h"
#include "memtable/arena.h"

namespace aeternus {

class EntryTree {
 public:
  class Cursor;

  // `arena` outlives the tree.
  explicit EntryTree(Arena* arena);
  EntryTree(const EntryTree&) = delete;
  EntryTree& operator=(const EntryTree&) = delete;

  // Copies key and value. No entry of the same key and LSN is in the tree. An entry that comes right behind the one
  // inserted last costs no search.
  void Insert(const EntryView& entry);

  // The first entry at or behind (key, lsn) in internal order.
  std::optional<EntryView> FindAtOrAfter(std::string_view key, Lsn lsn) const;

 private:
  struct Entry;
  class Node;
  // An inner node has two children at least: enough for 2^32 leaves.
  static constexpr size_t kMaxHeight = 33;
  // What a search looks for.
  struct Target {
    std::string_view key;
    Lsn lsn;
  };
  // Where a search ended: a leaf, as it was when it was visited, and the place in it.
  struct Place {
    const Node* leaf = nullptr;
    uint64_t order = 0;
    size_t rank = 0;              // of the entry; the number of entries when it lies behind them all
    const Node* right = nullptr;  // the node whose low() ends this leaf; null: it is the last one
  };
  // From the root to a leaf: nodes, and the rank of the child that was taken in each.
  struct Step {
    Node* node = nullptr;
    size_t rank = 0;
  };

  const Entry* NewEntry(const EntryView& entry);
  static const Entry* LeastOf(const Entry* entry);
  static const Entry* LeastOf(const Node* child);
  // A node of `slots`, in order, bounded by `low` and `high`. `Slot` is const Entry or Node.
  template <typename Slot>
  Node* NewNode(absl::Span<Slot* const> slots, const Entry* low, const Entry* high);
  template <bool kOrEqual>
  Place Search(const Target& target) const;
  Place Edge(bool first) const;

  // The writer's.
  void FindPath(const Target& target);
  bool FollowsLast(const Target& target) const;
  const Entry* HighOf(size_t depth) const;
  void SplitLeaf(size_t rank, const Entry* entry);
  void ReplaceChild(size_t depth, absl::Span<Node* const> replacements);
  void Rebuild(size_t depth, absl::Span<Node* const> replacements);

  Arena* const arena_;
  std::atomic<Node*> root_;
  // The writer's alone: the way to the leaf of the last entry, valid until a node is replaced.
  std::array<Step, kMaxHeight> path_;
  size_t path_size_ = 0;
  const Entry* last_ = nullptr;       // inserted last, where the path leads and at the end of its leaf; null: not so
  const Entry* last_high_ = nullptr;  // what ends that leaf
};

// A position among the entries. Sees every entry whose insertion happened before the last Seek...; whether it sees
// later ones is not said.
class EntryTree::Cursor {
 public:
  // Not valid. `tree` outlives it.
  explicit Cursor(const EntryTree* tree) : tree_(tree) {}

  bool valid() const { return place_.leaf != nullptr; }
  EntryView entry() const;

  void SeekToFirst();
  void SeekToLast();
  // The first entry at or behind (key, lsn).
  void Seek(std::string_view key, Lsn lsn);
  // The last entry before (key, lsn).
  void SeekBefore(std::string_view key, Lsn lsn);
  void Next();
  void Prev();

  // Neighbours lie in one leaf and are shown together, so that their cache misses overlap. Writes the current entry
  // and those behind it to [out, out + n), or it and those before it to [out - n, out); returns n, `max` at most.
  size_t TakeAhead(EntryView* out, size_t max) const;
  size_t TakeBehind(EntryView* out, size_t max) const;
  // By `n` entries either way, among those that a Take... has told of.
  void MoveInLeaf(ptrdiff_t n) { place_.rank += static_cast<size_t>(n); }

 private:
  // From a place that may lie behind the last entry of its leaf.
  void SettleForward();
  // To the entry before the place.
  void SettleBackward();
  const Entry* current() const;

  const EntryTree* tree_;
  Place place_;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_ENTRY_TREE_H_
