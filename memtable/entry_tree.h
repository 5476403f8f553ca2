// The ordered index of a memtable: a B+-tree of keys, each with its versions, written by one thread and read by any
// number that never wait.
//
// What costs time in an index in memory is cache misses. A node is four cache lines: up to fourteen slots, each a
// pointer and, beside it, eight bytes of the key it leads to (its word), so that a search compares words where it
// stands and follows a pointer only where it will go on or where words tie. Real keys share long prefixes, and words
// that are all the same decide nothing: a word is made of the eight bytes behind a prefix that belongs to the node
// (ideas from Mao, Kohler, Morris: "Cache Craftiness for Fast Multicore Key-Value Storage", and Levandoski, Lomet,
// Sengupta: "The Bw-Tree").
//
// The slot of a key leads to its newest version, and each version to the next older one, so that a key that is written
// a thousand times takes one slot, and a scan passes it in one step. An old version is found in O(log n) steps
// (jump_list.h). Different keys may share old versions: the bounds of range tombstones do (tombstone_map.h).
//
// Invariants
//   A. Slots are filled in turn and never used again. `order` says which slots are in force and in which order; it is
//      stored once for each change of a node, with release, after what it refers to. A reader loads it once for each
//      visit.
//   B. A slot of a leaf changes only from one version to the next newer one of the same key, in one store with release.
//      Versions never change. So a reader finds, from whatever version it has loaded, all that were there before it.
//   C. Bounds of a node never change: everything in it lies at or behind its low(), and before the low() of the node
//      that its parent names next. A node that is full is replaced by new ones, and its parent's `order` puts all of
//      them into force at once; the old node keeps what it had.
//   D. So a reader that walks by orders it has loaded, in whatever state of the tree, misses only entries whose
//      insertion did not happen before its search.
//   E. There are no links between leaves (one of an old leaf would lead past newer entries): a cursor goes on by the
//      order of the parent that its search has loaded, whose children keep, even replaced, what was there at the
//      search; at the end of the parent it searches for the key at which the next one begins.
//
// A node that was replaced stays in the arena until the memtable dies: some 30 to 40 bytes for each key in random
// order. A version that has an older one takes 24 bytes more.
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
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/entry.h"
#include "base/types.h"
#include "memtable/arena.h"

namespace aeternus {

class EntryTree {
 public:
  class Cursor;
  class Loader;
  class Version;

  // `arena` outlives the tree.
  explicit EntryTree(Arena* arena);
  EntryTree(const EntryTree&) = delete;
  EntryTree& operator=(const EntryTree&) = delete;

  // Copies key and value. The LSN is greater than those of all versions of the key in the tree. A key that comes right
  // behind the one inserted last costs no search.
  void Insert(const EntryView& entry);

  // Inserts a key that is not there; older than its version are those of another key, from `older` on.
  Version InsertSharing(const EntryView& entry, std::optional<Version> older);
  // Gives each key in [begin, end) (absent: unbounded) a version of this LSN, a delete, unless it is there.
  void InsertIntoEach(std::string_view begin, std::optional<std::string_view> end, Lsn lsn);

  // By the one who inserts: `key` will be the next. Finds its leaf and has it loaded, so that what is done meanwhile
  // hides the cache miss.
  void Expect(std::string_view key);
  // The same, and FindUpTo at once.
  std::optional<Version> ExpectBehind(std::string_view key);

  // The newest version of `key` with LSN <= snapshot.
  std::optional<EntryView> Find(std::string_view key, Lsn snapshot) const;
  // Of the last key at or before `key` the newest version; nullopt: there is no such key.
  std::optional<Version> FindUpTo(std::string_view key) const;
  // Nodes that a search visits.
  size_t height() const;

