#include "bench/driver.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "bench/chart.h"
#include "bench/child.h"
#include "bench/groups.h"
#include "bench/json_report.h"
#include "bench/machine.h"
#include "bench/markdown.h"
#include "bench/plan.h"
#include "bench/results.h"
#include "bench/trial.h"

ABSL_FLAG(uint64_t, keys, 1'000'000, "number of keys: 1,000 - 4,000,000,000");
ABSL_FLAG(uint64_t, value_bytes, 100, "size of a value in bytes: 1 - 1,000,000");
ABSL_FLAG(std::string, key_series, "decimal", "decimal (zero-padded) or hashed (binary)");
ABSL_FLAG(std::string, matrix, "", "'full': 1 M and 5 M keys of both series with values of 100 B and 1 KiB");
ABSL_FLAG(std::string, engines, "", "which engines, separated by commas; all if empty");
ABSL_FLAG(std::string, workloads, "", "which rows, separated by commas, 'ycsb*' for all that begin so; all if empty");
ABSL_FLAG(int, repetitions, 3, "how often everything is measured");
ABSL_FLAG(std::string, dir, "", "where databases are made; a fresh directory of the temporary one if empty");
ABSL_FLAG(std::string, json, "", "file to write every sample to");
ABSL_FLAG(std::string, markdown, "", "file to write the tables to, which are printed in any case");
ABSL_FLAG(std::string, svg, "", "file to draw the chart in; one for each size where there are several");
// How the program calls itself.
ABSL_FLAG(std::string, child_engine, "", "for internal use");
ABSL_FLAG(std::string, child_group, "", "for internal use");
ABSL_FLAG(bool, child_prepares, false, "for internal use");

namespace aeternus::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

struct Size {
  KeySeries key_series = KeySeries::kDecimal;
  uint64_t key_count = 0;
  uint64_t value_bytes = 0;
};

absl::StatusOr<std::vector<Size>> SizesOfFlags() {
  AETERNUS_ASSIGN_OR_RETURN(const KeySeries series, ParseKeySeries(absl::GetFlag(FLAGS_key_series)));
  const Size one{series, absl::GetFlag(FLAGS_keys), absl::GetFlag(FLAGS_value_bytes)};
  if (one.key_count < 1'000 || one.key_count > 4'000'000'000) {
    return absl::InvalidArgumentError(absl::StrCat("--keys=", one.key_count, " is not in 1,000 - 4,000,000,000"));
  }
  if (one.value_bytes < 1 || one.value_bytes > 1'000'000) {
    return absl::InvalidArgumentError(absl::StrCat("--value_bytes=", one.value_bytes, " is not in 1 - 1,000,000"));
  }
  const std::string matrix = absl::GetFlag(FLAGS_matrix);
  if (matrix.empty()) return std::vector<Size>{one};
  if (matrix != "full") return absl::InvalidArgumentError(absl::StrCat("--matrix=", matrix, " is not 'full'"));
  std::vector<Size> sizes;
  for (const uint64_t keys : {1'000'000, 5'000'000}) {
    for (const uint64_t value_bytes : {100, 1024}) {
      for (const KeySeries each : {KeySeries::kDecimal, KeySeries::kHashed}) sizes.push_back({each, keys, value_bytes});
    }
  }
  return sizes;
}

std::vector<std::string> AllRows() {
  std::vector<std::string> rows;
  for (const Group& group : AllGroups()) rows.insert(rows.end(), group.rows.begin(), group.rows.end());
  return rows;
}

