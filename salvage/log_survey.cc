#include "salvage/log_survey.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/crc32c.h"
#include "base/file_identity.h"
#include "base/key_order.h"
#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/file_names.h"

namespace aeternus::salvage {

absl::StatusOr<std::optional<LogLink>> ReadLink(env::FileSystem* file_system, const std::string& dir,
                                                DatabaseId database, FileNumber number) {
  AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system->NewRandomAccessFile(env::JoinPath(dir, LogName(number))));
  wal::Reader reader(file.get(), database, number);
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> first, reader.Next());
  if (!first.has_value() || first->type != wal::FrameType::kLink) return std::nullopt;
  const absl::StatusOr<LogLink> link = DecodeLogLink(first->payload, file->path(), reader.frame_offset());
  if (!link.ok()) return std::nullopt;
  return *link;
}

// Over the sorted index; each value is read when the iterator comes to it.
class LogSurvey::IndexIterator final : public EntryIterator {
 public:
  explicit IndexIterator(std::shared_ptr<const LogSurvey> log) : log_(std::move(log)) {}

  void SeekToFirst() override { Show(0); }
  void SeekToLast() override { Show(log_->entries_.size() - 1); }  // past the end when there is none
  void Seek(std::string_view key, Lsn lsn) override { Show(LowerBound(key, lsn)); }
  void SeekBefore(std::string_view key) override { Show(LowerBound(key, kMaxLsn) - 1); }
  void NextWindow() override { Show(at_ + 1); }
  void PrevWindow() override { Show(at_ - 1); }

 private:
  size_t LowerBound(std::string_view key, Lsn lsn) const {
    const auto at = std::partition_point(log_->entries_.begin(), log_->entries_.end(), [&](const Entry& entry) {
      return CompareEntries(entry.key, entry.lsn, key, lsn) < 0;
    });
    return static_cast<size_t>(at - log_->entries_.begin());
  }
  void Show(size_t at) {
    ClearStatus();
    at_ = at;
    if (at >= log_->entries_.size()) return SetEnd();
    const Entry& entry = log_->entries_[at];
    absl::StatusOr<std::string> value = log_->ReadValue(entry);
    if (!value.ok()) return SetError(value.status());
    value_ = *std::move(value);
    SetEntry({.key = entry.key, .lsn = entry.lsn, .kind = entry.kind, .value = value_});
  }

  const std::shared_ptr<const LogSurvey> log_;
  size_t at_ = 0;
  std::string value_;
};

absl::StatusOr<std::shared_ptr<const LogSurvey>> LogSurvey::Make(env::FileSystem* file_system, const std::string& dir,
                                                                 FileNumber number, const Options& options) {
  const std::string name = LogName(number);
  std::shared_ptr<LogSurvey> log(new LogSurvey(name, number));
  AETERNUS_ASSIGN_OR_RETURN(log->file_, file_system->NewRandomAccessFile(env::JoinPath(dir, name)));
  wal::Reader reader(log->file_.get(), options.database, number);
  log->Run(reader, options);
  return log;
}

std::unique_ptr<EntryIterator> LogSurvey::NewIterator() const {
  return std::make_unique<IndexIterator>(shared_from_this());
}

void LogSurvey::Run(wal::Reader& reader, const Options& options) {
  end_offset_ = reached_offset_ = kFileIdentitySizeBytes;
  while (true) {
    const absl::StatusOr<std::optional<wal::Frame>> frame = NextFrame(reader, options);
    if (!frame.ok()) Lose(reader.offset(), 0, std::string(frame.status().message()), std::nullopt);
    if (!frame.ok() || !frame->has_value()) break;
    Take(**frame, reader.frame_offset(), options);
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return CompareEntries(a.key, a.lsn, b.key, b.lsn) < 0; });
  tombstone_count_ = pending_tombstones_.size();
  tombstones_ =
      std::make_shared<FragmentedTombstones>(FragmentedTombstones::Build(std::exchange(pending_tombstones_, {})));
}

absl::StatusOr<std::optional<wal::Frame>> LogSurvey::NextFrame(wal::Reader& reader, const Options& options) {
  const uint64_t gap_begin = reader.offset();
  AETERNUS_ASSIGN_OR_RETURN(std::optional<wal::Frame> frame, reader.Next());
  if (frame.has_value()) return frame;
  AETERNUS_ASSIGN_OR_RETURN(frame, reader.ScanNext());
  if (!frame.has_value()) {
    AETERNUS_RETURN_IF_ERROR(NoteEnd(gap_begin, options));
    return std::nullopt;
  }
  if (gap_begin >= options.dead_from) return frame;
  // A seal tells the last LSN in front of it, a batch its own first.
  const uint64_t reached = frame->first_lsn.value + (frame->type == wal::FrameType::kSeal ? 1 : 0);
  std::optional<uint64_t> entries;
  if (next_lsn_ != kMinLsn && reached >= next_lsn_.value) entries = reached - next_lsn_.value;
  Lose(gap_begin, reader.frame_offset() - gap_begin, "no valid frame, and valid frames behind it", entries);
  return frame;
}

