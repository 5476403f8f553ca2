#include "env/thread_number.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace aeternus::env {
namespace {

size_t NumberOfANewThread() {
  size_t number = 0;
  std::thread([&] { number = ThreadNumber(); }).join();
  return number;
}

TEST(ThreadNumberTest, StaysTheSameForAThread) {
  const size_t number = ThreadNumber();
  NumberOfANewThread();
  EXPECT_EQ(ThreadNumber(), number);
}

TEST(ThreadNumberTest, LiveThreadsHaveSmallNumbersThatDiffer) {
  constexpr size_t kThreads = 100;
  const size_t own = ThreadNumber();
  std::vector<size_t> numbers(kThreads);
  std::atomic<size_t> numbered{0};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      numbers[i] = ThreadNumber();
      numbered.fetch_add(1);
      while (numbered.load() < kThreads) std::this_thread::yield();  // all are alive together
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<size_t> all(numbers.begin(), numbers.end());
  all.insert(own);
  EXPECT_EQ(all.size(), kThreads + 1);
  EXPECT_LE(*all.rbegin(), own + kThreads);
}

TEST(ThreadNumberTest, TheNumberOfAThreadThatEndedIsUsedAgain) {
  ThreadNumber();
  const size_t first = NumberOfANewThread();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(NumberOfANewThread(), first);
}

// Destroyed after the number was given back, since it was made before the number was.
struct AsksWhenItsThreadEnds {
  std::atomic<size_t>* answer = nullptr;
  ~AsksWhenItsThreadEnds() {
    if (answer != nullptr) answer->store(ThreadNumber());
  }
};

TEST(ThreadNumberTest, AThreadThatIsEndingMayStillAsk) {
  std::atomic<size_t> answer{SIZE_MAX};
  std::thread([&] {
    thread_local AsksWhenItsThreadEnds asks;
    asks.answer = &answer;
    ThreadNumber();
  }).join();
  EXPECT_NE(answer.load(), SIZE_MAX);
  EXPECT_EQ(NumberOfANewThread(), NumberOfANewThread()) << "nothing was lost or given back twice";
}

}  // namespace
}  // namespace aeternus::env
