#include "bench/plan.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace aeternus::bench {
namespace {

bool Chooses(std::string_view word, std::string_view name) {
  return absl::ConsumeSuffix(&word, "*") ? absl::StartsWith(name, word) : name == word;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool HasRowFor(const Group& group, const std::vector<std::string>& wanted_rows, const Engine& engine) {
  return std::any_of(group.rows.begin(), group.rows.end(),
                     [&](const std::string& row) { return Contains(wanted_rows, row) && !engine.lacks.contains(row); });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Selected(std::string_view list, const std::vector<std::string>& names,
                                                  std::string_view kind) {
  if (list.empty()) return names;
  const std::vector<std::string_view> words = absl::StrSplit(list, ',');
  for (const std::string_view word : words) {
    if (std::none_of(names.begin(), names.end(), [&](const std::string& name) { return Chooses(word, name); })) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no ", kind, " '", word, "'; there are ", absl::StrJoin(names, ", ")));
    }
  }
  std::vector<std::string> selected;
  for (const std::string& name : names) {
    if (std::any_of(words.begin(), words.end(), [&](std::string_view word) { return Chooses(word, name); })) {
      selected.push_back(name);
    }
  }
  return selected;
}

std::vector<Step> PlanSteps(const std::vector<Group>& groups, const std::vector<std::string>& wanted_rows,
                            const std::vector<Engine>& engines, int repetitions) {
  std::vector<Step> steps;
  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    for (const Group& group : groups) {
      for (size_t i = 0; i < engines.size(); ++i) {
        const Engine& engine = engines[(i + static_cast<size_t>(repetition) - 1) % engines.size()];
        if (HasRowFor(group, wanted_rows, engine)) steps.push_back({repetition, group.name, engine.name});
      }
    }
  }
  return steps;
}

void Eta::Done(double seconds) {
  const Step& step = steps_[done_++];
  seconds_of_[{step.engine, step.group}] = seconds;
  seconds_of_all_ += seconds;
}

double Eta::SecondsLeft() const {
  if (done_ == 0) return 0;
  double left = 0;
  for (size_t i = done_; i < steps_.size(); ++i) {
    const auto known = seconds_of_.find({steps_[i].engine, steps_[i].group});
    left += known != seconds_of_.end() ? known->second : seconds_of_all_ / static_cast<double>(done_);
  }
  return left;
}

}  // namespace aeternus::bench