template <typename T>
const T* FindNamed(const std::vector<T>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// ---- the child ----

// Measures one group, and writes its rows to standard output.
absl::Status RunTrial(Trial& trial, const Group& group, bool prepares) {
  AETERNUS_RETURN_IF_ERROR(prepares ? group.prepare(trial) : group.run(trial));
  for (const Row& row : trial.rows()) std::printf("%s\n", FormatRow(row).c_str());
  std::fflush(stdout);
  return absl::OkStatus();
}

// Does not return: what is left open is left to the kernel, as when a process is killed.
[[noreturn]] void ChildMain(const Engine& engine, const Group& group, const Size& size,
                            const std::vector<std::string>& rows) {
  Trial trial({.engine = engine,
               .key_series = size.key_series,
               .key_count = size.key_count,
               .value_bytes = size.value_bytes,
               .directory = absl::GetFlag(FLAGS_dir),
               .wants = [&](std::string_view row) { return std::find(rows.begin(), rows.end(), row) != rows.end(); }});
  const absl::Status status = RunTrial(trial, group, absl::GetFlag(FLAGS_child_prepares));
  if (!status.ok()) {
    std::fprintf(stderr, "\ncompare: %s, %s: %s\n", engine.name.c_str(), group.name.c_str(), status.ToString().c_str());
  }
  _exit(status.ok() ? 0 : 1);
}

// ---- the parent ----

class Driver {
 public:
  Driver(std::vector<Engine> engines, std::vector<std::string> rows, std::string directory)
      : engines_(std::move(engines)), rows_(std::move(rows)), directory_(std::move(directory)) {}

  // Everything of one size. What failed is in failures().
  Results Run(const Size& size) {
    Results results{.key_series = size.key_series,
                    .key_count = size.key_count,
                    .value_bytes = size.value_bytes,
                    .engines = engines_,
                    .rows = rows_};
    const std::vector<Step> steps = PlanSteps(AllGroups(), rows_, engines_, absl::GetFlag(FLAGS_repetitions));
    Eta eta(steps);
    for (size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      std::fprintf(stderr, "[%zu/%zu] %lu keys (%s), %lu B, repetition %d, %s, %s: ", i + 1, steps.size(),
                   size.key_count, std::string(KeySeriesName(size.key_series)).c_str(), size.value_bytes,
                   step.repetition, step.group.c_str(), step.engine.c_str());
      const Clock::time_point begin = Clock::now();
      if (const absl::Status status = RunStep(size, step, results); !status.ok()) {
        failures_.push_back(absl::StrCat(step.engine, ", ", step.group, ": ", status.message()));
      }
      eta.Done(SecondsSince(begin));
      std::fprintf(stderr, "%.1f s; %.1f min left\n", SecondsSince(begin), eta.SecondsLeft() / 60);
    }
    return results;
  }

  const std::vector<std::string>& failures() const { return failures_; }

 private:
  // Without what an earlier step left, on disk and to be written there.
  absl::Status CleanUp() {
    std::error_code error;
    fs::remove_all(directory_, error);
    if (error) return absl::InternalError(absl::StrCat("cannot remove ", directory_, ": ", error.message()));
    ::sync();
    return absl::OkStatus();
  }

  absl::Status RunStep(const Size& size, const Step& step, Results& results) {
    AETERNUS_RETURN_IF_ERROR(CleanUp());
    const std::vector<std::string> arguments = {absl::StrCat("--child_engine=", step.engine),
                                                absl::StrCat("--child_group=", step.group),
                                                absl::StrCat("--dir=", directory_),
                                                absl::StrCat("--keys=", size.key_count),
                                                absl::StrCat("--value_bytes=", size.value_bytes),
                                                absl::StrCat("--key_series=", KeySeriesName(size.key_series)),
                                                absl::StrCat("--workloads=", absl::GetFlag(FLAGS_workloads))};
    const std::vector<Group> groups = AllGroups();
    if (FindNamed(groups, step.group)->prepare != nullptr) {
      std::vector<std::string> preparing = arguments;
      preparing.push_back("--child_prepares");
      AETERNUS_RETURN_IF_ERROR(RunProgram("/proc/self/exe", preparing).status());
    }
    AETERNUS_ASSIGN_OR_RETURN(const std::string out, RunProgram("/proc/self/exe", arguments));
    for (const std::string_view line : absl::StrSplit(out, '\n', absl::SkipEmpty())) {
      AETERNUS_ASSIGN_OR_RETURN(Row row, ParseRow(line));
      results.Add(step.engine, std::move(row));
    }
    return CleanUp();
  }

  const std::vector<Engine> engines_;
  const std::vector<std::string> rows_;
  const std::string directory_;
  std::vector<std::string> failures_;
};

// Relative paths mean what they mean to the caller of `bazel run`.
fs::path CallersPath(const std::string& path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return directory == nullptr ? fs::path(path) : fs::path(directory) / path;
}

absl::Status WriteFile(const std::string& path, const std::string& content) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(CallersPath(path), std::ios::binary);
  file << content << std::flush;
  return file ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write ", path));
}

// "chart.svg", and "chart_5000000_1024_hashed.svg" where there are several.
std::string ChartPath(const std::string& path, const Results& results, bool is_only) {
  if (path.empty() || is_only) return path;
  const fs::path whole(path);
  return (whole.parent_path() / absl::StrCat(whole.stem().string(), "_", results.key_count, "_", results.value_bytes,
                                             "_", KeySeriesName(results.key_series), whole.extension().string()))
      .string();
}

