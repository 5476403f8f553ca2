// What a tree is made of; only for the files that implement it.
#ifndef AETERNUS_MEMTABLE_ENTRY_TREE_NODE_H_
#define AETERNUS_MEMTABLE_ENTRY_TREE_NODE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "absl/strings/match.h"
#include "base/entry.h"
#include "base/key_order.h"
#include "base/types.h"
#include "memtable/entry_tree.h"

namespace aeternus {

// The word that orders a node: the number of entries in its low four bits, and above them, four bits each and by rank,
// the slots.
namespace node_order {

inline constexpr size_t kSlots = 14;

inline constexpr size_t CountOf(uint64_t order) { return order & 15; }
inline constexpr size_t SlotOf(uint64_t order, size_t rank) { return (order >> (4 * (rank + 1))) & 15; }
inline constexpr uint64_t WithInserted(uint64_t order, size_t rank, size_t slot) {
  const uint64_t below = (uint64_t{1} << (4 * (rank + 1))) - 1;  // the count, and the slots before `rank`
  return ((order & below) | uint64_t{slot} << (4 * (rank + 1)) | (order & ~below) << 4) + 1;
}
inline constexpr uint64_t WithReplaced(uint64_t order, size_t rank, size_t slot) {
  const size_t shift = 4 * (rank + 1);
  return (order & ~(uint64_t{15} << shift)) | uint64_t{slot} << shift;
}

}  // namespace node_order

// One version, its key and value right behind it. With `has_older`, its History lies right before it. Versions of a key
// are a list (jump_list.h).
struct EntryTree::Entry {
  struct History {
    const Entry* older;
    const Entry* jump;
    uint64_t depth;  // how many versions are older
  };

  Lsn lsn;
  uint32_t key_size : 31;
  uint32_t has_older : 1;
  uint32_t value_size : 31;  // kMaxValueSizeBytes is 2^30
  uint32_t is_put : 1;

  std::string_view key() const { return {bytes(), key_size}; }
  EntryView view() const {
    return {key(), lsn, is_put ? EntryKind::kPut : EntryKind::kDelete, {bytes() + key_size, value_size}};
  }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  const History& history() const { return reinterpret_cast<const History*>(this)[-1]; }
  const Entry* older() const { return has_older ? history().older : nullptr; }
  uint64_t depth() const { return has_older ? history().depth : 0; }
  // The oldest one's is itself.
  const Entry* jump() const { return has_older ? history().jump : this; }
};

// A leaf's slots hold the newest versions of keys, an inner node's children; the least key of a slot orders it.
class alignas(64) EntryTree::Node {
 public:
  static constexpr size_t kSlots = node_order::kSlots;

  // `prefix_is_certain`: every key that can come here begins with `prefix`.
  // `height`: 0 for a leaf, 1 for what is above leaves, ...
  Node(size_t height, const Entry* low, std::string_view prefix, bool prefix_is_certain)
      : low_(low),
        prefix_(prefix.data()),
        prefix_size_(static_cast<uint32_t>(prefix.size())),
        height_(static_cast<uint8_t>(height)),
        prefix_is_certain_(prefix_is_certain) {}

  size_t height() const { return height_; }
  bool is_leaf() const { return height_ == 0; }
  uint64_t word(size_t slot) const { return words_[slot]; }
  std::string_view prefix() const { return {prefix_, prefix_size_}; }
  bool prefix_is_certain() const { return prefix_is_certain_; }
  const Entry* low() const { return low_; }  // of its versions any one; null: nothing bounds it
  uint64_t LoadOrder() const { return order_.load(std::memory_order_acquire); }
  Entry* entry(size_t slot) const { return static_cast<Entry*>(slots_[slot].load(std::memory_order_acquire)); }
  Node* child(size_t slot) const { return static_cast<Node*>(slots_[slot].load(std::memory_order_relaxed)); }

  // Of an inner node: how many children begin before the key, or, with kOrEqual, at it or before.
  template <bool kOrEqual>
  size_t RankOfChild(uint64_t order, std::string_view key) const {
    const uint64_t word = Word(key);
    const size_t count = node_order::CountOf(order);
    size_t less = 0, equal = 0;
    for (uint64_t slots = order >> 4, i = 0; i < count; ++i, slots >>= 4) {
      const uint64_t word_of_slot = words_[slots & 15];
      less += word_of_slot < word;
      equal += word_of_slot == word;
    }
    for (size_t end = less + equal; less < end;) {
      const size_t middle = (less + end) / 2;
      const Entry* const low = child(node_order::SlotOf(order, middle))->low_;
      const int c = low == nullptr ? -1 : CompareKeys(low->key(), key);
      if (c < 0 || (kOrEqual && c == 0)) {
        less = middle + 1;
      } else {
        end = middle;
      }
    }
    return less;
  }

  // Of a leaf: how many keys come before the key; its newest version in `*found`, or null when it is not there.
  size_t RankOfKey(uint64_t order, std::string_view key, Entry** found) const {
    const uint64_t word = Word(key);
    const size_t count = node_order::CountOf(order);
    size_t less = 0, equal = 0;
    for (size_t slot = 0; slot < count; ++slot) {  // all of a leaf's slots are in force
      less += words_[slot] < word;
      equal += words_[slot] == word;
    }
    *found = nullptr;
    for (size_t end = less + equal; less < end;) {
      const size_t middle = (less + end) / 2;
      Entry* const at = entry(node_order::SlotOf(order, middle));
      const int c = CompareKeys(at->key(), key);
      if (c == 0) {
        *found = at;
        return middle;
      }
      c < 0 ? less = middle + 1 : end = middle;
    }
    return less;
  }

  void Prefetch() const {
    for (size_t at = 0; at < sizeof(*this); at += 64) __builtin_prefetch(reinterpret_cast<const char*>(this) + at);
  }

  // The writer's: fills the next slot and returns it; StoreOrder puts it into force.
  bool HasRoomFor(size_t n) const { return used_ + n <= kSlots; }
  size_t Fill(Entry* entry) { return Fill(entry, Word(entry->key())); }
  size_t Fill(Node* child) { return Fill(child, child->low_ == nullptr ? 0 : Word(child->low_->key())); }
  size_t Fill(void* to, uint64_t word) {
    slots_[used_].store(to, std::memory_order_relaxed);
    words_[used_] = word;
    return used_++;
  }
  void StoreOrder(uint64_t order) { order_.store(order, std::memory_order_release); }
  // Puts a newer version in the place of the one in `slot`.
  void Renew(size_t slot, Entry* newer) { slots_[slot].store(newer, std::memory_order_release); }

  // Never decreasing in `key`, whatever the prefix is: keys before those that share it get the least word, keys behind
  // them the greatest.
  uint64_t Word(std::string_view key) const {
    if (!prefix_is_certain_) {
      if (!absl::StartsWith(key, prefix())) return key < prefix() ? 0 : std::numeric_limits<uint64_t>::max();
    }
    return KeyPrefix(key, prefix_size_);
  }

 private:
  std::atomic<uint64_t> order_{0};
  const Entry* const low_;
  const char* const prefix_;
  const uint32_t prefix_size_;
  const uint8_t height_;
  const bool prefix_is_certain_;
  uint8_t used_ = 0;
  std::array<uint64_t, kSlots> words_;
  std::array<std::atomic<void*>, kSlots> slots_;  // Entry or Node
};

}  // namespace aeternus

#endif  // AETERNUS_MEMTABLE_ENTRY_TREE_NODE_H_
