#include "iterator/loser_tree.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "iterator/testing/random.h"

namespace aeternus {
namespace {

using ::aeternus::testing::Random;

// Players with words from a small range, so that many tie, then by their number.
struct Players {
  std::vector<uint64_t> words;

  auto word_of() const {
    return [this](size_t i) { return words[i]; };
  }
  auto comes_before() const {
    return [this](size_t a, size_t b) {
      EXPECT_EQ(words[a], words[b]) << "only ties are asked about";
      return a < b;
    };
  }
  size_t First() const {
    size_t first = 0;
    for (size_t i = 1; i < words.size(); ++i) first = words[i] < words[first] ? i : first;
    return first;
  }
};

TEST(LoserTree, TheLeastWinsHoweverManyPlay) {
  Random random = Random::ForTest();
  for (size_t n = 1; n <= 17; ++n) {
    for (int round = 0; round < 50; ++round) {
      Players players;
      for (size_t i = 0; i < n; ++i) players.words.push_back(random.Below(6));
      LoserTree tree;
      tree.Build(n, players.word_of(), players.comes_before());
      for (int step = 0; step < 40; ++step) {
        const size_t first = players.First();
        ASSERT_EQ(tree.winner(), first) << n << " players, step " << step;
        players.words[first] += random.Below(4);
        tree.Replay(players.words[first], players.comes_before());
      }
    }
  }
}

TEST(LoserTree, TheRunnerUpIsTheLeastOfTheOthers) {
  Random random = Random::ForTest();
  for (int round = 0; round < 300; ++round) {
    Players players;
    const size_t n = 1 + random.Below(9);
    for (size_t i = 0; i < n; ++i) players.words.push_back(random.Below(20));
    LoserTree tree;
    tree.Build(n, players.word_of(), players.comes_before());
    uint64_t expected = std::numeric_limits<uint64_t>::max();
    for (size_t i = 0; i < n; ++i) {
      if (i != tree.winner()) expected = std::min(expected, players.words[i]);
    }
    ASSERT_EQ(tree.runner_up_word(), expected);
  }
}

TEST(LoserTree, IsBuiltAnewWhenPlayersLeave) {
  Players players{.words = {3, 1, 2}};
  LoserTree tree;
  tree.Build(3, players.word_of(), players.comes_before());
  EXPECT_EQ(tree.winner(), 1u);
  players.words = {3, 2};
  tree.Build(2, players.word_of(), players.comes_before());
  EXPECT_EQ(tree.winner(), 1u);
  players.words = {3};
  tree.Build(1, players.word_of(), players.comes_before());
  EXPECT_EQ(tree.winner(), 0u);
}

}  // namespace
}  // namespace aeternus
