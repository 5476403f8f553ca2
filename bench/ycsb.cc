// The core workloads of YCSB, by one thread, with requests that follow Zipf's law (0.99); see Cooper et al.,
// "Benchmarking cloud serving systems with YCSB" (2010).
//
//   A  half reads, half updates            D  95 % reads, rather of what is new, 5 % inserts
//   B  95 % reads, 5 % updates             E  95 % scans of 1-100 entries, 5 % inserts
//   C  reads                               F  half reads, half reads with an update of what was read
//
// In the order that YCSB recommends, A B C F D on one database, E on one of its own. One row more, ycsb_e_hot, scans a
// hundredth of the keys that were overwritten a hundred times each and are neighbours: a scan that steps through old
// versions one by one gets slow there.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/groups.h"
#include "bench/steps.h"
#include "bench/zipfian.h"

namespace aeternus::bench {
namespace {

constexpr double kTheta = 0.99;
constexpr uint64_t kScanMax = 100;

enum class RequestKind : uint8_t { kRead, kUpdate, kInsert, kScan, kReadModifyWrite };

struct Request {
  RequestKind kind;
  uint8_t entries = 0;  // of a scan
  uint32_t key = 0;
};

// What a workload asks: `common` in `percent` of the requests, `rare` in the others.
struct Blend {
  RequestKind common;
  int percent;
  RequestKind rare;
  bool prefers_new = false;  // reads the newest keys most often, not some fixed ones
};

// `*key_count` grows by what is inserted.
std::vector<Request> Requests(const Blend& blend, uint64_t count, uint64_t* key_count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const Zipfian zipfian(*key_count, kTheta);
  std::vector<Request> requests;
  requests.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    Request request{.kind = random() % 100 < static_cast<uint64_t>(blend.percent) ? blend.common : blend.rare};
    const uint64_t rank = zipfian.Draw(random);
    if (request.kind == RequestKind::kInsert) {
      request.key = static_cast<uint32_t>((*key_count)++);
    } else {
      request.key =
          static_cast<uint32_t>(blend.prefers_new ? *key_count - 1 - rank : Zipfian::Scrambled(rank, zipfian.size()));
    }
    if (request.kind == RequestKind::kScan) request.entries = static_cast<uint8_t>(1 + random() % kScanMax);
    requests.push_back(request);
  }
  return requests;
}

absl::Status Serve(Trial& trial, Session* session, const Request& request, uint64_t i) {
  char buffer[KeySpace::kBytes];
  const std::string_view key = trial.keys().Write(request.key, buffer);
  if (request.kind == RequestKind::kScan) {
    AETERNUS_RETURN_IF_ERROR(session->Refresh());
    return session->ScanForward(key, request.entries).status();
  }
  if (request.kind == RequestKind::kRead || request.kind == RequestKind::kReadModifyWrite) {
    AETERNUS_ASSIGN_OR_RETURN(const bool found, session->Get(key));
    if (!found) return absl::InternalError(absl::StrCat("key number ", request.key, " is not there"));
    if (request.kind == RequestKind::kRead) return absl::OkStatus();
  }
  return session->Put(key, trial.values().At(i));
}

absl::Status Run(Trial& trial, const std::string& row, const std::vector<Request>& requests, bool writes) {
  return trial.Measure({.row = row, .operations = requests.size(), .writes = writes, .settles = writes},
                       [&](Session* session, uint64_t i) { return Serve(trial, session, requests[i], i); });
}

absl::Status PointWorkloads(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  AETERNUS_RETURN_IF_ERROR(FillToRead(trial));
  AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  const uint64_t n = ReadCount(trial);
  uint64_t keys = trial.key_count();
  using Kind = RequestKind;
  const Blend a{.common = Kind::kRead, .percent = 50, .rare = Kind::kUpdate};
  const Blend b{.common = Kind::kRead, .percent = 95, .rare = Kind::kUpdate};
  const Blend c{.common = Kind::kRead, .percent = 100, .rare = Kind::kRead};
  const Blend f{.common = Kind::kRead, .percent = 50, .rare = Kind::kReadModifyWrite};
  const Blend d{.common = Kind::kRead, .percent = 95, .rare = Kind::kInsert, .prefers_new = true};
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_a", Requests(a, n, &keys, 11), true));
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_b", Requests(b, n, &keys, 12), true));
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_c", Requests(c, n, &keys, 13), false));
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_f", Requests(f, n, &keys, 14), true));
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_d", Requests(d, n, &keys, 15), true));
  return trial.Close();
}

absl::Status ScanWorkloads(Trial& trial) {
  AETERNUS_RETURN_IF_ERROR(trial.Open());
  AETERNUS_RETURN_IF_ERROR(FillToRead(trial));
  AETERNUS_RETURN_IF_ERROR(WarmUp(trial));
  const Blend e{.common = RequestKind::kScan, .percent = 95, .rare = RequestKind::kInsert};
  const uint64_t n = trial.key_count();
  const uint64_t scans = std::max<uint64_t>(1, ReadCount(trial) / 10);
  uint64_t keys = n;
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_e", Requests(e, scans, &keys, 16), true));
  if (!trial.Wants("ycsb_e_hot")) return trial.Close();

  const uint64_t hot = std::max<uint64_t>(1, n / 100);
  const auto first_hot = static_cast<uint32_t>(n / 2);
  std::vector<uint32_t> overwrites = Drawn(n, hot, 17);
  for (uint32_t& key : overwrites) key += first_hot;
  AETERNUS_RETURN_IF_ERROR(Fill(trial, {.row = "", .operations = n, .writes = true}, overwrites));
  uint64_t hot_keys = hot;
  const Blend only_scans{.common = RequestKind::kScan, .percent = 100, .rare = RequestKind::kScan};
  std::vector<Request> requests = Requests(only_scans, scans, &hot_keys, 18);
  for (Request& request : requests) request.key += first_hot;
  AETERNUS_RETURN_IF_ERROR(Run(trial, "ycsb_e_hot", requests, false));
  return trial.Close();
}

}  // namespace

std::vector<Group> YcsbGroups() {
  return {
      {.name = "ycsb_points", .rows = {"ycsb_a", "ycsb_b", "ycsb_c", "ycsb_f", "ycsb_d"}, .run = PointWorkloads},
      {.name = "ycsb_scans", .rows = {"ycsb_e", "ycsb_e_hot"}, .run = ScanWorkloads},
  };
}

}  // namespace aeternus::bench
