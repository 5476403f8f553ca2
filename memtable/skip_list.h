// The ordered index of a memtable: a skip list of entries in internal order, written by one thread and read by any
// number that never wait.
//
// Each link holds, beside the pointer to the next node, the first eight bytes of that node's key (its word): a search
// compares words, which lie in the node it stands on, and follows a pointer, a likely cache miss, only when it will
// step there or when words tie. Real keys share long prefixes, and words that are all the same decide nothing: a list
// is therefore told the prefix that most of its keys are expected to share, and takes the eight bytes behind it. Any
// expectation is correct; a good one is fast.
//
// Invariants
//   A. A node is filled before it is linked and never changes afterwards, except for its links; none is ever removed.
//   B. A link changes only when a node is inserted between its two ends. So both its pointer and its word only ever go
//      down in the order, and a reader that takes the word before the pointer finds: word < the word it looks for =>
//      the node behind the pointer lies before what it looks for. The writer stores the pointer before the word.
//   C. A reader that meets an older state of a link misses only nodes whose insertion did not happen before its search.
//   D. A link loaded again may lead to a newer node than the one that was compared. Whoever follows a link compares the
//      node that it leads to.
//
// Thread safety: Insert by one thread at a time, everything else by any number of threads beside it. Nodes live as long
// as the arena.
#ifndef AETERNUS_MEMTABLE_SKIP_LIST_H_
#define AETERNUS_MEMTABLE_SKIP_LIST_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/entry.h"
#include "base/types.h"
#include "memtable/arena.h"

namespace aeternus {

class SkipList {
 public:
  class Node;

  // `arena` outlives the list.
  SkipList(Arena* arena, std::string_view expected_key_prefix);
  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  // Copies key and value. No entry of the same key and LSN is in the list. An entry that comes right behind the one
  // inserted last costs no search.
  void Insert(const EntryView& entry);

  // nullptr: there is no such node.
  const Node* First() const { return Next(head_); }
  const Node* Last() const;
  // The first entry at or behind (key, lsn) in internal order.
  const Node* FindAtOrAfter(std::string_view key, Lsn lsn) const;
  // The last entry before (key, lsn).
  const Node* FindBefore(std::string_view key, Lsn lsn) const;
  static const Node* Next(const Node* node);
  // The views live as long as the arena.
  static EntryView Entry(const Node* node);

 private:
  // 2^20 = 1 M entries before searches grow longer than logarithmic, and then slowly.
  static constexpr int kMaxHeight = 20;
  struct Link;
  // What a search looks for, with its word.
  struct Target {
    std::string_view key;
    Lsn lsn;
    uint64_t word;
  };
  // The nodes, one per level, behind which something is inserted.
  using Splice = std::array<Node*, kMaxHeight>;

  uint64_t Word(std::string_view key) const;
  Node* NewNode(const EntryView& entry, int height);
  int DrawHeight();
  Node* FindLastBefore(const Target& target, Splice* splice) const;
  static bool IsBefore(const Node* node, const Target& target);
  static bool IsNextBefore(const Link& link, const Target& target, const Node** not_before, Node** next);

  Arena* const arena_;
  const std::string expected_key_prefix_;
  Node* const head_;            // of full height; stands before every entry and is none
  std::atomic<int> height_{1};  // a reader that sees an old one starts lower and walks farther
  // The writer's alone.
  Splice last_splice_;  // around the entry inserted last
  uint64_t height_state_ = 0x9e3779b97f4a7c15;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_SKIP_LIST_H_