void LogSurvey::Take(const wal::Frame& frame, uint64_t offset, const Options& options) {
  if (offset >= options.dead_from) {
    if (frame.type == wal::FrameType::kBatch) discarded_ += frame.lsn_count;
    return;
  }
  is_used_ = true;
  synced_lsn_ = std::max(synced_lsn_, frame.synced_lsn);
  if (frame.type == wal::FrameType::kLink) next_lsn_ = frame.first_lsn;
  if (frame.type != wal::FrameType::kBatch) return;
  next_lsn_ = Lsn(frame.first_lsn.value + frame.lsn_count);
  reached_offset_ = offset + wal::FrameSizeBytes(frame.payload.size());
  reached_lsn_ = frame.last_lsn();
  if (is_damaged()) {
    behind_damage_ += frame.lsn_count;
  } else {
    end_offset_ = reached_offset_;
    last_lsn_ = reached_lsn_;
  }
  if (options.use == Use::kNothing || (options.use == Use::kUpToDamage && is_damaged())) {
    left_out_ += frame.lsn_count;
  } else if (!TakeBatch(frame, offset)) {
    Lose(offset, wal::FrameSizeBytes(frame.payload.size()), "a batch with a good checksum does not decode",
         frame.lsn_count);
  }
}

bool LogSurvey::TakeBatch(const wal::Frame& frame, uint64_t offset) {
  const size_t entries_before = entries_.size();
  const size_t tombstones_before = pending_tombstones_.size();
  BatchReader reader(frame.payload, name_, offset);
  for (uint32_t i = 0; i <= frame.lsn_count; ++i) {
    const absl::StatusOr<std::optional<BatchOperation>> next = reader.Next();
    if (next.ok() && !next->has_value() && i == frame.lsn_count) return true;
    if (!next.ok() || !next->has_value() || i == frame.lsn_count || !CheckOperation(**next).ok()) break;
    const BatchOperation& operation = **next;
    const Lsn lsn(frame.first_lsn.value + i);
    if (operation.kind == EntryKind::kRangeDelete) {
      std::optional<std::string> end;
      if (operation.end.has_value()) end = std::string(*operation.end);
      pending_tombstones_.push_back({std::string(operation.key), std::move(end), lsn});
      continue;
    }
    const bool is_put = operation.kind == EntryKind::kPut;
    const uint64_t place = is_put ? static_cast<uint64_t>(operation.value.data() - frame.payload.data()) : 0;
    entries_.push_back({.key = std::string(operation.key),
                        .lsn = lsn,
                        .kind = operation.kind,
                        .value_offset = offset + wal::kFrameHeaderSizeBytes + place,
                        .value_size = is_put ? static_cast<uint32_t>(operation.value.size()) : 0,
                        .value_checksum = is_put ? Crc32c(operation.value) : 0});
  }
  entries_.resize(entries_before);
  pending_tombstones_.resize(tombstones_before);
  return false;
}

// Zeros behind the last frame are the rest of an allocated log. Anything else was written there.
absl::Status LogSurvey::NoteEnd(uint64_t begin, const Options& options) {
  if (begin >= options.dead_from) return absl::OkStatus();
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t end, wal::EndOfData(*file_, begin));
  if (end > begin) Lose(begin, end - begin, "no valid frame: a torn last write, or damage", std::nullopt);
  return absl::OkStatus();
}

absl::StatusOr<std::string> LogSurvey::ReadValue(const Entry& entry) const {
  std::string value(entry.value_size, '\0');
  if (value.empty()) return value;
  AETERNUS_RETURN_IF_ERROR(file_->Read(entry.value_offset, absl::MakeSpan(value)));
  if (Crc32c(value) != entry.value_checksum) {
    return CorruptionError(file_->path(), entry.value_offset, "a value has changed since the log was surveyed");
  }
  return value;
}

void LogSurvey::Lose(uint64_t offset, uint64_t size_bytes, std::string what, std::optional<uint64_t> entries) {
  losses_.push_back(
      {.file = name_, .offset = offset, .size_bytes = size_bytes, .what = std::move(what), .entries = entries});
}

}  // namespace aeternus::salvage
