#include "memtable/entry_tree.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/log/check.h"
#include "base/key_order.h"
#include "memtable/entry_tree_node.h"
#include "memtable/jump_list.h"

namespace aeternus {
namespace {

using node_order::CountOf;
using node_order::kSlots;
using node_order::SlotOf;
using node_order::WithInserted;
using node_order::WithReplaced;

// A node that is made anew with at most so many children has room for several splits before it is full again.
constexpr size_t kMaxChildrenOfNewNode = 9;

}  // namespace

EntryTree::EntryTree(Arena* arena) : arena_(arena), root_(NewNode<Entry>({}, nullptr, nullptr)) {
  static_assert(sizeof(Node) == 256);
}

EntryTree::Entry* EntryTree::NewEntry(const EntryView& entry, const Entry* older) {
  const size_t history_size = older == nullptr ? 0 : sizeof(Entry::History);
  char* const memory = arena_->Allocate(history_size + sizeof(Entry) + entry.key.size() + entry.value.size());
  if (older != nullptr) {
    new (memory) Entry::History{.older = older, .jump = JumpOver(older), .depth = older->depth() + 1};
  }
  auto* const made = new (memory + history_size) Entry{.lsn = entry.lsn,
                                                       .key_size = static_cast<uint32_t>(entry.key.size()),
                                                       .has_older = older != nullptr,
                                                       .value_size = static_cast<uint32_t>(entry.value.size()),
                                                       .is_put = entry.kind == EntryKind::kPut};
  if (!entry.key.empty()) std::memcpy(made->bytes(), entry.key.data(), entry.key.size());
  if (!entry.value.empty()) std::memcpy(made->bytes() + made->key_size, entry.value.data(), entry.value.size());
  return made;
}

const EntryTree::Entry* EntryTree::LeastOf(const Entry* entry) { return entry; }
const EntryTree::Entry* EntryTree::LeastOf(const Node* child) { return child->low(); }
size_t EntryTree::HeightOver(const Node* child) { return child->height() + 1; }

// Between two bounds, every key begins with what the bounds share. A node at an edge of the tree guesses, from what it
// begins with, and leaves the words eight bytes to differ in.
template <typename Slot>
EntryTree::Node* EntryTree::NewNode(absl::Span<Slot* const> slots, const Entry* low, const Entry* high,
                                    const Words& known) {
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
  const size_t height = slots.empty() ? 0 : HeightOver(slots[0]);
  auto* const node = new (arena_->Allocate(sizeof(Node), alignof(Node))) Node(height, low, prefix, is_certain);
  const bool are_known = !known.words.empty() && is_certain && prefix.size() == known.prefix_size;
  uint64_t order = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    order = WithInserted(order, i, are_known ? node->Fill(slots[i], known.words[i]) : node->Fill(slots[i]));
  }
  node->StoreOrder(order);
  return node;
}

// ---- searching ----

void EntryTree::Place::EnterChild(const Node* node, uint64_t node_order, size_t rank_of_child) {
  if (const Node* const right = Neighbour(1); right != nullptr) parent_right = right;
  parent = node;
  parent_order = node_order;
  rank_in_parent = rank_of_child;
}

const EntryTree::Node* EntryTree::Place::Neighbour(ptrdiff_t distance) const {
  const size_t neighbour = rank_in_parent + static_cast<size_t>(distance);  // before the first: beyond all
  return neighbour < CountOf(parent_order) ? parent->child(SlotOf(parent_order, neighbour)) : nullptr;
}

void EntryTree::Place::MoveToNeighbour(ptrdiff_t distance) {
  leaf = Neighbour(distance);
  order = leaf->LoadOrder();
  rank = 0;
  rank_in_parent += static_cast<size_t>(distance);
}

void EntryTree::Place::EnterLeaf(std::string_view key) {
  order = leaf->LoadOrder();
  rank = leaf->RankOfKey(order, key, &entry);
}