 private:
  struct Entry;
  class Node;
  // An inner node has two children at least: enough for 2^32 leaves.
  static constexpr size_t kMaxHeight = 33;
  // Where a search ended: a leaf, as it was when it was visited, and the place in it.
  struct Place {
    Node* leaf = nullptr;
    uint64_t order = 0;
    size_t rank = 0;         // of the key; the number of keys when it lies behind them all
    Entry* entry = nullptr;  // the newest version of the key sought; null: it is not there
    // The node above the leaf, as it was when it was visited; null: the leaf is the root.
    const Node* parent = nullptr;
    uint64_t parent_order = 0;
    size_t rank_in_parent = 0;
    const Node* parent_right = nullptr;  // whose low() ends the parent; null: it is the last one

    // On the way down: from `node` to its child of that rank; and in the leaf to the first key that is not before
    // `key`.
    void EnterChild(const Node* node, uint64_t node_order, size_t rank_of_child);
    void EnterLeaf(std::string_view key);
    // The leaf so many places ahead, or behind; null when the parent has none there.
    Node* Neighbour(ptrdiff_t distance) const;
    // To that leaf, before its first key; it is there.
    void MoveToNeighbour(ptrdiff_t distance);
  };
  // From the root to a leaf: nodes, and the rank of the child that was taken in each.
  struct Step {
    Node* node = nullptr;
    size_t rank = 0;
  };

  Entry* NewEntry(const EntryView& entry, const Entry* older);
  // Inserts a version whose key, if it is not there, has `older` ones.
  Entry* InsertBefore(const Entry* older, const EntryView& entry);
  static const Entry* LeastOf(const Entry* entry);
  static const Entry* LeastOf(const Node* child);
  static size_t HeightOver(const Entry*) { return 0; }
  static size_t HeightOver(const Node* child);
  // The words of slots, behind a prefix that every key between the bounds of their node begins with.
  struct Words {
    absl::Span<const uint64_t> words;
    std::string_view prefix;
  };
  // A node of `slots`, in order, bounded by `low` and `high`. `Slot` is Entry or Node. Words that are known need not be
  // taken from the keys, each of which is a cache miss.
  template <typename Slot>
  static std::string_view PrefixOf(absl::Span<Slot* const> slots, const Entry* low, const Entry* high);
  template <typename Slot>
  Node* NewNode(absl::Span<Slot* const> slots, const Entry* low, const Entry* high, const Words& known = {});
  // To the leaf where a search will end, which is not looked at, only loaded; the rest of the way is Place::EnterLeaf.
  template <bool kOrEqual>
  Place Descend(std::string_view key) const;
  template <bool kOrEqual>
  Place Search(std::string_view key) const;
  Place Edge(bool first) const;
  // FindUpTo in the leaf to which `key` leads.
  static std::optional<Version> UpTo(std::string_view key, const Node& leaf);

  // The writer's.
  void FindLeaf(std::string_view key);
  Entry* FindPath(std::string_view key);
  bool FollowsLast(const Entry* last, std::string_view key) const;
  const Entry* HighOf(size_t depth) const;
  void SplitLeaf(size_t rank, Entry* entry);
  void ReplaceChild(size_t depth, absl::Span<Node* const> replacements);
  void Rebuild(size_t depth, absl::Span<Node* const> replacements);

  Arena* const arena_;
  std::atomic<Node*> root_;
  // The writer's alone: the way to the leaf of the last key, or of the next, valid until a node is replaced.
  std::array<Step, kMaxHeight> path_;
  size_t path_size_ = 0;
  const Entry* last_ = nullptr;       // inserted last, where the path leads and at the end of its leaf; null: not so
  const Entry* last_high_ = nullptr;  // what ends that leaf
  std::string expected_;              // the key whose leaf is at the end of the path; empty: none
};

// Fills an empty tree that nobody reads or writes yet: sorts, and builds the nodes from below.
class EntryTree::Loader {
 public:
  // `tree` outlives it.
  explicit Loader(EntryTree* tree) : tree_(tree) {}

  // As Insert.
  void Add(const EntryView& entry);
  // Puts all that was added into the tree; once.
  void Finish();

