#include "compaction/merge_job.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/entry.h"
#include "base/status.h"
#include "compaction/drop_rules.h"
#include "env/sync_point.h"
#include "iterator/merging_iterator.h"

namespace aeternus::compaction {
namespace {

// Between two questions whether the merge is cancelled.
constexpr uint64_t kEntriesPerCheck = 1024;

// What becomes of the entries of a merge.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual absl::Status Keep(const EntryView& entry) = 0;
  virtual absl::Status Keep(const RangeTombstone& tombstone) = 0;
  // False: enough is known, the merge may end here.
  virtual bool Drop() = 0;
};

// Writes what is kept; the file is made with the first of it.
class TableSink final : public Sink {
 public:
  explicit TableSink(const MergeOutput& output) : output_(output) {}

  absl::Status Keep(const EntryView& entry) override {
    AETERNUS_RETURN_IF_ERROR(EnsureBuilder());
    return builder_->Add(entry);
  }
  absl::Status Keep(const RangeTombstone& tombstone) override {
    AETERNUS_RETURN_IF_ERROR(EnsureBuilder());
    return builder_->AddTombstone(tombstone);
  }
  bool Drop() override { return true; }

  absl::StatusOr<std::optional<sstable::TableSummary>> Finish() {
    if (builder_ == nullptr) return std::nullopt;
    AETERNUS_ASSIGN_OR_RETURN(sstable::TableSummary summary, builder_->Finish());
    return summary;
  }
  // After an error. A file that cannot be deleted either is nobody's, and goes when the database is opened next.
  void Discard() {
    builder_.reset();
    if (may_have_file_) output_.file_system->DeleteFile(output_.path).IgnoreError();
  }

 private:
  absl::Status EnsureBuilder() {
    if (builder_ != nullptr) return absl::OkStatus();
    auto builder = sstable::Builder::Create(output_.file_system, output_.path, output_.identity, output_.builder);
    // A file that was there before is not ours to delete.
    may_have_file_ = !absl::IsAlreadyExists(builder.status());
    AETERNUS_RETURN_IF_ERROR(builder.status());
    builder_ = *std::move(builder);
    return absl::OkStatus();
  }

  const MergeOutput& output_;
  std::unique_ptr<sstable::Builder> builder_;
  bool may_have_file_ = false;
};

// Looks for the first entry that would go.
class DropDetector final : public Sink {
 public:
  absl::Status Keep(const EntryView&) override { return absl::OkStatus(); }
  absl::Status Keep(const RangeTombstone&) override { return absl::OkStatus(); }
  bool Drop() override {
    dropped_ = true;
    return false;
  }
  bool dropped() const { return dropped_; }

 private:
  bool dropped_ = false;
};

// One pass over the inputs: each entry goes to the sink as the rules say.
class Pass {
 public:
  Pass(MergeInputs inputs, const MergePolicy& policy, std::function<bool()> cancelled, Sink* sink)
      : tombstones_(MergeTombstones(inputs)),
        expected_points_(inputs.expected_points),
        entries_(NewMergingIterator(std::move(inputs.sources))),
        rules_(policy, tombstones_),
        cancelled_(std::move(cancelled)),
        sink_(sink) {}
  Pass(const Pass&) = delete;  // rules_ refers to tombstones_
  Pass& operator=(const Pass&) = delete;

  absl::Status Run() {
    AETERNUS_ASSIGN_OR_RETURN(const bool goes_on, SiftTombstones());
    return goes_on ? SiftPoints() : absl::OkStatus();
  }
  const MergeResult& counts() const { return counts_; }

 private:
  static FragmentedTombstones MergeTombstones(const MergeInputs& inputs) {
    std::vector<const FragmentedTombstones*> parts;
    for (const auto& part : inputs.tombstones) parts.push_back(part.get());
    return FragmentedTombstones::Merge(parts);
  }

