#include "stress/durability_model/explorer.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "stress/durability_model/model.h"

namespace aeternus::durability_model {
namespace {

// 64 bits of a state. That two of some million differ and agree here has a chance of about one in a million; then the
// second would be taken for explored.
uint64_t Fingerprint(const State& state) {
  static_assert(sizeof(State) % 4 == 0);
  const char* bytes = reinterpret_cast<const char*>(&state);
  uint64_t a = 0x9e3779b97f4a7c15, b = 0xd1b54a32d192ed03;
  for (size_t at = 0; at < sizeof(State); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes + at, std::min<size_t>(8, sizeof(State) - at));
    a = (a ^ word) * 0xff51afd7ed558ccd;
    a ^= a >> 32;
    b = (b + word) * 0xc4ceb9fe1a85ec53;
    b ^= b >> 29;
  }
  return a ^ b * 3;
}

// How a state was reached first.
struct Step {
  uint32_t from;
  int32_t detail;
  const char* name;
};

Violation Trace(const std::vector<Step>& steps, uint32_t at, std::string what) {
  Violation violation{.what = std::move(what)};
  for (; at != 0; at = steps[at].from) {
    violation.steps.push_back(steps[at].detail == 0 ? steps[at].name
                                                    : absl::StrCat(steps[at].name, " ", steps[at].detail));
  }
  std::reverse(violation.steps.begin(), violation.steps.end());
  return violation;
}

}  // namespace

Outcome Explore(const Bounds& bounds, const Rules& rules) {
  Model model(bounds, rules);
  std::vector<Step> steps = {{0, 0, ""}};
  std::deque<State> frontier = {model.Initial()};
  absl::flat_hash_set<uint64_t> seen = {Fingerprint(frontier.front())};
  Outcome outcome;
  while (!frontier.empty() && outcome.states < static_cast<uint64_t>(bounds.states)) {
    const State state = frontier.front();
    frontier.pop_front();
    const auto at = static_cast<uint32_t>(outcome.states++);
    std::optional<std::string> violation = model.Expand(state, [&](const State& next, const char* name, int detail) {
      if (!seen.insert(Fingerprint(next)).second) return;
      steps.push_back({at, detail, name});
      frontier.push_back(next);
    });
    if (violation.has_value()) {
      outcome.violation = Trace(steps, at, *std::move(violation));
      break;
    }
  }
  outcome.is_complete = outcome.violation.has_value() || frontier.empty();
  outcome.damages = model.damages();
  return outcome;
}

}  // namespace aeternus::durability_model
