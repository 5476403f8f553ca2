#include "memtable/jump_list.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/types.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

// Counts how often it is asked where it leads: each step of a search asks.
struct Element {
  Lsn lsn;
  const Element* next;
  const Element* further;
  uint64_t length;
  uint64_t* steps;

  const Element* older() const { return next; }
  const Element* jump() const {
    ++*steps;
    return further;
  }
  uint64_t depth() const { return length; }
};

struct List {
  void Push(Lsn lsn) {
    const Element* const older = elements.empty() ? nullptr : &elements.back();
    Element& made = elements.emplace_back(Element{lsn, older, nullptr, elements.size(), &steps});
    made.further = older == nullptr ? &made : JumpOver(older);
  }
  const Element* newest() const { return elements.empty() ? nullptr : &elements.back(); }

  std::deque<Element> elements;
  uint64_t steps = 0;
};

TEST(JumpList, AnEmptyOneHasNothing) { EXPECT_EQ(NewestUpTo(kMaxLsn, List().newest()), nullptr); }

TEST(JumpList, AnyElementIsFoundFromAnyNewerOneInFewSteps) {
  constexpr uint64_t kCount = 3'000;
  List list;
  for (uint64_t i = 1; i <= kCount; ++i) list.Push(Lsn(2 * i));
  for (uint64_t newest = 1; newest <= kCount; newest += 97) {
    const Element* const from = &list.elements[newest - 1];
    EXPECT_EQ(NewestUpTo(Lsn(1), from), nullptr);
    for (uint64_t sought = 1; sought <= newest; ++sought) {
      list.steps = 0;
      ASSERT_EQ(NewestUpTo(Lsn(2 * sought), from), &list.elements[sought - 1]);
      ASSERT_EQ(NewestUpTo(Lsn(2 * sought + 1), from), &list.elements[sought - 1]) << "between two";
      ASSERT_LE(list.steps, 2 * 3 * (1 + std::log2(newest))) << newest << " to " << sought;
    }
  }
}

}  // namespace
}  // namespace aeternus
