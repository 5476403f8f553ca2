// Explores the model with the given bounds and rules, and shows the shortest way to a violation.
//
//   bazel run -c opt //stress/durability_model -- ops=3 crashes=2 REWRITE=0
#include <cstdio>

#include "stress/durability_model/explorer.h"
#include "stress/durability_model/rules.h"

namespace aeternus::durability_model {
namespace {

int Usage(const char* setting) {
  std::fprintf(stderr, "no such setting: %s\nBounds, with their defaults:\n", setting);
  for (const BoundInfo& bound : AllBounds()) {
    std::fprintf(stderr, "  %s=%d\n", bound.name.data(), Bounds().*bound.member);
  }
  std::fprintf(stderr, "Rules, all 1; 0 switches one off:\n");
  for (const RuleInfo& rule : AllRules()) std::fprintf(stderr, "  %-17s %s\n", rule.name.data(), rule.says.data());
  return 2;
}

int Run(int argc, char** argv) {
  Bounds bounds;
  Rules rules;
  for (int i = 1; i < argc; ++i) {
    if (!ApplySetting(argv[i], &bounds, &rules)) return Usage(argv[i]);
  }
  const Outcome outcome = Explore(bounds, rules);
  if (outcome.violation.has_value()) {
    std::printf("violation: %s\n", outcome.violation->what.c_str());
    for (const std::string& step : outcome.violation->steps) std::printf("  %s\n", step.c_str());
  } else if (!outcome.is_complete) {
    std::printf("more than %d states: not all of them were explored\n", bounds.states);
  }
  std::printf("model states: %llu\ndamaged disks: %llu\n", static_cast<unsigned long long>(outcome.states),
              static_cast<unsigned long long>(outcome.damages));
  return outcome.violation.has_value() || !outcome.is_complete ? 1 : 0;
}

}  // namespace
}  // namespace aeternus::durability_model

int main(int argc, char** argv) { return aeternus::durability_model::Run(argc, argv); }
