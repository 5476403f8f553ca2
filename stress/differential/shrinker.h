// Makes a failing list short (delta debugging): leaves out stretches of it, from halves down to single elements, as
// long as what remains still fails, and then tries simpler elements.
//
//   std::vector<Step> small = Shrink<Step>(script, [](const std::vector<Step>& s) { return Fails(s); }, 2000);
//
// What comes out fails, too. Unless `tries_max` ended the search, no single element of it can be left out.
#ifndef AETERNUS_STRESS_DIFFERENTIAL_SHRINKER_H_
#define AETERNUS_STRESS_DIFFERENTIAL_SHRINKER_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace aeternus::stress {

template <typename T>
using FailingList = std::function<bool(const std::vector<T>&)>;

// `list` fails; `fails` is asked at most `tries_max` times.
template <typename T>
std::vector<T> Shrink(std::vector<T> list, const FailingList<T>& fails, int tries_max) {
  size_t stretch = std::max<size_t>(list.size() / 2, 1);
  while (!list.empty()) {
    bool got_shorter = false;
    // From the back: what comes last needs what came before it more often than the reverse.
    for (size_t end = list.size(); end > 0 && tries_max > 0;) {
      const size_t begin = end - std::min(stretch, end);
      std::vector<T> rest(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(begin));
      rest.insert(rest.end(), list.begin() + static_cast<std::ptrdiff_t>(end), list.end());
      --tries_max;
      if (fails(rest)) {
        list = std::move(rest);
        got_shorter = true;
      }
      end = begin;
    }
    if (tries_max <= 0) break;
    if (stretch > 1) {
      stretch /= 2;
    } else if (!got_shorter) {
      break;
    }
  }
  return list;
}

// Replaces elements by the first of their `simpler` forms with which the list still fails, until none does.
template <typename T>
std::vector<T> Simplify(std::vector<T> list, const FailingList<T>& fails,
                        const std::function<std::vector<T>(const T&)>& simpler, int tries_max) {
  for (size_t i = 0; i < list.size();) {
    bool got_simpler = false;
    for (T& candidate : simpler(list[i])) {
      if (tries_max-- <= 0) return list;
      std::vector<T> attempt = list;
      attempt[i] = std::move(candidate);
      if (!fails(attempt)) continue;
      list = std::move(attempt);
      got_simpler = true;
      break;
    }
    if (!got_simpler) ++i;
  }
  return list;
}

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_DIFFERENTIAL_SHRINKER_H_
