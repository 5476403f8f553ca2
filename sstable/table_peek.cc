#include "sstable/table_peek.h"

#include <array>
#include <cstddef>

#include "absl/log/check.h"
#include "bloom/filter.h"
#include "sstable/block_reader.h"
#include "sstable/index_block.h"

namespace aeternus::sstable {
namespace {

// A look-up on its way through the stages.
struct Step {
  Lookup* lookup = nullptr;
  size_t block_number = 0;
  FrameCache::Slot* slot = nullptr;
  std::string_view block;
  BlockReader reader;
};

// The steps that go on to the next stage; the others have their answer.
class Steps {
 public:
  size_t size() const { return size_; }
  absl::Span<Step> all() { return absl::MakeSpan(steps_).first(size_); }
  void Start(Lookup* lookup) { steps_[size_++].lookup = lookup; }

  // Ends those for which `next` has an answer: false goes on.
  template <typename Next>
  void Advance(const Next& next) {
    size_t kept = 0;
    for (size_t i = 0; i < size_; ++i) {
      if (!next(steps_[i])) continue;
      if (kept != i) steps_[kept] = steps_[i];
      ++kept;
    }
    size_ = kept;
  }

 private:
  std::array<Step, Lookup::kMost> steps_;
  size_t size_ = 0;
};

bool End(Step& step, Peeked answer) {
  step.lookup->answer = answer;
  return false;
}

// What a search in a block that does not hold the key says. Versions of the key may go on in the next blocks, which is
// rare: Table::Find knows how.
Peeked NotInBlock(const IndexReader& index, size_t block_number, std::string_view key) {
  return index.separator(block_number) == key ? Peeked::kNotInMemory : Peeked::kAbsent;
}

Peeked FindInBlock(const BlockReader& reader, std::string_view block, FrameCache::Slot* slot, std::string_view key,
                   uint64_t hash, Lsn snapshot, PeekedVersion* found) {
  BlockReader::Entry entry;
  if (reader.Find(key, hash, snapshot, &entry) == BlockReader::kNotFound) return Peeked::kAbsent;
  *found = {.lsn = entry.lsn, .kind = entry.kind, .value = entry.value, .block = block, .slot = slot};
  return Peeked::kFound;
}

void FindBlocks(const IndexReader& index, Steps& steps) {
  std::array<std::string_view, Lookup::kMost> keys;
  std::array<size_t, Lookup::kMost> numbers;
  for (size_t i = 0; i < steps.size(); ++i) keys[i] = steps.all()[i].lookup->key;
  index.FindBlocks(absl::MakeSpan(keys).first(steps.size()), numbers.data());
  for (size_t i = 0; i < steps.size(); ++i) steps.all()[i].block_number = numbers[i];
}

}  // namespace

Peeked PeekOne(const TableBlocks& blocks, std::string_view key, uint64_t hash, Lsn snapshot, PeekedVersion* found) {
  bloom::FilterView filter;
  if (!blocks.PeekFilter(&filter)) return Peeked::kNotInMemory;
  if (!filter.MayContain(hash)) return Peeked::kAbsent;
  IndexReader index;
  if (!blocks.PeekIndex(&index)) return Peeked::kNotInMemory;
  const size_t number = index.FindBlock(key);
  if (number == index.block_count()) return Peeked::kAbsent;
  FrameCache::Slot& slot = blocks.DataSlot(number);
  const std::string_view block = blocks.PeekBlock(slot);
  if (block.empty()) return Peeked::kNotInMemory;
  TableBlocks::PrefetchEnds(block);
  const Peeked answer = FindInBlock(BlockReader(block), block, &slot, key, hash, snapshot, found);
  return answer == Peeked::kFound ? answer : NotInBlock(index, number, key);
}

void PeekMany(const TableBlocks& blocks, Lsn snapshot, absl::Span<Lookup* const> lookups) {
  DCHECK_LE(lookups.size(), Lookup::kMost);
  Steps steps;
  for (Lookup* lookup : lookups) steps.Start(lookup);
  bloom::FilterView filter;
  if (!blocks.PeekFilter(&filter)) return steps.Advance([](Step& step) { return End(step, Peeked::kNotInMemory); });
  for (const Step& step : steps.all()) filter.Prefetch(step.lookup->hash);
  steps.Advance([&](Step& step) { return filter.MayContain(step.lookup->hash) || End(step, Peeked::kAbsent); });
  if (steps.size() == 0) return;

  IndexReader index;
  if (!blocks.PeekIndex(&index)) return steps.Advance([](Step& step) { return End(step, Peeked::kNotInMemory); });
  FindBlocks(index, steps);
  steps.Advance([&](Step& step) {
    if (step.block_number == index.block_count()) return End(step, Peeked::kAbsent);
    step.slot = &blocks.DataSlot(step.block_number);
    __builtin_prefetch(step.slot);
    return true;
  });
  steps.Advance([&](Step& step) {
    step.block = blocks.PeekBlock(*step.slot);
    if (step.block.empty()) return End(step, Peeked::kNotInMemory);
    TableBlocks::PrefetchEnds(step.block);
    return true;
  });
  for (Step& step : steps.all()) {
    step.reader = BlockReader(step.block);
    step.reader.PrefetchEntry(step.lookup->hash);
  }
  for (Step& step : steps.all()) {
    Lookup& lookup = *step.lookup;
    lookup.answer = FindInBlock(step.reader, step.block, step.slot, lookup.key, lookup.hash, snapshot, &lookup.version);
    if (lookup.answer != Peeked::kFound) lookup.answer = NotInBlock(index, step.block_number, lookup.key);
  }
}

}  // namespace aeternus::sstable
