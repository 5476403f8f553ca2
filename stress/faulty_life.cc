#include "stress/faulty_life.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aeternus/stats.h"
#include "aeternus/write_batch.h"
#include "gtest/gtest.h"

namespace aeternus::stress {

using env::testing::CrashMode;
using env::testing::Fault;
using env::testing::SimEnv;
using env::testing::SimFileSystem;

namespace {

// Reads ask for one key more each step, absent ones among them.
std::string KeyFor(size_t step) { return absl::StrCat("k", 10 + step % 31); }

}  // namespace

void FaultyLife::Run() {
  for (size_t i = 0; i < script_.size() && !testing::Test::HasFailure(); ++i) {
    if (i + 1 == script_.size() && has_failed_) break;  // the last step is a close: first see how it goes on
    SCOPED_TRACE(absl::StrCat("step ", i, ": ", ActName(script_[i].act), " ", script_[i].key.substr(0, 8)));
    RunStep(script_[i]);
    if (database_ != nullptr) CheckReads(/*backward=*/i % 2 == 1, KeyFor(i));
  }
  if (!testing::Test::HasFailure()) EndOfFaults();
  if (!testing::Test::HasFailure()) CheckDisks();
  ++totals_->lives;
  totals_->injected += faults_.injected();
}

void FaultyLife::RunStep(const IoStep& step) {
  if (step.act == Act::kOpen) return Open();
  if (database_ == nullptr) return;
  switch (step.act) {
    case Act::kPut:
    case Act::kDelete:
    case Act::kDeleteRange:
    case Act::kBatch:
      Write(step);
      break;
    case Act::kHold:
      Hold();
      break;
    case Act::kResume:
      Resume();
      break;
    case Act::kKill:
      held_.reset();
      snapshot_.reset();
      database_.reset();
      return;
    case Act::kClose:
      Close();
      return;
    default:
      Told(Maintain(step.act));
  }
  if (database_ != nullptr) Settle();
}

absl::Status FaultyLife::Maintain(Act act) {
  switch (act) {
    case Act::kFlush:
      return database_->Flush();
    case Act::kMinorCompact:
      return database_->MinorCompact();
    case Act::kTombstoneCompact:
      return database_->TombstoneCompact();
    case Act::kMajorCompact:
      return database_->MajorCompact();
    default:
      return database_->Verify();
  }
}

void FaultyLife::Open() {
  faults_.ForgetFinalSync();
  auto opened = shell_.open(env_.env());
  Told(opened.status());
  // A disk that failed once does not any more: the second attempt finds what the first one left.
  if (!opened.ok() && !injection_.for_good) {
    faults_.ForgetFinalSync();
    opened = shell_.open(env_.env());
    EXPECT_TRUE(opened.ok()) << "after a failed open: " << opened.status();
  }
  if (!opened.ok()) return;
  database_ = *std::move(opened);
  Settle();
  LearnWhatWasKept();
}

void FaultyLife::LearnWhatWasKept() {
  absl::StatusOr<Contents> found = ReadAll(*database_);
  Told(found.status());
  if (!found.ok() && !injection_.for_good) found = ReadAll(*database_);
  if (!found.ok()) return;  // and nothing will be acknowledged either
  const std::vector<Contents> acceptable = Acceptable(states_.size() - 1);
  EXPECT_NE(std::find(acceptable.begin(), acceptable.end(), *found), acceptable.end())
      << "none of " << acceptable.size() << " acceptable states";
  states_ = {*std::move(found)};
  in_doubt_.clear();
  acknowledged_ = 0;
}

void FaultyLife::Write(const IoStep& step) {
  Contents after = states_.back();
  WriteBatch batch;
  switch (step.act) {
    case Act::kPut:
      batch.Put(step.key, step.value);
      after[step.key] = step.value;
      break;
    case Act::kDelete:
      batch.Delete(step.key);
      after.erase(step.key);
      break;
    case Act::kDeleteRange:
      batch.DeleteRange(step.key, step.value);
      after.erase(after.lower_bound(step.key), after.lower_bound(step.value));
      break;
    default:
      batch.Delete(step.key);
      batch.Put(step.key + "b", step.value);
      after.erase(step.key);
      after[step.key + "b"] = step.value;
  }
  const bool may_be_acknowledged = !faults_.final_sync_failed();
  const absl::Status status = database_->Write(batch, {.sync = step.sync});
  Told(status);
  if (!status.ok()) {
    in_doubt_.push_back(std::move(after));
    return;
  }
  // A sync that background work made since, behind the last call of this write, is another matter.
  EXPECT_TRUE(may_be_acknowledged && !faults_.went_on_after_final_sync()) << "acknowledged after a failed sync";
  in_doubt_.clear();  // their LSNs have been given to what was acknowledged now
  states_.push_back(std::move(after));
  if (step.sync) acknowledged_ = states_.size() - 1;
}

void FaultyLife::Hold() {
  auto snapshot = database_->GetSnapshot();
  EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  auto iterator = database_->NewIterator({});
  Told(iterator.status());
  if (!snapshot.ok() || !iterator.ok()) return;
  snapshot_ = *std::move(snapshot);
  held_ = *std::move(iterator);
  held_contents_ = states_.back();
}

void FaultyLife::Resume() {
  if (held_ == nullptr) return;
  Contents shown, at_snapshot;
  for (held_->SeekToFirst(); held_->Valid(); held_->Next()) shown.emplace(held_->key(), held_->value());
  const absl::Status status = held_->status();
  if (Told(status)) {
    EXPECT_TRUE(shown == held_contents_) << "an iterator shows what it did not";
  }
  const auto found = database_->NewIterator({.snapshot = snapshot_.get()});
  absl::Status snapshot_status = found.status();
  if (found.ok()) {
    for ((*found)->SeekToFirst(); (*found)->Valid(); (*found)->Next()) {
      at_snapshot.emplace((*found)->key(), (*found)->value());
    }
    snapshot_status = (*found)->status();
  }
  if (Told(snapshot_status)) {
    EXPECT_TRUE(at_snapshot == held_contents_) << "a snapshot shows what it did not";
  }
  held_.reset();
  snapshot_.reset();
}

void FaultyLife::Close() {
  held_.reset();
  snapshot_.reset();
  const absl::Status status = database_->Close();
  Told(status);
  if (status.ok()) {
    EXPECT_FALSE(faults_.final_sync_failed()) << "closed cleanly after a failed sync";
    acknowledged_ = states_.size() - 1;
  }
  database_.reset();
}

bool FaultyLife::Told(const absl::Status& status) {
  const FailedCalls failed = faults_.Take();
  has_failed_ |= !failed.empty();
  const bool is_owed =
      std::any_of(failed.own.begin(), failed.own.end(), [](const auto& call) { return !IsHousekeeping(call); });
  if (status.ok()) {
    EXPECT_TRUE(!is_owed || injection_.fault == Fault::kNoSpace)
        << "nobody was told of " << FileOpName(failed.own[0].op) << " " << failed.own[0].path;
    return true;
  }
  if (is_owed || NamesOneOf(failed.own, status)) {
    EXPECT_TRUE(NamesOneOf(failed.own, status)) << "does not name the file: " << status;
    ++totals_->told;
    return false;
  }
  // Nothing of its own failed: it is refused because of something that did, and says so.
  const Stats stats = database_ == nullptr ? Stats{} : database_->Stats().value_or(Stats{});
  EXPECT_TRUE(absl::StrContains(status.message(), "earlier failure") || stats.state == EngineState::kOutOfSpace ||
              !stats.background_error.empty() || !failed.others.empty())
      << "an error out of nothing, in state " << EngineStateName(stats.state) << ": " << status;
  return false;
}

void FaultyLife::Settle() {
  const absl::Status status = database_->Settle();
  const FailedCalls failed = faults_.Take();
  has_failed_ |= !failed.empty();
  EXPECT_TRUE(failed.own.empty()) << "waiting does no I/O";
  const bool is_owed =
      std::any_of(failed.others.begin(), failed.others.end(), [](const auto& call) { return !IsHousekeeping(call); });
  if (is_owed && injection_.for_good) {
    EXPECT_FALSE(status.ok()) << "nobody was told of " << failed.others[0].path;
  }
  if (!status.ok()) {
    EXPECT_FALSE(database_->Stats().value().background_error.empty()) << status;
  }
}

void FaultyLife::CheckReads(bool backward, const std::string& key) {
  const absl::StatusOr<std::optional<std::string>> value = database_->Get(key);
  const Contents& expected = states_.back();
  if (ReadTold(value.status())) {
    const auto it = expected.find(key);
    EXPECT_EQ(*value, it == expected.end() ? std::nullopt : std::optional(it->second)) << key;
  }
  const absl::StatusOr<Contents> all = backward ? ReadAllBackward() : ReadAll(*database_);
  if (ReadTold(all.status())) {
    EXPECT_TRUE(*all == expected) << "what is visible is not what was acknowledged";
  }
}

bool FaultyLife::ReadTold(const absl::Status& status) {
  const FailedCalls failed = faults_.Take();
  if (failed.own.empty()) {
    EXPECT_TRUE(status.ok()) << "a read failed though its I/O did not: " << status;
  }
  if (!failed.own.empty()) {
    EXPECT_TRUE(!status.ok() && NamesOneOf(failed.own, status)) << failed.own[0].path << ": " << status;
    ++totals_->told;
  }
  if (status.ok() && has_failed_) ++totals_->reads_beside;
  has_failed_ |= !failed.empty();
  return status.ok();
}

absl::StatusOr<Contents> FaultyLife::ReadAllBackward() {
  auto iterator = database_->NewIterator({});
  if (!iterator.ok()) return iterator.status();
  Contents contents;
  for ((*iterator)->SeekToLast(); (*iterator)->Valid(); (*iterator)->Prev()) {
    contents.emplace((*iterator)->key(), (*iterator)->value());
  }
  if (absl::Status status = (*iterator)->status(); !status.ok()) return status;
  return contents;
}

void FaultyLife::EndOfFaults() {
  faults_.Lift();
  if (database_ == nullptr) return;
  SCOPED_TRACE("after the faults");
  database_->Settle().IgnoreError();
  const bool is_failed = database_->Stats()->state == EngineState::kFailed;
  if (injection_.fault == Fault::kNoSpace) {
    EXPECT_EQ(is_failed, faults_.final_sync_failed());
  }
  if (faults_.final_sync_failed()) {
    EXPECT_TRUE(is_failed);
  }
  Write({Act::kPut, "after", "the fault"});
  EXPECT_EQ(acknowledged_ == states_.size() - 1 && states_.back().contains("after"), !is_failed);
  EXPECT_EQ(database_->Stats()->state, is_failed ? EngineState::kFailed : EngineState::kHealthy);
  EXPECT_EQ(database_->Stats()->state_reason.empty(), !is_failed);
  totals_->read_only += is_failed ? 1 : 0;
  CheckReads(/*backward=*/false, "after");
  if (is_failed) return;
  totals_->resumed += has_failed_ ? 1 : 0;
  EXPECT_TRUE(database_->Flush().ok());
  EXPECT_TRUE(database_->MajorCompact().ok());
  EXPECT_TRUE(database_->Settle().ok()) << database_->Settle();
  EXPECT_TRUE(database_->Verify().ok()) << database_->Verify();
  CheckReads(/*backward=*/true, "after");
  EXPECT_GT(database_->Stats()->reserve_bytes, 0u) << "the reserve is back";
}

std::vector<Contents> FaultyLife::Acceptable(size_t least) const {
  std::vector<Contents> acceptable(states_.begin() + static_cast<std::ptrdiff_t>(least), states_.end());
  acceptable.insert(acceptable.end(), in_doubt_.begin(), in_doubt_.end());
  return acceptable;
}

void FaultyLife::CheckDisks() {
  if (database_ != nullptr && injection_.call % 2 == 0) Close();
  held_.reset();
  snapshot_.reset();
  database_.reset();
  CheckDisk("killed", disk().Fork(), Acceptable(states_.size() - 1));
  const std::vector<Contents> synced = Acceptable(acknowledged_);
  CheckDisk("power lost", disk().Crash({.mode = CrashMode::kDropAll}), synced);
  CheckDisk("power lost, some kept", disk().Crash({.mode = CrashMode::kRandom, .seed = injection_.call}), synced);
}

void FaultyLife::CheckDisk(std::string_view how, std::unique_ptr<SimFileSystem> disk,
                           const std::vector<Contents>& acceptable) {
  SCOPED_TRACE(how);
  SimEnv machine(/*seed=*/2, std::move(disk));
  auto database = shell_.open(machine.env());
  ASSERT_TRUE(database.ok()) << database.status();
  const Contents shown = ReadAll(**database).value();
  ASSERT_NE(std::find(acceptable.begin(), acceptable.end(), shown), acceptable.end())
      << "none of " << acceptable.size() << " acceptable states";
  EXPECT_TRUE((*database)->Settle().ok());
  EXPECT_TRUE((*database)->Verify().ok()) << (*database)->Verify();
  database->reset();
  // What was shown survives, though the pages that it was read from may never have been written.
  SimEnv again(/*seed=*/3, machine.file_system().Crash({.mode = CrashMode::kDropAll}));
  auto reopened = shell_.open(again.env());
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  EXPECT_TRUE(ReadAll(**reopened).value() == shown) << "what recovery showed was lost again";
  totals_->reopened += 2;
}

}  // namespace aeternus::stress
