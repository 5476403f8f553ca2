#include "memtable/tombstone_map.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/key_order.h"
#include "iterator/fragmented_tombstones.h"
#include "memtable/jump_list.h"

namespace aeternus {
namespace {

// How many boundaries there are when the list is looked at again, so that all of that is a small part of the additions.
constexpr bool IsTimeToLookAgain(uint64_t boundaries) {
  return boundaries == 32 || boundaries == 512 || boundaries == 8192;
}

// Evenly spread bits of a counter (splitmix64): the list needs heights without a pattern, not secret ones.
uint64_t Scatter(uint64_t n) {
  n *= 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

}  // namespace

// One tombstone of a list, newest first (jump_list.h).
struct TombstoneMap::Cover {
  Lsn lsn;
  const Cover* next;
  const Cover* further;  // itself for the oldest
  uint64_t length;       // how many are older

  const Cover* older() const { return next; }
  const Cover* jump() const { return further; }
  uint64_t depth() const { return length; }
};

// Followed by its links, one for each level, and its key.
struct TombstoneMap::Boundary {
  std::atomic<const Cover*> cover;
  uint64_t word;
  uint32_t key_size;
  int height;

  Link* links() { return reinterpret_cast<Link*>(this + 1); }
  std::string_view key() { return {reinterpret_cast<const char*>(links() + height), key_size}; }
  // Whether it lies at or before `key`, whose word is `w`.
  bool IsUpTo(std::string_view k, uint64_t w) { return word != w ? word < w : CompareKeys(key(), k) <= 0; }
};

// By ascending word. Never changes; boundaries that were made since are found by going on from it.
struct TombstoneMap::Index {
  std::vector<uint64_t> words;
  std::vector<Boundary*> boundaries;
};

struct TombstoneMap::List {
  std::string prefix;
  Boundary* head;
  std::vector<std::unique_ptr<Index>> indexes;  // the last is in force
  std::atomic<const Index*> index{nullptr};

