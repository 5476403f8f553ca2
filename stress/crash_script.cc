#include "stress/crash_script.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/hash.h"
#include "base/status.h"
#include "engine/testing/manifest_checkpoint.h"

namespace aeternus::stress {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimFileSystem;

namespace {

constexpr int kKeys = 3;
constexpr std::string_view kLargeKey = "k9";
constexpr size_t kValueBytes = 40;
constexpr size_t kLargeValueBytes = 600;  // more than a sector, so that its frame can be torn in the middle

std::string Key(int i) { return absl::StrCat("k", i % kKeys); }

// Contents as text: "key=value;" of each pair in order.
void AppendPair(std::string_view key, std::string_view value, std::string* text) {
  absl::StrAppend(text, key, "=", value, ";");
}

std::string TextOf(const Contents& contents) {
  std::string text;
  for (const auto& [key, value] : contents) AppendPair(key, value, &text);
  return text;
}

Contents ContentsOf(std::string_view text) {
  Contents contents;
  for (std::string_view pair : absl::StrSplit(text, ';', absl::SkipEmpty())) {
    contents.insert(absl::StrSplit(pair, absl::MaxSplits('=', 1)));
  }
  return contents;
}

}  // namespace

EngineConfig CrashScriptConfig() {
  EngineConfig config;
  config.write_buffer_bytes = 128;
  config.table.block_size_bytes = 256;
  config.compaction.min_table_size_bytes = 1 << 20;  // one bucket for all tables
  config.compaction.min_threshold = 2;
  config.compaction.tombstone_ratio = 0.1;
  return config;
}

ScriptedLife::ScriptedLife(std::unique_ptr<SimFileSystem> disk, std::vector<std::string> acceptable, CallRule rule)
    : rule_(std::move(rule)), database_(CrashScriptConfig(), std::move(disk)), states_(std::move(acceptable)) {
  database_.disk().SetFaultRule([this](const FileCall& call) { return OnCall(call); });
}

Fault ScriptedLife::OnCall(const FileCall& call) {
  const Fault fault = rule_(call);
  if (fails_next_log_sync_ && call.op == FileOp::kSync && absl::EndsWith(call.path, ".log")) {
    fails_next_log_sync_ = false;
    return Fault::kIoError;  // the step's own fault, also on a disk that lies about syncs
  }
  return fault;
}

absl::Status ScriptedLife::Open() { return OpenAt(acknowledged_); }

absl::Status ScriptedLife::OpenAt(size_t oldest) {
  AETERNUS_RETURN_IF_ERROR(Annotate(database_.Open(), "open"));
  AETERNUS_RETURN_IF_ERROR(Annotate(database_->Verify(), "verify"));
  AETERNUS_ASSIGN_OR_RETURN(std::string found, Read());
  const auto first = states_.begin() + static_cast<std::ptrdiff_t>(oldest);
  if (std::find(first, states_.end(), found) == states_.end()) {
    return absl::DataLossError(absl::StrCat("found \"", found, "\", which is none of the ", states_.end() - first,
                                            " acceptable prefixes of the history, the first \"", *first,
                                            "\", the last \"", states_.back(), "\""));
  }
  model_ = ContentsOf(found);
  states_.assign(1, std::move(found));
  acknowledged_ = 0;
  return absl::OkStatus();
}

absl::Status ScriptedLife::Do(char step) {
  has_acted_ = true;
  AETERNUS_RETURN_IF_ERROR(Annotate(Step(step), absl::StrCat("step ", std::string_view(&step, 1))));
  return CheckContents();
}

absl::Status ScriptedLife::Step(char step) {
  switch (step) {
    case 'p':
      return Put(/*sync=*/false);
    case 'P':
      return Put(/*sync=*/true);
    case 'd':
      return DeleteLatest();
    case 'r':
      return DeleteSome();
    case 'b':
      return PutSeveral();
    case 'f':
      return Flush();
    case 'n':
      return NoteActed(database_->MinorCompact());
    case 't':
      return NoteActed(database_->TombstoneCompact());
    case 'm':
      return NoteActed(database_->MajorCompact());
    case 's':
      return ToggleSnapshot();
    case 'c':
      return testing::CheckpointManifest(*database_);
    case 'o':
      return CloseAndReopen();
    case 'k':
      return KillAndReopen();
    case 'x':
      return PutWithFailingSync();
    default:
      return absl::InvalidArgumentError("no such step");
  }
}

// ---- writes ----

std::string ScriptedLife::NextValue(size_t size_bytes) {
  // The hash tells apart what lives that began on different disks wrote.
  std::string value = absl::StrCat("v", ++writes_, "-", StableHash(states_.back()) % 1'000'000, "-");
  value.resize(size_bytes, '.');
  return value;
}

absl::Status ScriptedLife::Write(const WriteBatch& batch, bool sync) {
  states_.push_back(TextOf(model_));
  AETERNUS_RETURN_IF_ERROR(database_->Write(batch, {.sync = sync}));
  if (sync) acknowledged_ = states_.size() - 1;
  return absl::OkStatus();
}

absl::Status ScriptedLife::Put(bool sync) {
  WriteBatch batch;
  std::string value = NextValue(kValueBytes);
  batch.Put(Key(writes_), value);
  model_[Key(writes_)] = std::move(value);
  return Write(batch, sync);
}

absl::Status ScriptedLife::DeleteLatest() {
  WriteBatch batch;
  batch.Delete(Key(writes_));
  model_.erase(Key(writes_));
  return Write(batch, /*sync=*/false);
}

absl::Status ScriptedLife::DeleteSome() {
  WriteBatch batch;
  batch.DeleteRange(Key(1), kLargeKey);
  model_.erase(model_.lower_bound(Key(1)), model_.lower_bound(std::string(kLargeKey)));
  return Write(batch, /*sync=*/false);
}

absl::Status ScriptedLife::PutSeveral() {
  WriteBatch batch;
  std::string value = NextValue(kValueBytes), large = NextValue(kLargeValueBytes);
  batch.Put(Key(writes_), value);
  batch.Put(kLargeKey, large);
  batch.Delete(Key(writes_ + 1));
  model_[Key(writes_)] = std::move(value);
  model_[std::string(kLargeKey)] = std::move(large);
  model_.erase(Key(writes_ + 1));
  return Write(batch, /*sync=*/false);
}

absl::Status ScriptedLife::PutWithFailingSync() {
  fails_next_log_sync_ = true;
  const absl::Status status = Put(/*sync=*/true);
  fails_next_log_sync_ = false;
  snapshot_.reset();
  if (status.ok() || database_.Close().ok()) return absl::InternalError("a failed sync passes for a success");
  return OpenAt(states_.size() - 2);  // nobody promised that write, or that it is gone
}

// ---- the rest ----

absl::Status ScriptedLife::NoteActed(const absl::StatusOr<bool>& has_acted) {
  has_acted_ = has_acted.value_or(false);
  return has_acted.status();
}

absl::Status ScriptedLife::Flush() {
  AETERNUS_RETURN_IF_ERROR(database_->FreezeMemtable().status());
  return NoteActed(database_->FlushAllFrozen());
}

absl::Status ScriptedLife::ToggleSnapshot() {
  if (snapshot_ == nullptr) {
    AETERNUS_ASSIGN_OR_RETURN(snapshot_, database_->GetSnapshot());
    snapshot_contents_ = states_.back();
    return absl::OkStatus();
  }
  AETERNUS_ASSIGN_OR_RETURN(const std::string found, Read({.snapshot = snapshot_.get()}));
  snapshot_.reset();
  if (found == snapshot_contents_) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the snapshot of \"", snapshot_contents_, "\" shows \"", found, "\""));
}

absl::Status ScriptedLife::CloseAndReopen() {
  snapshot_.reset();
  AETERNUS_RETURN_IF_ERROR(database_.Close());
  acknowledged_ = states_.size() - 1;  // Close makes every write durable
  return Open();
}

absl::Status ScriptedLife::KillAndReopen() {
  snapshot_.reset();
  database_.Drop();
  return OpenAt(states_.size() - 1);  // what was written survives the process
}

absl::Status ScriptedLife::CheckContents() {
  AETERNUS_ASSIGN_OR_RETURN(const std::string found, Read());
  if (found == states_.back()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the database shows \"", found, "\", expected \"", states_.back(), "\""));
}

absl::StatusOr<std::string> ScriptedLife::Read(const ReadOptions& options) {
  AETERNUS_ASSIGN_OR_RETURN(const std::unique_ptr<Iterator> iterator, database_->NewIterator(options));
  std::string text;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    AppendPair(iterator->key(), iterator->value(), &text);
  }
  AETERNUS_RETURN_IF_ERROR(iterator->status());
  return text;
}

}  // namespace aeternus::stress
