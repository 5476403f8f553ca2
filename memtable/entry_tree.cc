#include "memtable/entry_tree.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "base/key_order.h"

namespace aeternus {
namespace {

constexpr size_t kSlots = 14;
// A node that is made anew with at most so many children has room for several splits before it is full again.
constexpr size_t kMaxChildrenOfNewNode = 9;

// The word that orders a node: the number of entries in its low four bits, and above them, four bits each and by rank,
// the slots.
constexpr size_t CountOf(uint64_t order) { return order & 15; }
constexpr size_t SlotOf(uint64_t order, size_t rank) { return (order >> (4 * (rank + 1))) & 15; }
constexpr uint64_t WithInserted(uint64_t order, size_t rank, size_t slot) {
  const uint64_t below = (uint64_t{1} << (4 * (rank + 1))) - 1;  // the count, and the slots before `rank`
  return ((order & below) | uint64_t{slot} << (4 * (rank + 1)) | (order & ~below) << 4) + 1;
}
constexpr uint64_t WithReplaced(uint64_t order, size_t rank, size_t slot) {
  const size_t shift = 4 * (rank + 1);
  return (order & ~(uint64_t{15} << shift)) | uint64_t{slot} << shift;
}

}  // namespace

struct EntryTree::Entry {
  Lsn lsn;
  uint32_t key_size;
  uint32_t value_size : 31;  // kMaxValueSizeBytes is 2^30
  uint32_t is_put : 1;

  std::string_view key() const { return {bytes(), key_size}; }
  EntryView view() const {
    return {key(), lsn, is_put ? EntryKind::kPut : EntryKind::kDelete, {bytes() + key_size, value_size}};
  }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  // <0, 0 or >0, in internal order.
  int Compare(const Target& target) const { return CompareEntries(key(), lsn, target.key, target.lsn); }
  Target target() const { return {key(), lsn}; }
};

// A leaf's slots hold entries, an inner node's children; the least entry of a slot orders it.
class alignas(64) EntryTree::Node {
 public:
  // `prefix_is_certain`: every key that can come here begins with `prefix`.
  Node(bool is_leaf, const Entry* low, std::string_view prefix, bool prefix_is_certain)
      : low_(low),
        prefix_(prefix.data()),
        prefix_size_(static_cast<uint32_t>(prefix.size())),
        is_leaf_(is_leaf),
        prefix_is_certain_(prefix_is_certain) {}

  bool is_leaf() const { return is_leaf_; }
  const Entry* low() const { return low_; }  // null: nothing bounds it
  uint64_t LoadOrder() const { return order_.load(std::memory_order_acquire); }
  const Entry* entry(size_t slot) const { return slots_[slot].entry; }
  Node* child(size_t slot) const { return slots_[slot].child; }

  // How many lie before the target, or, with kOrEqual, at it or before.
  template <bool kOrEqual>
  size_t Rank(uint64_t order, const Target& target) const {
    const uint64_t word = Word(target.key);
    const size_t count = CountOf(order);
    size_t less = 0, equal = 0;
    for (uint64_t slots = order >> 4, i = 0; i < count; ++i, slots >>= 4) {
      const uint64_t word_of_slot = words_[slots & 15];
      less += word_of_slot < word;
      equal += word_of_slot == word;
    }
    for (size_t end = less + equal; less < end;) {
      const size_t middle = (less + end) / 2;
      const Entry* const least = Least(SlotOf(order, middle));
      const int c = least == nullptr ? -1 : least->Compare(target);
      if (c < 0 || (kOrEqual && c == 0)) {
        less = middle + 1;
      } else {
        end = middle;
      }
    }
    return less;
  }

  void Prefetch() const {
    for (size_t at = 0; at < sizeof(*this); at += 64) __builtin_prefetch(reinterpret_cast<const char*>(this) + at);
  }

  // The writer's: fills the next slot and returns it; StoreOrder puts it into force.
  bool HasRoomFor(size_t n) const { return used_ + n <= kSlots; }
  size_t Fill(const Entry* entry) {
    slots_[used_].entry = entry;
    return FillWord(entry);
  }
  size_t Fill(Node* child) {
    slots_[used_].child = child;
    return FillWord(child->low_);
  }
  void StoreOrder(uint64_t order) { order_.store(order, std::memory_order_release); }

