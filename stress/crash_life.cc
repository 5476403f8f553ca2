#include "stress/crash_life.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::stress {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::SimFileSystem;

namespace {

constexpr int kSteps = 60;
constexpr uint64_t kKeys = 20;

std::string RandomKey(Rng& rng) { return absl::StrCat("k", 10 + rng.Below(kKeys)); }

// Adds one random operation to `batch` and applies it to `contents`.
void AddOperation(Rng& rng, WriteBatch& batch, Contents& contents) {
  const std::string key = RandomKey(rng);
  switch (rng.Below(6)) {
    case 0:
      batch.Delete(key);
      contents.erase(key);
      break;
    case 1: {
      const std::string end = absl::StrCat(key, "~");
      batch.DeleteRange("k10", end);
      contents.erase(contents.lower_bound("k10"), contents.lower_bound(end));
      break;
    }
    default: {
      // Values of several sectors, too, so that a frame can be torn in its middle.
      const uint64_t size = rng.OneIn(10) ? 1500 : 8 + rng.Below(60);
      contents[key] = std::string(size, static_cast<char>('a' + rng.Below(26)));
      batch.Put(key, contents[key]);
    }
  }
}

}  // namespace

absl::StatusOr<Contents> Recover(const EngineConfig& config, std::unique_ptr<SimFileSystem> disk) {
  SimDatabase database(config, std::move(disk));
  AETERNUS_RETURN_IF_ERROR(database.Open());
  AETERNUS_RETURN_IF_ERROR(database->Verify());
  return ReadAll(*database);
}

CrashLife::CrashLife(uint64_t seed, EngineConfig config, std::unique_ptr<SimFileSystem> disk,
                     std::vector<Contents> acceptable_at_open)
    : rng_(seed),
      sampling_(~seed),
      database_(config, std::move(disk)),
      acceptable_at_open_(std::move(acceptable_at_open)) {}

Fault CrashLife::OnCall(const FileCall& call) {
  if (!sampling_.OneIn(sample_one_in_)) return Fault::kNone;
  points_.push_back({.place = absl::StrCat("call ", call.index, ", ", FileOpName(call.op), " ", call.path),
                     .disk = database_.disk().Fork(),
                     .acceptable = {}});
  moments_.push_back({is_open_, acknowledged_, states_.empty() ? 0 : states_.size() - 1});
  return Fault::kNone;
}

absl::Status CrashLife::Run(uint64_t sample_one_in) {
  sample_one_in_ = sample_one_in;
  database_.disk().SetFaultRule([this](const FileCall& call) { return OnCall(call); });
  absl::Status status = OpenAndCompare();
  for (int i = 0; i < kSteps && status.ok(); ++i) status = Step();
  if (status.ok() && rng_.OneIn(2)) status = database_.Close();
  database_.Drop();
  database_.disk().SetFaultRule(nullptr);
  FillAcceptable();
  return status;
}

absl::Status CrashLife::OpenAndCompare() {
  AETERNUS_RETURN_IF_ERROR(Annotate(database_.Open(), "open"));
  AETERNUS_ASSIGN_OR_RETURN(Contents found, ReadAll(*database_));
  if (std::find(acceptable_at_open_.begin(), acceptable_at_open_.end(), found) == acceptable_at_open_.end()) {
    return absl::InternalError("the contents at open are no acceptable prefix of the history");
  }
  states_.push_back(std::move(found));
  is_open_ = true;
  return absl::OkStatus();
}

absl::Status CrashLife::Commit() {
  WriteBatch batch;
  Contents contents = states_.back();
  for (uint64_t i = 1 + (rng_.OneIn(3) ? rng_.Below(6) : 0); i > 0; --i) AddOperation(rng_, batch, contents);
  states_.push_back(std::move(contents));
  const WriteOptions options{.sync = rng_.OneIn(3)};
  AETERNUS_RETURN_IF_ERROR(database_->Write(batch, options));
  if (options.sync) acknowledged_ = states_.size() - 1;
  return absl::OkStatus();
}

absl::Status CrashLife::Step() {
  switch (rng_.Below(20)) {
    case 0:
      return database_->FreezeMemtable().status();
    case 1:
      return database_->FlushOldestFrozen().status();
    case 2:
      return FlushEverything(*database_);
    case 3:
      return database_->MinorCompact().status();
    case 4:
      return rng_.OneIn(2) ? database_->MajorCompact().status() : database_->TombstoneCompact().status();
    default:
      return Commit();
  }
}

void CrashLife::FillAcceptable() {
  for (size_t i = 0; i < points_.size(); ++i) {
    const Moment& moment = moments_[i];
    std::vector<Contents>& acceptable = points_[i].acceptable;
    if (!moment.is_open) {
      acceptable = acceptable_at_open_;
    } else {
      acceptable.assign(states_.begin() + static_cast<std::ptrdiff_t>(moment.acknowledged),
                        states_.begin() + static_cast<std::ptrdiff_t>(moment.started) + 1);
    }
  }
}

}  // namespace aeternus::stress
