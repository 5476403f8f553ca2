#include "engine/handle_registry.h"

#include <memory>
#include <random>
#include <set>
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
    const PinTicket pin(registry);
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

}  // namespace
}  // namespace aeternus
