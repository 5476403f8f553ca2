// A tournament of numbered players, each with a word: the least word wins, and who moves on after a win plays the
// losers on its way up again, one per level. So finding the next of n costs log2(n) comparisons whatever comes, and
// since every match is a selection between two values, none of them is a branch that random input could mislead.
//
//   tree.Build(n, word_of, comes_before);
//   Use(tree.winner());
//   tree.Replay(its_next_word, comes_before);
//
// `comes_before(a, b)` decides between two players whose words are equal; it is asked of their present state. (Knuth,
// "The Art of Computer Programming", volume 3, 5.4.1.)
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ITERATOR_LOSER_TREE_H_
#define AETERNUS_ITERATOR_LOSER_TREE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace aeternus {

class LoserTree {
 public:
  // All of the players 0 to n - 1 take part.
  template <typename WordOf, typename ComesBefore>
  void Build(size_t n, WordOf word_of, ComesBefore comes_before) {
    // Player i sits at n + i of a complete binary tree in an array; whoever comes up to an inner node first waits there
    // for the other one.
    size_ = n;
    matches_.assign(std::max<size_t>(n, 1), {0, kNobody});
    for (size_t i = 0; i < n; ++i) {
      Seat seat{word_of(i), i};
      size_t node = (n + i) / 2;
      for (; node > 0 && matches_[node].player != kNobody; node /= 2) Play(&matches_[node], &seat, comes_before);
      matches_[node] = seat;
    }
  }

  // Needs players.
  size_t winner() const { return matches_[0].player; }
  // Whoever holds it is next but for the winner; the greatest word when there is nobody else.
  uint64_t runner_up_word() const {
    uint64_t word = std::numeric_limits<uint64_t>::max();
    for (size_t node = (size_ + winner()) / 2; node > 0; node /= 2) word = std::min(word, matches_[node].word);
    return word;
  }
  // The winner has moved on to `word`. Returns the new one, for whoever would wait to read it back out of memory.
  template <typename ComesBefore>
  size_t Replay(uint64_t word, ComesBefore comes_before) {
    return Replay(winner(), word, comes_before);
  }
  // The same by one who knows the winner.
  template <typename ComesBefore>
  size_t Replay(size_t winner, uint64_t word, ComesBefore comes_before) {
    Seat seat{word, winner};
    for (size_t node = (size_ + winner) / 2; node > 0; node /= 2) Play(&matches_[node], &seat, comes_before);
    matches_[0] = seat;
    return seat.player;
  }

 private:
  static constexpr size_t kNobody = SIZE_MAX;
  struct Seat {
    uint64_t word;
    size_t player;
  };

  // Leaves the loser at its match, the winner in the seat that goes on.
  template <typename ComesBefore>
  static void Play(Seat* match, Seat* seat, ComesBefore comes_before) {
    const Seat a = *match;
    const Seat b = *seat;
    bool a_wins = a.word < b.word;
    if (a.word == b.word) [[unlikely]]
      a_wins = comes_before(a.player, b.player);
    *match = {a_wins ? b.word : a.word, a_wins ? b.player : a.player};
    *seat = {a_wins ? a.word : b.word, a_wins ? a.player : b.player};
  }

  size_t size_ = 0;
  std::vector<Seat> matches_;  // [0]: the winner; [i]: the loser of match i
};

}  // namespace aeternus

#endif  // AETERNUS_ITERATOR_LOSER_TREE_H_
