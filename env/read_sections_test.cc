#include "env/read_sections.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

using Section = ReadSections::Section;

// Knows whether it was destroyed.
class Witness {
 public:
  explicit Witness(std::atomic<int>* destroyed) : destroyed_(destroyed) {}
  ~Witness() { destroyed_->fetch_add(1); }

 private:
  std::atomic<int>* const destroyed_;
};

class ReadSectionsTest : public ::testing::Test {
 protected:
  void RetireOne() { sections_.Retire(std::make_shared<const Witness>(&destroyed_)); }

  std::atomic<int> destroyed_{0};
  ReadSections sections_;
};

TEST_F(ReadSectionsTest, WithoutSectionsWhatIsRetiredGoesAtOnce) {
  RetireOne();
  EXPECT_EQ(destroyed_, 1);
  { const Section section = sections_.Enter(); }
  RetireOne();
  EXPECT_EQ(destroyed_, 2);
  EXPECT_EQ(sections_.retired(), 0u);
}

TEST_F(ReadSectionsTest, AnOpenSectionKeepsWhatIsRetiredUntilItEnds) {
  Section section = sections_.Enter();
  ASSERT_TRUE(section);
  RetireOne();
  RetireOne();
  EXPECT_EQ(destroyed_, 0);
  EXPECT_EQ(sections_.retired(), 2u);
  section.End();
  EXPECT_EQ(destroyed_, 2);
  EXPECT_EQ(sections_.retired(), 0u);
}

TEST_F(ReadSectionsTest, OnlySectionsThatWereOpenKeepIt) {
  Section before = sections_.Enter();
  RetireOne();
  const Section after = sections_.Enter();
  ASSERT_TRUE(after);
  before.End();
  EXPECT_EQ(destroyed_, 1) << "the other section began too late to know the object";
}

TEST_F(ReadSectionsTest, ASlotThatIsEnteredAgainDoesNotKeepIt) {
  Section outer = sections_.Enter();
  RetireOne();
  outer.End();
  const Section next = sections_.Enter();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(ReadSectionsTest, TheLastOfSeveralSectionsLetsGo) {
  Section first = sections_.Enter();
  Section second = sections_.Enter();
  RetireOne();
  first.End();
  EXPECT_EQ(destroyed_, 0);
  second.End();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(ReadSectionsTest, ThereIsAnEndToSlots) {
  std::vector<Section> open;
  for (size_t i = 0; i < ReadSections::kSlots; ++i) {
    open.push_back(sections_.Enter());
    ASSERT_TRUE(open.back());
  }
  EXPECT_FALSE(sections_.Enter());
  RetireOne();
  open.pop_back();
  EXPECT_TRUE(sections_.Enter());
  EXPECT_EQ(destroyed_, 0);
  open.clear();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(ReadSectionsTest, WhatIsDestroyedMayEnterAndRetire) {
  struct Chain {
    Chain(ReadSections* in, std::shared_ptr<const Witness> witness) : sections(in), last(std::move(witness)) {}
    ~Chain() {
      const Section section = sections->Enter();
      sections->Retire(std::move(last));
    }
    ReadSections* sections;
    std::shared_ptr<const Witness> last;
  };
  Section section = sections_.Enter();
  sections_.Retire(std::make_shared<const Chain>(&sections_, std::make_shared<const Witness>(&destroyed_)));
  section.End();
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(ReadSectionsTest, SectionsMoveAndCount) {
  Section section = sections_.Enter();
  section.Count(2);
  Section moved = std::move(section);
  EXPECT_FALSE(section);
  moved.Count(3);
  section = std::move(moved);
  EXPECT_TRUE(section);
  EXPECT_EQ(sections_.tally(), 5u);
}

TEST_F(ReadSectionsTest, IdleThreadsKeepNothing) {
  std::atomic<bool> has_read{false}, may_end{false};
  std::thread idle([&] {
    { const Section section = sections_.Enter(); }
    has_read = true;
    while (!may_end) std::this_thread::yield();
  });
  while (!has_read) std::this_thread::yield();
  RetireOne();
  EXPECT_EQ(destroyed_, 1);
  may_end = true;
  idle.join();
}

// Readers follow a pointer that a writer changes all the time. What they find must be whole: a destroyed object says so
// here, and to the address and thread sanitizers.
TEST_F(ReadSectionsTest, ReadersNeverFindWhatWasDestroyed) {
  struct Object {
    explicit Object(std::atomic<int>* counter) : destroyed(counter) {}
    ~Object() {
      alive = false;
      destroyed->fetch_add(1);
    }
    bool alive = true;
    std::atomic<int>* const destroyed;
  };
  constexpr int kObjects = 3000;
  auto owner = std::make_shared<const Object>(&destroyed_);
  std::atomic<const Object*> current{owner.get()};
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const Section section = sections_.Enter();
        ASSERT_TRUE(section);
        ASSERT_TRUE(current.load(std::memory_order_seq_cst)->alive);
        reads.fetch_add(1);
      }
    });
  }
  while (reads < 4) std::this_thread::yield();
  for (int i = 1; i < kObjects; ++i) {
    auto next = std::make_shared<const Object>(&destroyed_);
    current.store(next.get(), std::memory_order_seq_cst);
    sections_.Retire(std::exchange(owner, std::move(next)));
    if (i % 64 == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(sections_.retired(), 0u);
  EXPECT_EQ(destroyed_, kObjects - 1) << "all but the one in force, and without anybody's asking";
}

}  // namespace
}  // namespace aeternus::env
