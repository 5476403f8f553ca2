#include "bench/markdown.h"

#include <cmath>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aeternus::bench {
namespace {

std::string Missing(const Engine& engine, const std::string& row) {
  return engine.lacks.contains(row) ? "n/a" : "failed";
}

std::string Micros(double nanos) { return ShortNumber(nanos / 1e3); }

// "448 k (440 k-452 k) 1.9 / 5.6 / 18", the latencies only where there are some.
std::string RateCell(const Results& results, const Engine& engine, const std::string& row) {
  const std::optional<Spread> rate = results.RateOf(engine.name, row);
  if (!rate.has_value()) return Missing(engine, row);
  std::string cell =
      absl::StrCat(ShortNumber(rate->median), " (", ShortNumber(rate->min), "-", ShortNumber(rate->max), ")");
  const double p50 = results.Of(engine.name, row, [](const Row& sample) { return sample.p50_nanos; })->median;
  if (p50 > 0) {
    const double p99 = results.Of(engine.name, row, [](const Row& sample) { return sample.p99_nanos; })->median;
    const double p999 = results.Of(engine.name, row, [](const Row& sample) { return sample.p999_nanos; })->median;
    absl::StrAppend(&cell, " ", Micros(p50), " / ", Micros(p99), " / ", Micros(p999));
  }
  if (engine.emulates.contains(row)) absl::StrAppend(&cell, " *");
  return cell;
}

// "2.15 / 264 / 121 / 106".
std::string ResourceCell(const Results& results, const Engine& engine, const std::string& row) {
  const auto median = [&](const std::function<double(const Row&)>& number) {
    return results.Of(engine.name, row, number)->median;
  };
  if (!results.RateOf(engine.name, row).has_value()) return Missing(engine, row);
  if (median([](const Row& sample) { return sample.cpu_seconds; }) == 0) return "(above)";
  return absl::StrCat(
      ShortNumber(median([](const Row& s) { return s.cpu_seconds * 1e6 / static_cast<double>(s.operations); })), " / ",
      ShortNumber(median(
          [](const Row& s) { return static_cast<double>(s.written_bytes) / static_cast<double>(s.operations); })),
      " / ", ShortNumber(median([](const Row& s) { return static_cast<double>(s.disk_bytes) / 1e6; })), " / ",
      ShortNumber(median([](const Row& s) { return static_cast<double>(s.peak_memory_bytes) / 1e6; })));
}

std::string Header(const Results& results, std::string_view last_column) {
  std::string header = "| row |";
  std::string rule = "|---|";
  for (const Engine& engine : results.engines) {
    absl::StrAppend(&header, " ", engine.name, " |");
    absl::StrAppend(&rule, "---|");
  }
  if (!last_column.empty()) {
    absl::StrAppend(&header, " ", last_column, " |");
    absl::StrAppend(&rule, "---|");
  }
  return absl::StrCat(header, "\n", rule, "\n");
}

std::string RatioCell(const Results& results, const std::string& row) {
  const Engine* best = results.BestPeer(row);
  if (best == nullptr || !results.HasOurs()) return "n/a";
  const std::optional<double> ratio = results.Ratio(row, best->name);
  return ratio.has_value() ? absl::StrFormat("%.2f x %s", *ratio, best->name) : "failed";
}

}  // namespace

std::string ShortNumber(double number) {
  static constexpr const char* kUnits[] = {"", " k", " M", " G", " T"};
  size_t unit = 0;
  while (unit + 1 < std::size(kUnits) && std::abs(number) >= 999.5) {
    number /= 1000;
    ++unit;
  }
  const double size = std::abs(number);
  const int decimals = size >= 99.95 || number == 0 ? 0 : size >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f%s", decimals, number, kUnits[unit]);
}

std::string SettingsMarkdown(absl::Span<const Engine> engines) {
  std::string out =
      "All: 64 MiB write buffer, 512 MiB cache, filters of 10 bits a key where there are any, no compression; nothing "
      "is "
      "synced but in the rows that say so, and then every write is. Rates are operations (entries, in scans, batches, "
      "recovery and compaction) per second of elapsed time.\n\n"
      "| engine | version | built with | settings |\n|---|---|---|---|\n";
  for (const Engine& engine : engines) {
    absl::StrAppend(&out, "| ", engine.name, " | ", engine.version, " | ", engine.build, " | ", engine.settings,
                    " |\n");
  }
  std::string notes;
  for (const Engine& engine : engines) {
    for (const auto& [row, how] : engine.emulates)
      absl::StrAppend(&notes, "- * ", engine.name, ", ", row, ": ", how, "\n");
    for (const auto& [row, why] : engine.lacks)
      absl::StrAppend(&notes, "- n/a: ", engine.name, ", ", row, ": ", why, "\n");
  }
  if (!notes.empty()) absl::StrAppend(&out, "\n", notes);
  return out;
}

std::string ResultsMarkdown(const Results& results) {
  std::string out = absl::StrFormat(
      "### %s keys of 16 B (%s), values of %d B\n\n"
      "Median rate (lowest-highest), and p50 / p99 / p99.9 of one operation in us.\n\n",
      ShortNumber(static_cast<double>(results.key_count)), KeySeriesName(results.key_series), results.value_bytes);
  absl::StrAppend(&out, Header(results, "ours against the best peer"));
  for (const std::string& row : results.rows) {
    absl::StrAppend(&out, "| ", row, " |");
    for (const Engine& engine : results.engines) absl::StrAppend(&out, " ", RateCell(results, engine, row), " |");
    absl::StrAppend(&out, " ", RatioCell(results, row), " |\n");
  }
  absl::StrAppend(
      &out,
      "\nWhat it took: CPU of all threads in us / bytes written, both of one operation or entry / disk in MB / "
      "peak memory in MB, mapped files included. Fills are counted until the engine has settled.\n\n",
      Header(results, ""));
  for (const std::string& row : results.rows) {
    absl::StrAppend(&out, "| ", row, " |");
    for (const Engine& engine : results.engines) absl::StrAppend(&out, " ", ResourceCell(results, engine, row), " |");
    absl::StrAppend(&out, "\n");
  }
  return out;
}

}  // namespace aeternus::bench
