#include "stress/hunt.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "stress/crash_explorer.h"
#include "stress/crash_script.h"
#include "stress/damage_checker.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/script_generator.h"
#include "stress/differential/script_runner.h"
#include "stress/faulty_life.h"
#include "stress/full_database.h"
#include "stress/io_faults.h"
#include "stress/io_script.h"
#include "stress/io_shell.h"
#include "stress/rng.h"
#include "stress/schedule.h"

namespace aeternus::stress {
namespace {

constexpr size_t kCrashStepsMax = 2;  // behind each beginning
constexpr uint64_t kCrashSeed = 2;
constexpr uint64_t kCrashAgainOneIn = 10;
constexpr uint64_t kFirstScheduleSeed = 20'000;
constexpr uint64_t kSchedulesMax = 20'000;
constexpr uint64_t kScriptsMax = 100;
constexpr size_t kScriptSteps = 500;
constexpr uint64_t kBytesPerFlip = 17;

// The shortest sequences first.
std::vector<std::string> ShortCrashSequences() {
  std::vector<std::string> sequences;
  for (size_t length = 0; length <= kCrashStepsMax; ++length) {
    for (const std::string_view beginning : kCrashBeginnings) {
      ForEachCrashSequence(std::string(beginning), length, [&](const std::string& steps) {
        if (steps.size() == beginning.size() + length) sequences.push_back(steps);
      });
    }
  }
  return sequences;
}

class CrashHunt final : public Hunt {
 public:
  explicit CrashHunt(const Lie* lie)
      : sequences_(ShortCrashSequences()),
        explorer_(
            {.seed = kCrashSeed,
             .second_crash_one_in = kCrashAgainOneIn,
             .third_crash_one_in = kCrashAgainOneIn,
             .lie = lie == nullptr ? std::function<ScriptedLife::CallRule()>() : [lie] { return LiesOf(*lie); }}) {}

  bool is_over() const override { return done_ == sequences_.size(); }
  std::optional<std::string> Next() override {
    const std::string& steps = sequences_[done_++];
    explorer_.Explore(steps, /*from_step=*/steps.size());
    if (!explorer_.failure().has_value()) return std::nullopt;
    return absl::StrCat("crash ", explorer_.failure()->crash, ": ", explorer_.failure()->what);
  }
  std::string Extent() const override { return absl::StrCat(explorer_.counts().states, " crash states"); }

 private:
  const std::vector<std::string> sequences_;
  CrashExplorer explorer_;
  size_t done_ = 0;
};

class ScheduleHunt final : public Hunt {
 public:
  bool is_over() const override { return done_ == kSchedulesMax; }
  std::optional<std::string> Next() override {
    const uint64_t seed = kFirstScheduleSeed + done_++;
    const ScheduleResult result = RunSchedule(seed);
    if (result.status.ok()) return std::nullopt;
    return absl::StrCat("schedule of seed ", seed, ": ", result.status.ToString());
  }
  std::string Extent() const override { return absl::StrCat(done_, " schedules"); }

 private:
  uint64_t done_ = 0;
};

class DifferentialHunt final : public Hunt {
 public:
  bool is_over() const override { return done_ == kScriptsMax; }
  std::optional<std::string> Next() override {
    const uint64_t seed = ++done_;
    const Script script = DrawScript(seed, kScriptSteps);
    Rng rng(seed);
    for (const EngineVariant& variant : {EngineVariant{}, DrawEngineVariant(rng), DrawEngineVariant(rng)}) {
      const absl::StatusOr<std::unique_ptr<Subject>> subject = OpenEngine(variant);
      if (!subject.ok()) return subject.status().ToString();
      const std::optional<Difference> difference = RunScript(script, **subject, counts_);
      if (!difference.has_value()) continue;
      return absl::StrCat("script of seed ", seed, ", step ", difference->step + 1, ", ", Describe(variant), ": ",
                          difference->what);
    }
    return std::nullopt;
  }
  std::string Extent() const override { return absl::StrCat(counts_.operations, " operations"); }

