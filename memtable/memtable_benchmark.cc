// Inserts and finds in a memtable beside a skip list and std::map, keys as the system benchmark has them: 16
// zero-padded digits. Argument: number of entries.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/types.h"
#include "benchmark/benchmark.h"
#include "memtable/memtable.h"

namespace aeternus {
namespace {

// Decimal digits of `n`, most significant first.
std::string_view Key(uint64_t n, std::array<char, 16>* buffer) {
  for (size_t i = buffer->size(); i-- > 0; n /= 10) (*buffer)[i] = static_cast<char>('0' + n % 10);
  return {buffer->data(), buffer->size()};
}

// Visits each of [0, count) once in an order that looks random: a multiplication by an odd number modulo 2^k.
uint64_t Shuffled(uint64_t i, uint64_t count) { return (i * 0x9e3779b97f4a7c15) & (count - 1); }

enum class Order { kSequential, kRandom };
uint64_t At(Order order, uint64_t i, uint64_t count) { return order == Order::kSequential ? i : Shuffled(i, count); }

// 100 bytes.
constexpr std::string_view kValue =
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";

struct MemtableIndex {
  void Insert(std::string_view key, uint64_t lsn) { memtable.Put(key, Lsn(lsn), kValue); }
  bool Find(std::string_view key) const { return memtable.Find(key, kMaxLsn).has_value(); }
  Memtable memtable;
};
// With its filter, as the engine asks it.
struct FilteredMemtableIndex {
  void Insert(std::string_view key, uint64_t lsn) { memtable.Put(key, Lsn(lsn), kValue); }
  bool Find(std::string_view key) const {
    return memtable.MayContain(StableHash(key)) && memtable.Find(key, kMaxLsn).has_value();
  }
  Memtable memtable{nullptr, /*expected_bytes=*/size_t{64} << 20};
};
// As memtables of other stores have it (Pugh, 1990): a quarter of the nodes reach the next level, and a node lies in
// one piece with its key and value, in blocks that are never freed one by one.
class SkipListIndex {
 public:
  void Insert(std::string_view key, uint64_t) {
    std::array<Node*, kLevels> before;
    FindFirstNotBelow(key, &before);
    // Pairs of zeros at the end of a random number: none for three in four. (Marsaglia's xorshift64.)
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    const int height = 1 + std::min(std::countr_zero(random_) / 2, kLevels - 1);
    Node* const node = NewNode(key, kValue, height);
    for (int level = 0; level < height; ++level) {
      node->next()[level] = before[static_cast<size_t>(level)]->next()[level];
      before[static_cast<size_t>(level)]->next()[level] = node;
    }
  }
  bool Find(std::string_view key) const {
    std::array<Node*, kLevels> before;
    const Node* const found = FindFirstNotBelow(key, &before);
    return found != nullptr && found->key() == key;
  }

 private:
  static constexpr int kLevels = 12;
  static constexpr size_t kBlockBytes = 1 << 20;

  // Its links, key and value lie behind it.
  struct Node {
    uint32_t height, key_size;

    Node** next() { return reinterpret_cast<Node**>(this + 1); }
    std::string_view key() const {
      return {reinterpret_cast<const char*>(this + 1) + height * sizeof(Node*), key_size};
    }
  };

  Node* NewNode(std::string_view key, std::string_view value, int height) {
    const size_t links = static_cast<size_t>(height) * sizeof(Node*);
    const size_t size = (sizeof(Node) + links + key.size() + value.size() + 7) / 8 * 8;
    if (blocks_.empty() || used_ + size > kBlockBytes) {
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
      used_ = 0;
    }
    auto* const node = new (blocks_.back().get() + used_)
        Node{.height = static_cast<uint32_t>(height), .key_size = static_cast<uint32_t>(key.size())};
    used_ += size;
    char* const bytes = reinterpret_cast<char*>(node + 1);
    std::memset(bytes, 0, links);
    std::memcpy(bytes + links, key.data(), key.size());
    std::memcpy(bytes + links + key.size(), value.data(), value.size());
    return node;
  }

  Node* FindFirstNotBelow(std::string_view key, std::array<Node*, kLevels>* before) const {
    Node* node = head_;
    for (int level = kLevels - 1; level >= 0; --level) {
      for (Node* next = node->next()[level]; next != nullptr && next->key() < key; next = node->next()[level])
        node = next;
      (*before)[static_cast<size_t>(level)] = node;
    }
    return node->next()[0];
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0;
  uint64_t random_ = 0x9e3779b97f4a7c15;
  Node* const head_ = NewNode("", "", kLevels);
};
struct MapIndex {
  void Insert(std::string_view key, uint64_t) { map.emplace(key, kValue); }
  bool Find(std::string_view key) const { return map.find(key) != map.end(); }
  std::map<std::string, std::string, std::less<>> map;
};

template <typename Index, Order kOrder>
void BM_Insert(benchmark::State& state) {
  const auto count = static_cast<uint64_t>(state.range(0));
  std::array<char, 16> buffer;
  for (auto _ : state) {
    auto index = std::make_unique<Index>();
    for (uint64_t i = 0; i < count; ++i) index->Insert(Key(At(kOrder, i, count), &buffer), i + 1);
    state.PauseTiming();
    index.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(count) * state.iterations());
}

template <typename Index, Order kOrder>
void BM_Find(benchmark::State& state) {
  const auto count = static_cast<uint64_t>(state.range(0));
  std::array<char, 16> buffer;
  Index index;
  for (uint64_t i = 0; i < count; ++i) index.Insert(Key(Shuffled(i, count), &buffer), i + 1);
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.Find(Key(At(kOrder, i, count), &buffer)));
    i = (i + 12'345) & (count - 1);  // not the order of insertion
  }
  state.SetItemsProcessed(state.iterations());
}

// Keys between those that are there, at random.
template <typename Index>
void BM_FindMissing(benchmark::State& state) {
  const auto count = static_cast<uint64_t>(state.range(0));
  std::array<char, 16> buffer;
  Index index;
  for (uint64_t i = 0; i < count; ++i) index.Insert(Key(2 * Shuffled(i, count), &buffer), i + 1);
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.Find(Key(2 * Shuffled(i, count) + 1, &buffer)));
    i = (i + 12'345) & (count - 1);
  }
  state.SetItemsProcessed(state.iterations());
}

#define AETERNUS_BENCHMARK_INDEX(index)                                             \
  BENCHMARK_TEMPLATE(BM_Insert, index, Order::kSequential)->Arg(1 << 19);           \
  BENCHMARK_TEMPLATE(BM_Insert, index, Order::kRandom)->Arg(1 << 10)->Arg(1 << 19); \
  BENCHMARK_TEMPLATE(BM_Find, index, Order::kSequential)->Arg(1 << 19);             \
  BENCHMARK_TEMPLATE(BM_Find, index, Order::kRandom)->Arg(1 << 10)->Arg(1 << 19);   \
  BENCHMARK_TEMPLATE(BM_FindMissing, index)->Arg(1 << 19)

AETERNUS_BENCHMARK_INDEX(MemtableIndex);
AETERNUS_BENCHMARK_INDEX(FilteredMemtableIndex);
AETERNUS_BENCHMARK_INDEX(SkipListIndex);
AETERNUS_BENCHMARK_INDEX(MapIndex);

}  // namespace
}  // namespace aeternus