// By the last child that begins at or before the key (kOrEqual) or before it.
template <bool kOrEqual>
EntryTree::Place EntryTree::Descend(std::string_view key) const {
  Place place;
  place.leaf = root_.load(std::memory_order_acquire);
  for (size_t height = place.leaf->height(); height > 0; --height) {
    const Node* const node = place.leaf;
    const uint64_t order = node->LoadOrder();
    // The first child takes what lies before its bound, too: nothing else could.
    place.EnterChild(node, order, std::max<size_t>(node->RankOfChild<kOrEqual>(order, key), 1) - 1);
    place.leaf = place.Neighbour(0);
    place.leaf->Prefetch();
  }
  return place;
}

template <bool kOrEqual>
EntryTree::Place EntryTree::Search(std::string_view key) const {
  Place place = Descend<kOrEqual>(key);
  place.EnterLeaf(key);
  return place;
}

template EntryTree::Place EntryTree::Descend<true>(std::string_view) const;
template EntryTree::Place EntryTree::Descend<false>(std::string_view) const;
template EntryTree::Place EntryTree::Search<true>(std::string_view) const;
template EntryTree::Place EntryTree::Search<false>(std::string_view) const;

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
    place.EnterChild(node, order, first ? 0 : count - 1);
    node = place.Neighbour(0);
  }
}

std::optional<EntryView> EntryTree::Find(std::string_view key, Lsn snapshot) const {
  const Entry* const newest = Search<true>(key).entry;
  const Entry* const entry = NewestUpTo(snapshot, newest);
  if (entry == nullptr) return std::nullopt;
  return entry->view();
}

// ---- writing ----

// Makes the path, but for the rank in the leaf, which is not looked at, only loaded.
void EntryTree::FindLeaf(std::string_view key) {
  path_size_ = 0;
  Node* node = root_.load(std::memory_order_relaxed);
  for (size_t height = node->height();; --height) {
    CHECK_LT(path_size_, kMaxHeight);
    Step& step = path_[path_size_++];
    step.node = node;
    if (height == 0) return;
    const uint64_t order = node->LoadOrder();
    step.rank = std::max<size_t>(node->RankOfChild<true>(order, key), 1) - 1;
    node = node->child(SlotOf(order, step.rank));
    node->Prefetch();
  }
}

