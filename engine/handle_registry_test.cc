#include "engine/handle_registry.h"

#include <memory>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

TEST(HandleRegistry, CollectsLiveSnapshotsInOrderAndWithoutDuplicates) {
  std::mt19937_64 random(TestSeed());
  const auto registry = std::make_shared<HandleRegistry>();
  std::vector<std::unique_ptr<const Snapshot>> alive;
  for (int step = 0; step < 500; ++step) {
    if (alive.empty() || random() % 5 < 3) {
      const Lsn lsn(random() % 20);
      alive.push_back(registry->TakeSnapshot([&] { return lsn; }));
      EXPECT_EQ(alive.back()->lsn(), lsn.value);
    } else {
      alive.erase(alive.begin() + static_cast<ptrdiff_t>(random() % alive.size()));
    }
    std::set<Lsn> expected;
    for (const auto& snapshot : alive) expected.insert(Lsn(snapshot->lsn()));
    ASSERT_EQ(registry->LiveSnapshots(), std::vector<Lsn>(expected.begin(), expected.end()));
    ASSERT_EQ(registry->snapshots(), alive.size());
  }
}

TEST(HandleRegistry, EveryTakingAndReleasingOfASnapshotIsAChange) {
  const auto registry = std::make_shared<HandleRegistry>();
  const uint64_t before = registry->snapshot_changes();
  auto snapshot = registry->TakeSnapshot([] { return Lsn(1); });
  const uint64_t taken = registry->snapshot_changes();
  EXPECT_GT(taken, before);
  const IteratorTicket iterator(registry);
  EXPECT_EQ(registry->snapshot_changes(), taken);
  snapshot.reset();
  EXPECT_GT(registry->snapshot_changes(), taken);
}

TEST(HandleRegistry, DescribesWhatIsAlive) {
  const auto registry = std::make_shared<HandleRegistry>();
  EXPECT_EQ(registry->Describe(), "");
  {
    const IteratorTicket first(registry), second(registry);
    const PinTicket pin(registry.get());
    const auto snapshot = registry->TakeSnapshot([] { return Lsn(1); });
    EXPECT_EQ(registry->iterators(), 2u);
    EXPECT_EQ(registry->pins(), 1u);
    EXPECT_EQ(registry->Describe(), "2 iterators, 1 snapshot, 1 pinned value");
  }
  EXPECT_EQ(registry->Describe(), "");
}

TEST(HandleRegistry, HandlesMayOutliveWhoeverMadeIt) {
  auto registry = std::make_shared<HandleRegistry>();
  auto snapshot = registry->TakeSnapshot([] { return Lsn(3); });
  auto iterator = std::make_unique<IteratorTicket>(registry);
  const std::weak_ptr<HandleRegistry> observed = registry;
  registry.reset();
  EXPECT_EQ(snapshot->lsn(), 3u);
  iterator.reset();
  EXPECT_FALSE(observed.expired());
  snapshot.reset();
  EXPECT_TRUE(observed.expired());
}

TEST(HandleRegistry, PinsKeepWhatTheyPointIntoOnceTheOwnerIsGone) {
  auto memory = std::make_shared<int>(7);
  const std::weak_ptr<int> kept = memory;
  auto registry = std::make_shared<HandleRegistry>(std::move(memory));
  PinTicket here(registry.get());
  void* there = nullptr;
  std::thread([&] { there = PinTicket(registry.get()).Detach(); }).join();
  EXPECT_EQ(registry->pins(), 2u);
  registry->Orphan();
  registry.reset();
  here.Release();
  EXPECT_FALSE(kept.expired()) << "the other pin is alive";
  PinTicket::Attach(there).Release();
  EXPECT_TRUE(kept.expired());
}

TEST(HandleRegistry, AnOrphanWithoutPinsGoesAtOnce) {
  auto registry = std::make_shared<HandleRegistry>();
  { const PinTicket pin(registry.get()); }
  const std::weak_ptr<HandleRegistry> observed = registry;
  registry->Orphan();
  registry.reset();
  EXPECT_TRUE(observed.expired());
}

// The last pins go while the owner does: whoever comes last lets go of the registry.
TEST(HandleRegistry, PinsAndTheirOwnerMayGoTogether) {
  for (int round = 0; round < 200; ++round) {
    auto registry = std::make_shared<HandleRegistry>();
    const std::weak_ptr<HandleRegistry> observed = registry;
    void* pins[] = {PinTicket(registry.get()).Detach(), PinTicket(registry.get()).Detach()};
    std::thread reader([&] {
      for (void* pin : pins) PinTicket::Attach(pin).Release();
    });
    registry->Orphan();
    registry.reset();
    reader.join();
    EXPECT_TRUE(observed.expired());
  }
}

}  // namespace
}  // namespace aeternus
