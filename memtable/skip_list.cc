#include "memtable/skip_list.h"

#include <cstring>
#include <limits>
#include <new>

#include "absl/strings/match.h"
#include "base/key_order.h"

namespace aeternus {

struct SkipList::Link {
  // With no next node the word is the greatest there is, so that only a tie makes a search look at the pointer.
  std::atomic<uint64_t> next_word{std::numeric_limits<uint64_t>::max()};
  std::atomic<Node*> next{nullptr};
};

// In the arena, one behind the other: the node, its links from level 0 up, the bytes of the key, those of the value.
class SkipList::Node {
 public:
  Node(const EntryView& entry, int height)
      : lsn_(entry.lsn),
        key_size_(static_cast<uint32_t>(entry.key.size())),
        value_size_(static_cast<uint32_t>(entry.value.size())),
        kind_(entry.kind),
        height_(static_cast<uint8_t>(height)) {
    for (int level = 0; level < height; ++level) new (&link(level)) Link();
    // Guarded, for an empty view may hold no address.
    if (key_size_ > 0) std::memcpy(bytes(), entry.key.data(), key_size_);
    if (value_size_ > 0) std::memcpy(bytes() + key_size_, entry.value.data(), value_size_);
  }

  static size_t SizeBytes(const EntryView& entry, int height) {
    return sizeof(Node) + static_cast<size_t>(height) * sizeof(Link) + entry.key.size() + entry.value.size();
  }

  std::string_view key() const { return {bytes(), key_size_}; }
  Lsn lsn() const { return lsn_; }
  EntryView entry() const { return {key(), lsn_, kind_, {bytes() + key_size_, value_size_}}; }

  Link& link(int level) { return reinterpret_cast<Link*>(this + 1)[level]; }
  const Link& link(int level) const { return reinterpret_cast<const Link*>(this + 1)[level]; }

 private:
  char* bytes() { return reinterpret_cast<char*>(&link(height_)); }
  const char* bytes() const { return reinterpret_cast<const char*>(&link(height_)); }

  const Lsn lsn_;
  const uint32_t key_size_;
  const uint32_t value_size_;
  const EntryKind kind_;
  const uint8_t height_;
};

SkipList::SkipList(Arena* arena, std::string_view expected_key_prefix)
    : arena_(arena), expected_key_prefix_(expected_key_prefix), head_(NewNode(EntryView{}, kMaxHeight)) {
  last_splice_.fill(head_);
}

// Never decreasing in `key`, whatever prefix is expected: keys before those that share it get the least word, keys
// behind them the greatest.
uint64_t SkipList::Word(std::string_view key) const {
  if (absl::StartsWith(key, expected_key_prefix_)) return KeyPrefix(key, expected_key_prefix_.size());
  return key < expected_key_prefix_ ? 0 : std::numeric_limits<uint64_t>::max();
}

SkipList::Node* SkipList::NewNode(const EntryView& entry, int height) {
  return new (arena_->Allocate(Node::SizeBytes(entry, height))) Node(entry, height);
}

// One in two nodes of a level reaches the next: a search touches only the nodes that it steps to, and those are fewest
// (about log2 n) when levels are many. (The usual one in four suits lists that touch each node they compare.) The
// sequence (xorshift64) is the same in every run, so that runs replay; only who knows it and chooses each key by it
// could make searches slow, and never wrong.
int SkipList::DrawHeight() {
  height_state_ ^= height_state_ << 13;
  height_state_ ^= height_state_ >> 7;
  height_state_ ^= height_state_ << 17;
  int height = 1;
  for (uint64_t bits = height_state_ >> 16; height < kMaxHeight && (bits & 1) == 0; bits >>= 1) ++height;
  return height;
}

bool SkipList::IsBefore(const Node* node, const Target& target) {
  return CompareEntries(node->key(), node->lsn(), target.key, target.lsn) < 0;
}

// Whether the node behind `link` lies before the target; if so it is *next. *not_before is a node that was compared
// with the target and found not to lie before it: the link below often leads to it too, and it is not compared again.
bool SkipList::IsNextBefore(const Link& link, const Target& target, const Node** not_before, Node** next) {
  const uint64_t word = link.next_word.load(std::memory_order_acquire);  // before the pointer: invariant B
  if (word > target.word) return false;
  Node* node = link.next.load(std::memory_order_acquire);
  if (node == nullptr || node == *not_before) return false;
  if (word == target.word && !IsBefore(node, target)) {
    *not_before = node;
    return false;
  }
  *next = node;
  return true;
}

SkipList::Node* SkipList::FindLastBefore(const Target& target, Splice* splice) const {
  Node* at = head_;
  const Node* not_before = nullptr;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    Node* next = nullptr;
    while (IsNextBefore(at->link(level), target, &not_before, &next)) at = next;
    if (splice != nullptr) (*splice)[static_cast<size_t>(level)] = at;
  }
  return at;
}

void SkipList::Insert(const EntryView& entry) {
  const Target target{entry.key, entry.lsn, Word(entry.key)};
  Node* const last = last_splice_[0];
  const Node* not_before = nullptr;
  Node* next = nullptr;
  // Right behind the last one, on level 0, is right behind the last splice on every level.
  const bool follows_last =
      (last == head_ || IsBefore(last, target)) && !IsNextBefore(last->link(0), target, &not_before, &next);
  if (!follows_last) FindLastBefore(target, &last_splice_);

  const int height = DrawHeight();
  Node* const node = NewNode(entry, height);
  for (int level = 0; level < height; ++level) {
    Link& before = last_splice_[static_cast<size_t>(level)]->link(level);
    Link& after = node->link(level);
    after.next_word.store(before.next_word.load(std::memory_order_relaxed), std::memory_order_relaxed);
    after.next.store(before.next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    before.next.store(node, std::memory_order_release);  // publishes the node
    before.next_word.store(target.word, std::memory_order_release);
    last_splice_[static_cast<size_t>(level)] = node;
  }
  if (height > height_.load(std::memory_order_relaxed)) height_.store(height, std::memory_order_relaxed);
}

const SkipList::Node* SkipList::Next(const Node* node) { return node->link(0).next.load(std::memory_order_acquire); }

EntryView SkipList::Entry(const Node* node) { return node->entry(); }

const SkipList::Node* SkipList::FindAtOrAfter(std::string_view key, Lsn lsn) const {
  const Target target{key, lsn, Word(key)};
  const Node* node = Next(FindLastBefore(target, nullptr));
  // A node that was linked since the search looked at this link may lie before the target too (invariant D).
  while (node != nullptr && IsBefore(node, target)) node = Next(node);
  return node;
}

const SkipList::Node* SkipList::FindBefore(std::string_view key, Lsn lsn) const {
  const Node* node = FindLastBefore({key, lsn, Word(key)}, nullptr);
  return node == head_ ? nullptr : node;
}

const SkipList::Node* SkipList::Last() const {
  const Node* at = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    while (const Node* next = at->link(level).next.load(std::memory_order_acquire)) at = next;
  }
  return at == head_ ? nullptr : at;
}

}  // namespace aeternus