 private:
  struct Item {
    uint64_t word;  // of its key, behind prefix_
    Entry* entry;
  };
  // Slots in order, and the words of their least keys.
  template <typename Slot>
  struct Level {
    std::vector<Slot*> slots;
    std::vector<uint64_t> words;
  };

  void SortItems();
  // One entry for each key: its newest version, with the others behind it.
  Level<Entry> HangVersions();
  template <typename Slot>
  Level<Node> NodesOver(const Level<Slot>& below);

  EntryTree* const tree_;
  std::vector<Item> items_;
  std::string_view prefix_;    // of all keys that were added
  size_t outdated_words_ = 0;  // of so many items, the first, the words were taken behind a longer prefix
};

// One version of a key, in its place in the arena.
class EntryTree::Version {
 public:
  EntryView view() const;
  Lsn lsn() const;
  std::optional<Version> older() const;
  // Of this one and those older than it the newest with LSN <= snapshot.
  std::optional<Version> NewestUpTo(Lsn snapshot) const;

 private:
  friend class Cursor;
  friend class EntryTree;
  explicit Version(const Entry* entry) : entry_(entry) {}
  static std::optional<Version> Of(const Entry* entry) {
    return entry == nullptr ? std::nullopt : std::optional(Version(entry));
  }
  const Entry* entry_;
};

// A position among the keys. Meets every key, and of each every version, whose insertion happened before the last
// Seek..., and before the steps that prepared it; whether it meets later ones is not said.
class EntryTree::Cursor {
 public:
  // What a Take... has passed: it shows at most one version of a key.
  struct Taken {
    size_t keys = 0;
    size_t entries = 0;
  };

  // Not valid. `tree` outlives it.
  explicit Cursor(const EntryTree* tree) : tree_(tree) {}

  bool valid() const { return place_.leaf != nullptr; }
  std::string_view key() const;

  // A step, from 0, of the Seek(key), or SeekBefore(key), that follows the last of them: has what the next one needs
  // loaded. As in iterator/entry_iterator.h.
  void PrepareSeek(std::string_view key, bool is_before, int step);
  void SeekToFirst();
  void SeekToLast();
  // The first key at or behind `key`.
  void Seek(std::string_view key);
  // The last key before `key`.
  void SeekBefore(std::string_view key);
  void Next();
  void Prev();

  // All versions of the current key, newest first.
  void TakeVersions(std::vector<Version>* out) const;

  // Neighbours lie in one leaf and are taken together, so that their cache misses overlap: the current key and those
  // behind it go to [out, out + entries), or it and those before it to [out - entries, out); `max` keys at most.
  //
  // With a snapshot: of each key the newest version that it sees; a key of which it sees none is passed.
  Taken TakeAhead(Lsn snapshot, EntryView* out, size_t max) const;
  Taken TakeBehind(Lsn snapshot, EntryView* out, size_t max) const;
  // Keys of one version, up to the first that has more.
  Taken TakeSingleAhead(EntryView* out, size_t max) const;
  Taken TakeSingleBehind(EntryView* out, size_t max) const;
  // By `n` keys either way, among those that a Take... has passed.
  void MoveInLeaf(ptrdiff_t n) { place_.rank += static_cast<size_t>(n); }

 private:
  friend class EntryTree;
  enum class Prepared : uint8_t { kNothing, kLeaf, kPlace };

  // Makes the place what Search finds, or goes on from what was prepared.
  template <bool kOrEqual>
  void FindPlace(std::string_view key);
  template <bool kAhead, typename Choose>
  Taken Take(EntryView* out, size_t max, const Choose& choose) const;
  template <bool kAhead>
  void LoadAhead(size_t taken, size_t entry_bytes) const;
  // From a place that may lie behind the last key of its leaf.
  void SettleForward();
  // To the key before the place.
  void SettleBackward();
  const Entry* newest() const;

  const EntryTree* tree_;
  Place place_;
  Prepared prepared_ = Prepared::kNothing;
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_ENTRY_TREE_H_
