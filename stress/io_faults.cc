#include "stress/io_faults.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace aeternus::stress {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;

namespace {

bool IsFinalSync(const FileCall& call) {
  return call.op == FileOp::kSyncDirectory || (call.op == FileOp::kSync && !absl::EndsWith(call.path, ".sst"));
}

}  // namespace

bool IsHousekeeping(const FileCall& call) {
  return call.op == FileOp::kDelete || absl::EndsWith(call.path, "/RESERVE");
}

bool NamesOneOf(const std::vector<FileCall>& calls, const absl::Status& status) {
  return std::any_of(calls.begin(), calls.end(),
                     [&](const FileCall& call) { return absl::StrContains(status.message(), call.path); });
}

IoFaults::IoFaults(env::testing::SimFileSystem* disk, const Injection& injection) : disk_(disk), injection_(injection) {
  disk_->SetFaultRule([this](const FileCall& call) { return Decide(call); });
}

Fault IoFaults::Decide(const FileCall& call) {
  const std::lock_guard lock(mutex_);
  trace_.push_back(absl::StrCat(FileOpName(call.op), " ", call.path));
  const bool is_own = std::this_thread::get_id() == own_thread_;
  if (is_own) last_own_call_ = call.index;
  const bool is_hit = call.index == injection_.call || (injection_.for_good && call.index > injection_.call);
  if (!is_hit || !CanFail(injection_.fault, call.op)) return Fault::kNone;
  ++injected_;
  if (IsFinalSync(call) && !std::exchange(final_sync_failed_, true)) final_sync_call_ = call.index;
  (is_own ? failed_.own : failed_.others).push_back(call);
  return injection_.fault;
}

FailedCalls IoFaults::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(failed_, {});
}

std::vector<std::string> IoFaults::trace() const {
  const std::lock_guard lock(mutex_);
  return trace_;
}

uint64_t IoFaults::injected() const {
  const std::lock_guard lock(mutex_);
  return injected_;
}

bool IoFaults::final_sync_failed() const {
  const std::lock_guard lock(mutex_);
  return final_sync_failed_;
}

bool IoFaults::went_on_after_final_sync() const {
  const std::lock_guard lock(mutex_);
  return final_sync_failed_ && last_own_call_ >= final_sync_call_;
}

void IoFaults::ForgetFinalSync() {
  const std::lock_guard lock(mutex_);
  final_sync_failed_ = false;
}

}  // namespace aeternus::stress