  // Orders keys as they are ordered, but for ties: eight bytes behind the prefix, where a key has it.
  uint64_t WordOf(std::string_view key) const {
    const int order = CompareKeys(key.substr(0, prefix.size()), prefix);
    return order == 0 ? KeyPrefix(key, prefix.size()) : order < 0 ? 0 : UINT64_MAX;
  }
  Boundary* FindFromIndex(std::string_view key) const {
    const uint64_t word = WordOf(key);
    const Index* const present = index.load(std::memory_order_acquire);
    if (present == nullptr) return Find(head, kMaxHeight - 1, key, word, nullptr);
    const auto not_below = std::lower_bound(present->words.begin(), present->words.end(), word);
    const auto below = static_cast<size_t>(not_below - present->words.begin());
    Boundary* at = below == 0 ? head : present->boundaries[below - 1];
    // Many may have come behind it since: goes up, to longer links, for as long as they do not lead too far.
    uint64_t compared = 1;
    for (Boundary* next; (next = at->links()[at->height - 1].next.load(std::memory_order_acquire)) != nullptr;) {
      if (!next->IsUpTo(key, word)) break;
      at = next;
      ++compared;
    }
    return Find(at, at->height - 1, key, word, nullptr, compared);
  }
};

TombstoneMap::TombstoneMap() = default;
TombstoneMap::~TombstoneMap() = default;

TombstoneMap::Bounds TombstoneMap::Add(std::string_view start, std::optional<std::string_view> end, Lsn lsn) {
  if (lists_.empty()) {
    lists_.push_back(NewList(""));
    list_.store(lists_.back().get(), std::memory_order_release);
  }
  Boundary* const last = end.has_value() ? Cut(*end) : nullptr;
  Boundary* const first = Cut(start);
  const Bounds bounds{first->key(), last == nullptr ? std::nullopt : std::optional(last->key())};
  const Cover* before = nullptr;  // neighbours that were covered by the same tombstones go on sharing their list
  const Cover* after = nullptr;
  for (Boundary* at = first; at != last; at = at->links()[0].next.load(std::memory_order_relaxed)) {
    const Cover* const cover = at->cover.load(std::memory_order_relaxed);
    if (after == nullptr || cover != before) {
      before = cover;
      after = With(cover, lsn);
    }
    at->cover.store(after, std::memory_order_release);
  }
  NoteGrowth();
  return bounds;
}

Lsn TombstoneMap::MaxCovering(std::string_view key, Lsn snapshot) const {
  const List* const list = list_.load(std::memory_order_acquire);
  if (list == nullptr) return kMinLsn;
  const Cover* const cover = NewestUpTo(snapshot, list->FindFromIndex(key)->cover.load(std::memory_order_acquire));
  return cover == nullptr ? kMinLsn : cover->lsn;
}

TombstoneMap::Boundary* TombstoneMap::Find(Boundary* at, int level, std::string_view key, uint64_t word,
                                           Boundary** before, uint64_t compared) {
  for (; level >= 0; --level) {
    while (true) {
      ++compared;
      const Link& link = at->links()[level];
      Boundary* const next = link.next.load(std::memory_order_acquire);
      if (next == nullptr || link.word.load(std::memory_order_relaxed) > word) break;
      // The word may already be that of a boundary which is being put in between: what it leads to decides.
      if (!next->IsUpTo(key, word)) break;
      at = next;
    }
    if (before != nullptr) before[level] = at;
  }
  if (before == nullptr) CountTombstoneSearch(compared);
  return at;
}

TombstoneMap::Boundary* TombstoneMap::Cut(std::string_view key) {
  const List& list = *lists_.back();
  std::array<Boundary*, kMaxHeight> before;
  Boundary* const found = Find(list.head, kMaxHeight - 1, key, list.WordOf(key), before.data());
  if (found != list.head && found->key() == key) return found;
  Boundary* const boundary = NewBoundary(list, key, found->cover.load(std::memory_order_relaxed));
  Insert(boundary, before.data());
  ++boundary_count_;
  return boundary;
}

void TombstoneMap::Insert(Boundary* boundary, Boundary* const* before) {
  for (int level = 0; level < boundary->height; ++level) {
    Link& from = before[level]->links()[level];
    Link& to = boundary->links()[level];
    to.next.store(from.next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    to.word.store(from.word.load(std::memory_order_relaxed), std::memory_order_relaxed);
    from.word.store(boundary->word, std::memory_order_relaxed);
    from.next.store(boundary, std::memory_order_release);
  }
}

TombstoneMap::Boundary* TombstoneMap::NewBoundary(const List& list, std::string_view key, const Cover* cover) {
  const int height = std::min(kMaxHeight, 1 + std::countr_zero(Scatter(++boundaries_made_)) / 2);
  void* const memory =
      arena_.Allocate(sizeof(Boundary) + static_cast<size_t>(height) * sizeof(Link) + key.size(), alignof(Boundary));
  auto* const boundary = new (memory) Boundary{
      .cover = cover, .word = list.WordOf(key), .key_size = static_cast<uint32_t>(key.size()), .height = height};
  for (int level = 0; level < height; ++level) new (boundary->links() + level) Link;
  if (!key.empty()) std::memcpy(const_cast<char*>(boundary->key().data()), key.data(), key.size());
  return boundary;
}

const TombstoneMap::Cover* TombstoneMap::With(const Cover* cover, Lsn lsn) {
  if (cover != nullptr && cover->lsn == lsn) return cover;
  // Only where nobody reads yet: recovery, tests.
  if (cover != nullptr && cover->lsn > lsn) return With(With(cover->next, lsn), cover->lsn);
  auto* const made = new (arena_.Allocate(sizeof(Cover), alignof(Cover))) Cover{.lsn = lsn, .next = cover};
  made->further = cover == nullptr ? made : JumpOver(cover);
  made->length = cover == nullptr ? 0 : cover->length + 1;
  return made;
}

void TombstoneMap::MakeIndex() {
  List& list = *lists_.back();
  auto index = std::make_unique<Index>();
  for (Boundary* at = list.head; (at = at->links()[kIndexLevel].next.load(std::memory_order_relaxed)) != nullptr;) {
    index->words.push_back(at->word);
    index->boundaries.push_back(at);
  }
  index_bytes_.fetch_add(
      sizeof(Index) + index->words.capacity() * sizeof(uint64_t) + index->boundaries.capacity() * sizeof(Boundary*),
      std::memory_order_relaxed);
  list.indexes.push_back(std::move(index));
  list.index.store(list.indexes.back().get(), std::memory_order_release);
}

void TombstoneMap::NoteGrowth() {
  if (boundary_count_ >= next_index_at_) {
    next_index_at_ = 2 * boundary_count_;
    MakeIndex();
  }
  // Of the two boundaries that an addition makes, either may be the one.
  if (!IsTimeToLookAgain(boundary_count_) && !IsTimeToLookAgain(boundary_count_ - 1)) return;
  const List& old = *lists_.back();
  Boundary* const first = old.head->links()[0].next.load(std::memory_order_relaxed);
  Boundary* last = old.head;
  for (int level = kMaxHeight - 1; level >= 0; --level) {
    while (Boundary* const next = last->links()[level].next.load(std::memory_order_relaxed)) last = next;
  }
  const std::string_view shared = first->key().substr(0, CommonPrefixSize(first->key(), last->key()));
  if (shared == old.prefix) return;
  std::unique_ptr<List> list = NewList(shared);
  std::array<Boundary*, kMaxHeight> before;
  before.fill(list->head);
  for (Boundary* at = first; at != nullptr; at = at->links()[0].next.load(std::memory_order_relaxed)) {
    Boundary* const copy = NewBoundary(*list, at->key(), at->cover.load(std::memory_order_relaxed));
    Insert(copy, before.data());
    std::fill_n(before.begin(), copy->height, copy);
  }
  lists_.push_back(std::move(list));
  list_.store(lists_.back().get(), std::memory_order_release);
}

std::unique_ptr<TombstoneMap::List> TombstoneMap::NewList(std::string_view prefix) {
  auto list = std::make_unique<List>();
  list->prefix = prefix;
  auto* const head = new (arena_.Allocate(sizeof(Boundary) + kMaxHeight * sizeof(Link), alignof(Boundary)))
      Boundary{.cover = nullptr, .word = 0, .key_size = 0, .height = kMaxHeight};
  for (int level = 0; level < kMaxHeight; ++level) new (head->links() + level) Link;
  list->head = head;
  return list;
}

}  // namespace aeternus
