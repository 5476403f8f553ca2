#include "stress/differential/campaign.h"

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/testing/sanitizer.h"
#include "gtest/gtest.h"
#include "stress/differential/script_generator.h"
#include "stress/differential/shrinker.h"
#include "stress/rng.h"
#include "stress/seed.h"

namespace aeternus::stress {
namespace {

constexpr int kShrinkTriesMax = 3000;

// Runs `script` on a new database of `contestant`.
std::optional<Difference> RunOn(const Script& script, const Contestant& contestant, RunCounts& counts,
                                Subject::Deeds& deeds) {
  const absl::StatusOr<std::unique_ptr<Subject>> subject = contestant.open();
  if (!subject.ok()) return Difference{0, absl::StrCat("cannot be opened: ", subject.status().ToString())};
  std::optional<Difference> difference = RunScript(script, **subject, counts);
  (*subject)->AddDeeds(deeds);
  return difference;
}

// Short scripts find the shallow faults with a short counterexample, long ones the deep.
size_t LengthOf(uint64_t seed) {
  static constexpr size_t kLengths[] = {500, 1500, 1500, 4000};
  return kLengths[Rng(seed).Below(4)];
}

void Report(uint64_t seed, const Script& script, const Contestant& contestant, const Difference& difference) {
  const Script small = Counterexample(script, contestant);
  RunCounts counts;
  Subject::Deeds deeds;
  const std::optional<Difference> remaining = RunOn(small, contestant, counts, deeds);
  ADD_FAILURE() << "seed " << seed << ", step " << difference.step + 1 << " of " << script.size() << ", "
                << contestant.name << "\n"
                << difference.what << "\nreplay: " << ReplayCommand(seed) << "\ncounterexample (" << small.size()
                << " steps, then everything is compared):\n"
                << Describe(small) << (remaining.has_value() ? remaining->what : "not every time");
}

void Print(const char* name, uint64_t value) { std::printf("%s: %" PRIu64 "\n", name, value); }

}  // namespace

Campaign FullCampaign(uint64_t shard) {
  const uint64_t operations = SanitizedShare(IsLongRun() ? 100'000'000 : 2'000'000);
  return {.first_seed = 1 + shard, .stride = kCampaignShards, .operations_min = operations / kCampaignShards};
}

Script Counterexample(const Script& script, const Contestant& contestant) {
  RunCounts counts;
  Subject::Deeds deeds;
  const auto difference_of = [&](const Script& candidate) {
    std::optional<Difference> difference;
    for (int i = 0; i < contestant.attempts && !difference.has_value(); ++i) {
      difference = RunOn(candidate, contestant, counts, deeds);
    }
    return difference;
  };
  const FailingList<Step> fails = [&](const Script& candidate) { return difference_of(candidate).has_value(); };

  Script small = script;
  // What comes after the difference has no part in it.
  if (const auto difference = difference_of(small); difference.has_value() && difference->step < small.size()) {
    small.resize(difference->step + 1);
  }
  small = Shrink<Step>(std::move(small), fails, kShrinkTriesMax);
  small = Simplify<Step>(std::move(small), fails, SimplerSteps, kShrinkTriesMax);
  return Shrink<Step>(std::move(small), fails, kShrinkTriesMax);
}

void RunCampaign(const Campaign& campaign, const ContestantsOf& contestants_of) {
  RunCounts counts;
  Subject::Deeds deeds;
  uint64_t scripts = 0, operations = 0;
  uint64_t seed = SeedOverride().value_or(campaign.first_seed);
  for (; scripts == 0 || operations < campaign.operations_min; seed += campaign.stride) {
    const Script script = DrawScript(seed, LengthOf(seed));
    for (const Contestant& contestant : contestants_of(seed)) {
      if (const auto difference = RunOn(script, contestant, counts, deeds)) {
        Report(seed, script, contestant, *difference);
        return;
      }
    }
    ++scripts;
    operations += script.size();
    if (SeedOverride().has_value()) break;
  }
  std::printf("seeds: %" PRIu64 " to %" PRIu64 ", every %" PRIu64 "; replay one: %s\n", campaign.first_seed,
              seed - campaign.stride, campaign.stride, ReplayCommand(std::nullopt).c_str());
  Print("scripts", scripts);
  Print("operations", operations);
  Print("operations on all databases", counts.operations);
  Print("states compared", counts.states_compared);
  Print("answers compared", counts.answers_compared);
  for (const auto& [name, count] : deeds) Print(name.c_str(), count);
  if (SeedOverride().has_value()) return;
  EXPECT_GE(operations, campaign.operations_min);
  for (const auto& [name, count] : deeds) EXPECT_GT(count, 0u) << "no " << name;
}

}  // namespace aeternus::stress
