#include "memtable/entry_tree.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/log/check.h"
#include "base/key_order.h"
#include "memtable/entry_tree_node.h"
#include "memtable/jump_list.h"
#include "memtable/word_sort.h"

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
std::string_view EntryTree::PrefixOf(absl::Span<Slot* const> slots, const Entry* low, const Entry* high) {
  const Entry* first = low;
  for (size_t i = 0; first == nullptr && i < slots.size(); ++i) first = LeastOf(slots[i]);
  const Entry* const last = high == nullptr && !slots.empty() ? LeastOf(slots.back()) : high;
  if (first == nullptr || last == nullptr) return {};
  size_t size = CommonPrefixSize(first->key(), last->key());
  if (low == nullptr || high == nullptr) {
    size = std::min(size, first->key().size() - std::min(first->key().size(), sizeof(uint64_t)));
  }
  return first->key().substr(0, size);
}

template <typename Slot>
EntryTree::Node* EntryTree::NewNode(absl::Span<Slot* const> slots, const Entry* low, const Entry* high,
                                    const Words& known) {
  const bool is_certain = low != nullptr && high != nullptr;
  // Behind a prefix that is shorter than it might be, words will do if they tell the keys apart.
  const bool are_known = is_certain && !known.words.empty() &&
                         std::adjacent_find(known.words.begin(), known.words.end()) == known.words.end();
  const std::string_view prefix = are_known ? known.prefix : PrefixOf(slots, low, high);
  const size_t height = slots.empty() ? 0 : HeightOver(slots[0]);
  auto* const node = new (arena_->Allocate(sizeof(Node), alignof(Node))) Node(height, low, prefix, is_certain);
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

EntryTree::Node* EntryTree::Place::Neighbour(ptrdiff_t distance) const {
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
  Node* node = root_.load(std::memory_order_acquire);
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

// A leaf, to which a key at or behind its least one leads, holds that: only before the first leaf there is nothing.
std::optional<EntryTree::Version> EntryTree::UpTo(std::string_view key, const Node& leaf) {
  const uint64_t order = leaf.LoadOrder();
  Entry* found = nullptr;
  const size_t rank = leaf.RankOfKey(order, key, &found);
  if (found == nullptr && rank > 0) found = leaf.entry(SlotOf(order, rank - 1));
  return Version::Of(found);
}

std::optional<EntryTree::Version> EntryTree::FindUpTo(std::string_view key) const {
  return UpTo(key, *Descend<true>(key).leaf);
}

size_t EntryTree::height() const { return root_.load(std::memory_order_acquire)->height() + 1; }

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

std::optional<EntryTree::Version> EntryTree::ExpectBehind(std::string_view key) {
  if (FollowsLast(last_, key)) return Version(last_);
  Expect(key);
  return UpTo(key, *path_[path_size_ - 1].node);
}

void EntryTree::Insert(const EntryView& view) { InsertBefore(nullptr, view); }

EntryTree::Version EntryTree::InsertSharing(const EntryView& entry, std::optional<Version> older) {
  return Version(InsertBefore(older.has_value() ? older->entry_ : nullptr, entry));
}

void EntryTree::InsertIntoEach(std::string_view begin, std::optional<std::string_view> end, Lsn lsn) {
  last_ = nullptr;  // it may not stay the newest
  Cursor cursor(this);
  for (cursor.Seek(begin); cursor.valid() && (!end.has_value() || cursor.key() < *end); cursor.Next()) {
    const Entry* const newest = cursor.newest();
    if (newest->lsn == lsn) continue;
    DCHECK_LT(newest->lsn, lsn) << "versions of a key come in order";
    const Place& place = cursor.place_;
    place.leaf->Renew(SlotOf(place.order, place.rank), NewEntry({newest->key(), lsn, EntryKind::kDelete, {}}, newest));
  }
}

EntryTree::Entry* EntryTree::InsertBefore(const Entry* older, const EntryView& view) {
  const Entry* const last = std::exchange(last_, nullptr);
  const bool follows = FollowsLast(last, view.key);
  if (follows) {
    ++path_[path_size_ - 1].rank;
  } else if (const Entry* const newest = FindPath(view.key); newest != nullptr) {
    DCHECK_LT(newest->lsn, view.lsn) << "versions of a key come in order";
    const Step& step = path_[path_size_ - 1];
    Entry* const entry = NewEntry(view, newest);
    step.node->Renew(SlotOf(step.node->LoadOrder(), step.rank), entry);
    return entry;
  }
  Entry* const entry = NewEntry(view, older);
  const Step& step = path_[path_size_ - 1];
  const uint64_t order = step.node->LoadOrder();
  if (!step.node->HasRoomFor(1)) {
    SplitLeaf(step.rank, entry);
    return entry;
  }
  step.node->StoreOrder(WithInserted(order, step.rank, step.node->Fill(entry)));
  if (step.rank != CountOf(order)) return entry;
  if (!follows) last_high_ = HighOf(path_size_ - 1);
  last_ = entry;
  return entry;
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
  const auto known = [&](size_t begin, size_t end) {
    if (!leaf.prefix_is_certain()) return Words{};
    return Words{.words = absl::MakeConstSpan(words).subspan(begin, end - begin), .prefix = leaf.prefix()};
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
  const size_t prefix_size = items_.empty() ? key.size() : CommonPrefixSize(prefix_, key);
  if (items_.empty() || prefix_size < prefix_.size()) {
    prefix_ = key.substr(0, prefix_size);
    outdated_words_ = items_.size();
  }
  items_.push_back({.word = KeyPrefix(key, prefix_size), .entry = entry});
}

// By key, and the versions of a key as they came.
void EntryTree::Loader::SortItems() {
  for (Item& item : absl::MakeSpan(items_).first(outdated_words_)) {
    item.word = KeyPrefix(item.entry->key(), prefix_.size());
  }
  SortByWord(&items_);
  for (auto begin = items_.begin(); begin != items_.end();) {
    const auto end = std::find_if(begin, items_.end(), [&](const Item& item) { return item.word != begin->word; });
    if (end - begin > 1) {
      std::stable_sort(begin, end,
                       [](const Item& a, const Item& b) { return CompareKeys(a.entry->key(), b.entry->key()) < 0; });
    }
    begin = end;
  }
}

EntryTree::Loader::Level<EntryTree::Entry> EntryTree::Loader::HangVersions() {
  Level<Entry> newest;
  newest.slots.reserve(items_.size());
  newest.words.reserve(items_.size());
  const Item* before = nullptr;
  for (const Item& item : items_) {
    if (before != nullptr && before->word == item.word && before->entry->key() == item.entry->key()) {
      // What it needs room for was not known when it was added: it is copied.
      newest.slots.back() = tree_->NewEntry(item.entry->view(), newest.slots.back());
    } else {
      newest.slots.push_back(item.entry);
      newest.words.push_back(item.word);
    }
    before = &item;
  }
  return newest;
}

void EntryTree::Loader::Finish() {
  if (items_.empty()) return;
  SortItems();
  Level<Node> level = NodesOver(HangVersions());
  items_ = {};
  while (level.slots.size() > 1) level = NodesOver(level);
  tree_->root_.store(level.slots[0], std::memory_order_release);
}

// Full nodes, but for the last two, which share what is left: no node has less than two slots if it can be helped.
template <typename Slot>
EntryTree::Loader::Level<EntryTree::Node> EntryTree::Loader::NodesOver(const Level<Slot>& below) {
  Level<Node> nodes;
  absl::Span<Slot* const> slots = below.slots;
  absl::Span<const uint64_t> words = below.words;
  nodes.slots.reserve(slots.size() / kSlots + 1);
  nodes.words.reserve(slots.size() / kSlots + 1);
  const Entry* low = nullptr;  // nothing bounds the first
  while (!slots.empty()) {
    size_t n = std::min(slots.size(), kSlots);
    if (slots.size() > kSlots && slots.size() < 2 * kSlots) n = slots.size() / 2;
    const Entry* const high = n < slots.size() ? LeastOf(slots[n]) : nullptr;
    nodes.slots.push_back(tree_->NewNode(slots.first(n), low, high, {.words = words.first(n), .prefix = prefix_}));
    nodes.words.push_back(words[0]);
    low = high;
    slots.remove_prefix(n);
    words.remove_prefix(n);
  }
  return nodes;
}

}  // namespace aeternus