 private:
  RunCounts counts_;
  uint64_t done_ = 0;
};

class IoErrorHunt final : public Hunt {
 public:
  bool is_over() const override { return done_ > 0 && done_ == calls_; }
  std::optional<std::string> Next() override {
    if (done_ == 0) {
      // Undisturbed, to learn how many calls there are.
      if (auto wrong = Live({})) return wrong;
    }
    return Live({.call = done_++, .fault = env::testing::Fault::kIoError});
  }
  std::string Extent() const override { return absl::StrCat(totals_.lives, " lives with an I/O error"); }

 private:
  // A life tells what is wrong as failures of the test, which here are what was looked for.
  std::optional<std::string> Live(const Injection& injection) {
    ::testing::TestPartResultArray results;
    {
      const ::testing::ScopedFakeTestPartResultReporter reporter(&results);
      FaultyLife life(kEngineShell, script_, injection, &totals_);
      life.Run();
      if (injection.call == Injection::kNever) calls_ = life.trace().size();
    }
    for (int i = 0; i < results.size(); ++i) {
      const ::testing::TestPartResult& result = results.GetTestPartResult(i);
      if (result.failed()) return absl::StrCat("call ", injection.call, " fails: ", result.message());
    }
    return std::nullopt;
  }

  const IoScript script_ = WrittenScript();
  LifeTotals totals_;
  uint64_t calls_ = 0;
  uint64_t done_ = 0;
};

// One bit in every so many bytes, once in a database that was closed and once in one that was killed.
class DamageHunt final : public Hunt {
 public:
  DamageHunt() {
    for (const DamageChecker& checker : checkers_) {
      for (const auto& [path, bytes] : checker.files()) {
        for (uint64_t byte = 0; byte < bytes.size(); byte += kBytesPerFlip) {
          pieces_.push_back({&checker, {.path = path, .byte = byte, .bit = static_cast<int>(byte % 8)}});
        }
      }
    }
  }

  bool is_over() const override { return done_ == pieces_.size(); }
  std::optional<std::string> Next() override {
    const auto& [checker, damage] = pieces_[done_++];
    const Verdict verdict = checker->Check(damage);
    if (verdict.wrong.empty()) return std::nullopt;
    return absl::StrCat(damage.path, " at ", damage.byte, ", bit ", damage.bit, ": ", verdict.wrong);
  }
  std::string Extent() const override { return absl::StrCat(done_, " flipped bits"); }

 private:
  const DamageChecker checkers_[2] = {{Ending::kKilled, MakeFullDatabase(Ending::kKilled)},
                                      {Ending::kClosed, MakeFullDatabase(Ending::kClosed)}};
  std::vector<std::pair<const DamageChecker*, Damage>> pieces_;
  size_t done_ = 0;
};

}  // namespace

std::string_view HarnessName(Harness harness) {
  static constexpr std::string_view kNames[] = {"crash enumeration", "linearizability of schedules",
                                                "differential campaign", "sweep of I/O errors", "damage"};
  return kNames[static_cast<size_t>(harness)];
}

std::unique_ptr<Hunt> NewHunt(Harness harness, const Lie* lie) {
  CHECK(lie == nullptr || harness == Harness::kCrashEnumeration) << "only crash enumeration has a disk that lies";
  switch (harness) {
    case Harness::kCrashEnumeration:
      return std::make_unique<CrashHunt>(lie);
    case Harness::kSchedules:
      return std::make_unique<ScheduleHunt>();
    case Harness::kDifferential:
      return std::make_unique<DifferentialHunt>();
    case Harness::kIoErrors:
      return std::make_unique<IoErrorHunt>();
    case Harness::kDamage:
      return std::make_unique<DamageHunt>();
  }
  return nullptr;
}

}  // namespace aeternus::stress