  // Tombstones first: they are in memory, and may answer WouldDropAnything without reading a block. False: the sink
  // knows enough.
  absl::StatusOr<bool> SiftTombstones() {
    for (const FragmentedTombstones::Fragment& fragment : tombstones_.fragments()) {
      AETERNUS_ASSIGN_OR_RETURN(const std::vector<Lsn> kept, rules_.KeptTombstones(fragment));
      for (const Lsn lsn : kept) {
        AETERNUS_RETURN_IF_ERROR(sink_->Keep(RangeTombstone{fragment.start, fragment.end, lsn}));
      }
      counts_.tombstones_read += fragment.lsns.size();
      counts_.tombstones_dropped += fragment.lsns.size() - kept.size();
      if (kept.size() < fragment.lsns.size() && !sink_->Drop()) return false;
    }
    return true;
  }

  absl::Status SiftPoints() {
    uint64_t next_check = 0;
    for (entries_->SeekToFirst(); entries_->Valid(); entries_->NextWindow()) {
      if (counts_.points_read >= next_check) {
        env::SyncPoint("compaction:merging");
        if (cancelled_ != nullptr && cancelled_()) return absl::CancelledError("cancelled");
        next_check = counts_.points_read + kEntriesPerCheck;
      }
      AETERNUS_ASSIGN_OR_RETURN(const bool goes_on, SiftWindow(entries_->ahead()));
      if (!goes_on) return absl::OkStatus();
    }
    AETERNUS_RETURN_IF_ERROR(entries_->status());
    if (counts_.points_read != expected_points_) {
      return absl::DataLossError(
          absl::StrCat("read ", counts_.points_read, " points where the manifest counts ", expected_points_));
    }
    return absl::OkStatus();
  }

  // False: the sink knows enough.
  absl::StatusOr<bool> SiftWindow(absl::Span<const EntryView> window) {
    for (const EntryView& entry : window) {
      const bool is_tombstone = entry.kind == EntryKind::kDelete;
      AETERNUS_ASSIGN_OR_RETURN(const bool keeps, rules_.KeepsInWindow(entry));
      ++counts_.points_read;
      if (is_tombstone) ++counts_.tombstones_read;
      if (keeps) {
        ++counts_.points_written;
        AETERNUS_RETURN_IF_ERROR(sink_->Keep(entry));
        continue;
      }
      if (is_tombstone) ++counts_.tombstones_dropped;
      if (!sink_->Drop()) return false;
    }
    rules_.LeaveWindow();
    return true;
  }

  const FragmentedTombstones tombstones_;
  const uint64_t expected_points_;
  const std::unique_ptr<EntryIterator> entries_;
  DropRules rules_;
  const std::function<bool()> cancelled_;
  Sink* const sink_;
  MergeResult counts_;
};

absl::StatusOr<MergeResult> RunInto(TableSink* sink, Pass* pass) {
  AETERNUS_RETURN_IF_ERROR(pass->Run());
  MergeResult result = pass->counts();
  AETERNUS_ASSIGN_OR_RETURN(result.table, sink->Finish());
  const uint64_t points_in_table = result.table.has_value() ? result.table->put_count + result.table->delete_count : 0;
  if (points_in_table != result.points_written) {
    return absl::InternalError(
        absl::StrCat("the table counts ", points_in_table, " of ", result.points_written, " points written"));
  }
  return result;
}

}  // namespace

absl::StatusOr<MergeResult> Merge(MergeInputs inputs, const MergePolicy& policy, const MergeOutput& output,
                                  const std::function<bool()>& cancelled) {
  const std::string context = absl::StrCat("merging ", inputs.description);
  TableSink sink(output);
  Pass pass(std::move(inputs), policy, cancelled, &sink);
  absl::StatusOr<MergeResult> result = RunInto(&sink, &pass);
  if (!result.ok()) {
    sink.Discard();
    return Annotate(result.status(), context);
  }
  return result;
}

absl::StatusOr<bool> WouldDropAnything(MergeInputs inputs, const MergePolicy& policy) {
  const std::string context = absl::StrCat("looking for what to drop from ", inputs.description);
  DropDetector detector;
  Pass pass(std::move(inputs), policy, /*cancelled=*/nullptr, &detector);
  if (absl::Status status = pass.Run(); !status.ok()) return Annotate(status, context);
  return detector.dropped();
}

}  // namespace aeternus::compaction
