#include "bench/json_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace aeternus::bench {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::string EngineJson(const Engine& engine) {
  return absl::StrCat("{\"name\": ", Quoted(engine.name), ", \"version\": ", Quoted(engine.version),
                      ", \"build\": ", Quoted(engine.build), ", \"settings\": ", Quoted(engine.settings), "}");
}

std::string SampleJson(const Row& row) {
  return absl::StrFormat(
      R"({"operations": %d, "seconds": %.9f, "p50_ns": %.1f, "p99_ns": %.1f, "p999_ns": %.1f, "cpu_seconds": %.6f, )"
      R"("written_bytes": %d, "disk_bytes": %d, "files": %d, "peak_memory_bytes": %d})",
      row.operations, row.seconds, row.p50_nanos, row.p99_nanos, row.p999_nanos, row.cpu_seconds, row.written_bytes,
      row.disk_bytes, row.files, row.peak_memory_bytes);
}

std::string RunJson(const Results& results) {
  std::vector<std::string> engines;
  for (const Engine& engine : results.engines) engines.push_back(EngineJson(engine));
  std::vector<std::string> rows;
  for (const std::string& row : results.rows) {
    for (const Engine& engine : results.engines) {
      std::vector<std::string> samples;
      for (const Row& sample : results.Samples(engine.name, row)) samples.push_back(SampleJson(sample));
      rows.push_back(absl::StrCat("   {\"row\": ", Quoted(row), ", \"engine\": ", Quoted(engine.name),
                                  ", \"samples\": [", absl::StrJoin(samples, ", "), "]}"));
    }
  }
  return absl::StrFormat(
      " {\"key_series\": \"%s\", \"key_count\": %d, \"value_bytes\": %d,\n  \"engines\": [%s],\n"
      "  \"rows\": [\n%s]}",
      KeySeriesName(results.key_series), results.key_count, results.value_bytes,
      absl::StrJoin(engines, ",\n              "), absl::StrJoin(rows, ",\n"));
}

}  // namespace

std::string JsonReport(std::string_view machine, absl::Span<const Results> all) {
  std::vector<std::string> runs;
  for (const Results& results : all) runs.push_back(RunJson(results));
  return absl::StrCat("{\"summary\": ", Quoted(SummaryLine(all)), ",\n \"machine\": ", Quoted(machine),
                      ",\n \"runs\": [\n", absl::StrJoin(runs, ",\n"), "]}\n");
}

}  // namespace aeternus::bench