absl::Status Report(const std::string& machine, const std::vector<Engine>& engines, const std::vector<Results>& all) {
  std::string markdown = absl::StrCat(machine, ".\n\n", SettingsMarkdown(engines));
  for (const Results& results : all) absl::StrAppend(&markdown, "\n", ResultsMarkdown(results));
  std::printf("%s\n", markdown.c_str());
  AETERNUS_RETURN_IF_ERROR(
      WriteFile(absl::GetFlag(FLAGS_markdown), absl::StrCat(markdown, "\n", SummaryLine(all), "\n")));
  AETERNUS_RETURN_IF_ERROR(WriteFile(absl::GetFlag(FLAGS_json), JsonReport(machine, all)));
  for (const Results& results : all) {
    const std::string path = ChartPath(absl::GetFlag(FLAGS_svg), results, all.size() == 1);
    AETERNUS_RETURN_IF_ERROR(WriteFile(path, ChartSvg(results)));
  }
  return absl::OkStatus();
}

absl::StatusOr<fs::path> MakeBaseDirectory() {
  std::error_code error;
  if (const std::string dir = absl::GetFlag(FLAGS_dir); !dir.empty()) {
    fs::create_directories(CallersPath(dir), error);
    if (error) return absl::InternalError(absl::StrCat("cannot make ", dir, ": ", error.message()));
    return CallersPath(dir);
  }
  std::string pattern = (fs::temp_directory_path() / "aeternus_compare_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return absl::InternalError("cannot make a temporary directory");
  return pattern;
}

// How many rows, engines or processes failed.
absl::StatusOr<size_t> ParentMain(const std::vector<Engine>& engines, const std::vector<std::string>& rows,
                                  const std::vector<Size>& sizes) {
  AETERNUS_ASSIGN_OR_RETURN(const fs::path base, MakeBaseDirectory());
  const std::string machine = DescribeMachine(base.string());
  Driver driver(engines, rows, (base / "store").string());
  std::vector<Results> all;
  for (const Size& size : sizes) all.push_back(driver.Run(size));
  if (absl::GetFlag(FLAGS_dir).empty()) {
    std::error_code error;
    fs::remove_all(base, error);
    if (error) return absl::InternalError(absl::StrCat("cannot remove ", base.string(), ": ", error.message()));
  }
  AETERNUS_RETURN_IF_ERROR(Report(machine, engines, all));
  for (const std::string& failure : driver.failures()) std::printf("failed: %s\n", failure.c_str());
  std::printf("%s\n", SummaryLine(all).c_str());
  return driver.failures().size();
}

absl::StatusOr<size_t> Main(const std::vector<Engine>& all_engines) {
  AETERNUS_ASSIGN_OR_RETURN(const std::vector<Size> sizes, SizesOfFlags());
  AETERNUS_ASSIGN_OR_RETURN(const std::vector<std::string> rows,
                            Selected(absl::GetFlag(FLAGS_workloads), AllRows(), "row"));
  if (const std::string name = absl::GetFlag(FLAGS_child_engine); !name.empty()) {
    const std::vector<Group> groups = AllGroups();
    const Engine* engine = FindNamed(all_engines, name);
    const Group* group = FindNamed(groups, absl::GetFlag(FLAGS_child_group));
    if (engine == nullptr || group == nullptr) return absl::InvalidArgumentError("no such engine or group");
    ChildMain(*engine, *group, sizes.front(), rows);
  }
  std::vector<std::string> names;
  for (const Engine& engine : all_engines) names.push_back(engine.name);
  AETERNUS_ASSIGN_OR_RETURN(names, Selected(absl::GetFlag(FLAGS_engines), names, "engine"));
  std::vector<Engine> engines;
  for (const std::string& name : names) engines.push_back(*FindNamed(all_engines, name));
  return ParentMain(engines, rows, sizes);
}

}  // namespace

int CompareEngines(const std::vector<Engine>& engines) {
  const absl::StatusOr<size_t> failures = Main(engines);
  if (!failures.ok()) std::fprintf(stderr, "compare: %s\n", std::string(failures.status().message()).c_str());
  return failures.ok() && *failures == 0 ? 0 : 1;
}

}  // namespace aeternus::bench