// The newest version of the key, or null when it is not there; then the path leads to where it belongs.
EntryTree::Entry* EntryTree::FindPath(std::string_view key) {
  if (expected_.empty() || key != expected_) FindLeaf(key);
  expected_.clear();
  Step& leaf = path_[path_size_ - 1];
  Entry* found = nullptr;
  leaf.rank = leaf.node->RankOfKey(leaf.node->LoadOrder(), key, &found);
  return found;
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

// Whether `key` comes right behind the key of `last`, where the path leads.
bool EntryTree::FollowsLast(const Entry* last, std::string_view key) const {
  return last != nullptr && CompareKeys(last->key(), key) < 0 &&
         (last_high_ == nullptr || CompareKeys(key, last_high_->key()) < 0);
}

void EntryTree::Expect(std::string_view key) {
  if (FollowsLast(last_, key)) return;
  last_ = nullptr;
  FindLeaf(key);
  expected_ = key;
}

void EntryTree::Insert(const EntryView& view) {
  const Entry* const last = std::exchange(last_, nullptr);
  const bool follows = FollowsLast(last, view.key);
  if (follows) {
    ++path_[path_size_ - 1].rank;
  } else if (const Entry* const newest = FindPath(view.key); newest != nullptr) {
    DCHECK_LT(newest->lsn, view.lsn) << "versions of a key come in order";
    const Step& step = path_[path_size_ - 1];
    return step.node->Renew(SlotOf(step.node->LoadOrder(), step.rank), NewEntry(view, newest));
  }
  Entry* const entry = NewEntry(view, nullptr);
  const Step& step = path_[path_size_ - 1];
  const uint64_t order = step.node->LoadOrder();
  if (!step.node->HasRoomFor(1)) return SplitLeaf(step.rank, entry);
  step.node->StoreOrder(WithInserted(order, step.rank, step.node->Fill(entry)));
  if (step.rank != CountOf(order)) return;
  if (!follows) last_high_ = HighOf(path_size_ - 1);
  last_ = entry;
}

void EntryTree::SplitLeaf(size_t rank, Entry* entry) {
  const Node& leaf = *path_[path_size_ - 1].node;
  const uint64_t order = leaf.LoadOrder();
  std::array<Entry*, kSlots + 1> entries;
  std::array<uint64_t, kSlots + 1> words;
  for (size_t i = 0; i < kSlots; ++i) {
    const size_t slot = SlotOf(order, i);
    entries[i < rank ? i : i + 1] = leaf.entry(slot);
    words[i < rank ? i : i + 1] = leaf.word(slot);
  }
  entries[rank] = entry;
  words[rank] = leaf.Word(entry->key());
  // The prefix of the leaf and that of a new node whose bounds are certain both are one of the bound that they share:
  // of the same size they are the same.
  const auto known = [&](size_t begin, size_t end) {
    return Words{.words = absl::MakeConstSpan(words).subspan(begin, end - begin), .prefix_size = leaf.prefix_size()};
  };

  // Keys that come in order fill their leaves: what is behind the last entry begins a leaf of its own.
  const size_t middle = rank == kSlots ? kSlots : (kSlots + 1) / 2;
  const absl::Span<Entry* const> all(entries);
  Node* const left = NewNode(all.first(middle), leaf.low(), entries[middle], known(0, middle));
  Node* const right =
      NewNode(all.subspan(middle), entries[middle], HighOf(path_size_ - 1), known(middle, entries.size()));
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

// ---- loading ----

void EntryTree::Loader::Add(const EntryView& view) {
  Entry* const entry = tree_->NewEntry(view, nullptr);
  const std::string_view key = entry->key();
  common_prefix_size_ =
      items_.empty() ? key.size() : CommonPrefixSize(items_[0].entry->key().substr(0, common_prefix_size_), key);
  items_.push_back({.word = 0, .entry = entry});
}

void EntryTree::Loader::SortItems() {
  for (Item& item : items_) item.word = KeyPrefix(item.entry->key(), common_prefix_size_);
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
    if (a.word != b.word) return a.word < b.word;
    const int c = CompareKeys(a.entry->key(), b.entry->key());
    return c != 0 ? c < 0 : a.entry->lsn < b.entry->lsn;
  });
}

std::vector<EntryTree::Entry*> EntryTree::Loader::HangVersions() {
  std::vector<Entry*> newest;
  newest.reserve(items_.size());
  const Item* before = nullptr;
  for (const Item& item : items_) {
    if (before != nullptr && before->word == item.word && before->entry->key() == item.entry->key()) {
      // What it needs room for was not known when it was added: it is copied.
      newest.back() = tree_->NewEntry(item.entry->view(), newest.back());
    } else {
      newest.push_back(item.entry);
    }
    before = &item;
  }
  return newest;
}

void EntryTree::Loader::Finish() {
  if (items_.empty()) return;
  SortItems();
  std::vector<Node*> level = tree_->BuildLevel<Entry>(HangVersions());
  items_ = {};
  while (level.size() > 1) level = tree_->BuildLevel<Node>(level);
  tree_->root_.store(level[0], std::memory_order_release);
}

// Full nodes, but for the last two, which share what is left: no node has less than two slots if it can be helped.
template <typename Slot>
std::vector<EntryTree::Node*> EntryTree::BuildLevel(absl::Span<Slot* const> slots) {
  std::vector<Node*> nodes;
  nodes.reserve(slots.size() / kSlots + 1);
  const Entry* low = nullptr;  // nothing bounds the first
  while (!slots.empty()) {
    size_t n = std::min(slots.size(), kSlots);
    if (slots.size() > kSlots && slots.size() < 2 * kSlots) n = slots.size() / 2;
    const Entry* const high = n < slots.size() ? LeastOf(slots[n]) : nullptr;
    nodes.push_back(NewNode(slots.first(n), low, high));
    low = high;
    slots.remove_prefix(n);
  }
  return nodes;
}

}  // namespace aeternus