 private:
  union Slot {
    const Entry* entry;
    Node* child;
  };

  // Null only for a child without a bound, which is the first.
  const Entry* Least(size_t slot) const { return is_leaf_ ? slots_[slot].entry : slots_[slot].child->low_; }

  size_t FillWord(const Entry* least) {
    words_[used_] = least == nullptr ? 0 : Word(least->key());
    return used_++;
  }

  // Never decreasing in `key`, whatever the prefix is: keys before those that share it get the least word, keys behind
  // them the greatest.
  uint64_t Word(std::string_view key) const {
    if (!prefix_is_certain_) {
      const std::string_view prefix(prefix_, prefix_size_);
      if (!absl::StartsWith(key, prefix)) return key < prefix ? 0 : std::numeric_limits<uint64_t>::max();
    }
    return KeyPrefix(key, prefix_size_);
  }

  std::atomic<uint64_t> order_{0};
  const Entry* const low_;
  const char* const prefix_;
  const uint32_t prefix_size_;
  const bool is_leaf_;
  const bool prefix_is_certain_;
  uint8_t used_ = 0;
  std::array<uint64_t, kSlots> words_;
  std::array<Slot, kSlots> slots_;
};

EntryTree::EntryTree(Arena* arena) : arena_(arena), root_(NewNode<const Entry>({}, nullptr, nullptr)) {
  static_assert(sizeof(Node) == 256);
}

const EntryTree::Entry* EntryTree::NewEntry(const EntryView& entry) {
  char* const memory = arena_->Allocate(sizeof(Entry) + entry.key.size() + entry.value.size());
  auto* const made = new (memory) Entry{.lsn = entry.lsn,
                                        .key_size = static_cast<uint32_t>(entry.key.size()),
                                        .value_size = static_cast<uint32_t>(entry.value.size()),
                                        .is_put = entry.kind == EntryKind::kPut};
  if (!entry.key.empty()) std::memcpy(made->bytes(), entry.key.data(), entry.key.size());
  if (!entry.value.empty()) std::memcpy(made->bytes() + made->key_size, entry.value.data(), entry.value.size());
  return made;
}

const EntryTree::Entry* EntryTree::LeastOf(const Entry* entry) { return entry; }
const EntryTree::Entry* EntryTree::LeastOf(const Node* child) { return child->low(); }

// Between two bounds, every key begins with what the bounds share. A node at an edge of the tree guesses, from what it
// begins with, and leaves the words eight bytes to differ in.
template <typename Slot>
EntryTree::Node* EntryTree::NewNode(absl::Span<Slot* const> slots, const Entry* low, const Entry* high) {
  const bool is_certain = low != nullptr && high != nullptr;
  const Entry* first = low;
  for (size_t i = 0; first == nullptr && i < slots.size(); ++i) first = LeastOf(slots[i]);
  const Entry* const last = high == nullptr && !slots.empty() ? LeastOf(slots.back()) : high;
  std::string_view prefix;
  if (first != nullptr && last != nullptr) {
    size_t size = CommonPrefixSize(first->key(), last->key());
    if (!is_certain) size = std::min(size, first->key().size() - std::min(first->key().size(), sizeof(uint64_t)));
    prefix = first->key().substr(0, size);
  }
  auto* const node = new (arena_->Allocate(sizeof(Node), alignof(Node)))
      Node(/*is_leaf=*/!std::is_same_v<Slot, Node>, low, prefix, is_certain);
  uint64_t order = 0;
  for (Slot* const slot : slots) order = WithInserted(order, CountOf(order), node->Fill(slot));
  node->StoreOrder(order);
  return node;
}

// ---- searching ----

// Descends by the last child at or before the target (kOrEqual) or before it, to the first entry that is not before it.
template <bool kOrEqual>
EntryTree::Place EntryTree::Search(const Target& target) const {
  Place place;
  const Node* node = root_.load(std::memory_order_acquire);
  while (true) {
    const uint64_t order = node->LoadOrder();
    if (node->is_leaf()) {
      place.leaf = node;
      place.order = order;
      place.rank = node->Rank<false>(order, target);
      return place;
    }
    // The first child takes what lies before its bound, too: nothing else could.
    const size_t rank = std::max<size_t>(node->Rank<kOrEqual>(order, target), 1);
    if (rank < CountOf(order)) place.right = node->child(SlotOf(order, rank));
    node = node->child(SlotOf(order, rank - 1));
    node->Prefetch();
  }
}

EntryTree::Place EntryTree::Edge(bool first) const {
  Place place;
  const Node* node = root_.load(std::memory_order_acquire);
  while (true) {
    const uint64_t order = node->LoadOrder();
    const size_t count = CountOf(order);
    if (node->is_leaf()) {
      place.leaf = node;
      place.order = order;
      place.rank = first ? 0 : count;
      return place;
    }
    if (first && count > 1) place.right = node->child(SlotOf(order, 1));
    node = node->child(SlotOf(order, first ? 0 : count - 1));
  }
}

std::optional<EntryView> EntryTree::FindAtOrAfter(std::string_view key, Lsn lsn) const {
  const Place place = Search<true>({key, lsn});
  if (place.rank < CountOf(place.order)) return place.leaf->entry(SlotOf(place.order, place.rank))->view();
  if (place.right == nullptr) return std::nullopt;
  return place.right->low()->view();
}

const EntryTree::Entry* EntryTree::Cursor::current() const {
  return place_.leaf->entry(SlotOf(place_.order, place_.rank));
}

EntryView EntryTree::Cursor::entry() const { return current()->view(); }

// A place behind the last entry of its leaf is the first of the next leaf.
void EntryTree::Cursor::SettleForward() {
  while (place_.leaf != nullptr && place_.rank >= CountOf(place_.order)) {
    place_ = place_.right == nullptr ? Place{} : tree_->Search<true>(place_.right->low()->target());
  }
}

// The entry before the place; the first of a leaf follows the last of the leaf before.
void EntryTree::Cursor::SettleBackward() {
  while (place_.leaf != nullptr && place_.rank == 0) {
    const Entry* const low = place_.leaf->low();
    place_ = low == nullptr ? Place{} : tree_->Search<false>(low->target());
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

void EntryTree::Cursor::Seek(std::string_view key, Lsn lsn) {
  place_ = tree_->Search<true>({key, lsn});
  SettleForward();
}

void EntryTree::Cursor::SeekBefore(std::string_view key, Lsn lsn) {
  place_ = tree_->Search<false>({key, lsn});
  SettleBackward();
}

void EntryTree::Cursor::Next() {
  ++place_.rank;
  SettleForward();
}

void EntryTree::Cursor::Prev() { SettleBackward(); }

// Entries lie anywhere in the arena: all are on their way before the first one is looked at.
size_t EntryTree::Cursor::TakeAhead(EntryView* out, size_t max) const {
  const size_t n = std::min(CountOf(place_.order) - place_.rank, max);
  for (size_t i = 0; i < n; ++i) __builtin_prefetch(place_.leaf->entry(SlotOf(place_.order, place_.rank + i)));
  for (size_t i = 0; i < n; ++i) {
    std::construct_at(out + i, place_.leaf->entry(SlotOf(place_.order, place_.rank + i))->view());
  }
  return n;
}

size_t EntryTree::Cursor::TakeBehind(EntryView* out, size_t max) const {
  const size_t n = std::min(place_.rank + 1, max);
  for (size_t i = 0; i < n; ++i) __builtin_prefetch(place_.leaf->entry(SlotOf(place_.order, place_.rank - i)));
  for (size_t i = 0; i < n; ++i) {
    std::construct_at(out - 1 - i, place_.leaf->entry(SlotOf(place_.order, place_.rank - i))->view());
  }
  return n;
}

// ---- writing ----

void EntryTree::FindPath(const Target& target) {
  path_size_ = 0;
  Node* node = root_.load(std::memory_order_relaxed);
  while (true) {
    CHECK_LT(path_size_, kMaxHeight);
    const uint64_t order = node->LoadOrder();
    size_t rank = node->is_leaf() ? node->Rank<false>(order, target) : node->Rank<true>(order, target);
    if (!node->is_leaf() && rank > 0) --rank;
    path_[path_size_++] = {node, rank};
    if (node->is_leaf()) return;
    node = node->child(SlotOf(order, rank));
    node->Prefetch();
  }
}

// What ends the node at `depth` of the path: the bound of its next sibling, or what ends its parent.
const EntryTree::Entry* EntryTree::HighOf(size_t depth) const {
  while (depth-- > 0) {
    const Step& step = path_[depth];
    const uint64_t order = step.node->LoadOrder();
    if (step.rank + 1 < CountOf(order)) return step.node->child(SlotOf(order, step.rank + 1))->low();
  }
  return nullptr;
}

bool EntryTree::FollowsLast(const Target& target) const {
  return last_ != nullptr && last_->Compare(target) < 0 && (last_high_ == nullptr || last_high_->Compare(target) > 0);
}

void EntryTree::Insert(const EntryView& view) {
  const Entry* const entry = NewEntry(view);
  if (FollowsLast(entry->target())) {
    ++path_[path_size_ - 1].rank;
  } else {
    FindPath(entry->target());
    last_ = nullptr;
  }
  const Step& step = path_[path_size_ - 1];
  const uint64_t order = step.node->LoadOrder();
  if (!step.node->HasRoomFor(1)) {
    SplitLeaf(step.rank, entry);
    last_ = nullptr;
    return;
  }
  step.node->StoreOrder(WithInserted(order, step.rank, step.node->Fill(entry)));
  if (step.rank != CountOf(order)) {
    last_ = nullptr;
  } else {
    if (last_ == nullptr) last_high_ = HighOf(path_size_ - 1);
    last_ = entry;
  }
}

void EntryTree::SplitLeaf(size_t rank, const Entry* entry) {
  const Node& leaf = *path_[path_size_ - 1].node;
  const uint64_t order = leaf.LoadOrder();
  std::array<const Entry*, kSlots + 1> entries;
  for (size_t i = 0; i < kSlots; ++i) entries[i < rank ? i : i + 1] = leaf.entry(SlotOf(order, i));
  entries[rank] = entry;

  // Keys that come in order fill their leaves: what is behind the last entry begins a leaf of its own.
  const size_t middle = rank == kSlots ? kSlots : (kSlots + 1) / 2;
  const absl::Span<const Entry* const> all(entries);
  Node* const left = NewNode(all.first(middle), leaf.low(), entries[middle]);
  Node* const right = NewNode(all.subspan(middle), entries[middle], HighOf(path_size_ - 1));
  ReplaceChild(path_size_ - 1, {left, right});
}

// Puts `replacements`, one or two, in the place of the node at `depth` of the path. The path is of no use afterwards.
void EntryTree::ReplaceChild(size_t depth, absl::Span<Node* const> replacements) {
  if (depth == 0) {
    Node* const root = replacements.size() == 1 ? replacements[0] : NewNode(replacements, nullptr, nullptr);
    return root_.store(root, std::memory_order_release);
  }
  const auto& [parent, rank] = path_[depth - 1];
  if (!parent->HasRoomFor(replacements.size())) return Rebuild(depth - 1, replacements);
  uint64_t order = WithReplaced(parent->LoadOrder(), rank, parent->Fill(replacements[0]));
  if (replacements.size() > 1) order = WithInserted(order, rank + 1, parent->Fill(replacements[1]));
  parent->StoreOrder(order);
}

// The inner node at `depth` of the path has no slots left for `replacements` of its child: makes it anew, as one or
// two.
void EntryTree::Rebuild(size_t depth, absl::Span<Node* const> replacements) {
  const auto& [node, rank] = path_[depth];
  const uint64_t order = node->LoadOrder();
  std::array<Node*, kSlots + 1> children;
  size_t count = 0;
  for (size_t i = 0; i < CountOf(order); ++i) {
    if (i != rank) {
      children[count++] = node->child(SlotOf(order, i));
    } else {
      for (Node* const replacement : replacements) children[count++] = replacement;
    }
  }
  size_t middle = count / 2;
  if (rank + 1 == CountOf(order)) middle = count - 2;  // keys come in order: the left one will not be split again
  if (count <= kMaxChildrenOfNewNode) middle = count;
  const absl::Span<Node* const> all = absl::MakeConstSpan(children).first(count);
  const Entry* const high = HighOf(depth);
  if (middle == count) return ReplaceChild(depth, {NewNode(all, node->low(), high)});
  Node* const left = NewNode(all.first(middle), node->low(), children[middle]->low());
  Node* const right = NewNode(all.subspan(middle), children[middle]->low(), high);
  ReplaceChild(depth, {left, right});
}

}  // namespace aeternus
