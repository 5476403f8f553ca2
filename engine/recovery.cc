#include "engine/recovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/planted_bug.h"
#include "base/status.h"
#include "engine/batch_format.h"
#include "engine/file_names.h"
#include "engine/log_chain.h"
#include "wal/reader.h"

namespace aeternus {
namespace {

// What to tell a user whose acknowledged bytes are missing.
constexpr std::string_view kAdvice = "; nothing was changed";

// Applies the operations of one batch frame. A batch that passed its checksum and does not decode is corruption, not a
// torn tail.
absl::Status ApplyBatch(const wal::Frame& frame, std::string_view file, uint64_t offset, Memtable::Loader* memtable) {
  BatchReader reader(frame.payload, file, offset);
  for (uint32_t i = 0; i < frame.lsn_count; ++i) {
    AETERNUS_ASSIGN_OR_RETURN(const std::optional<BatchOperation> operation, reader.Next());
    if (!operation.has_value()) return CorruptionError(file, offset, "batch of ", frame.lsn_count, " holds only ", i);
    if (const absl::Status status = CheckOperation(*operation); !status.ok()) {
      return CorruptionError(file, offset, "operation ", i, " of a batch: ", status.message());
    }
    const Lsn lsn(frame.first_lsn.value + i);
    switch (operation->kind) {
      case EntryKind::kPut:
        memtable->Put(operation->key, lsn, operation->value);
        break;
      case EntryKind::kDelete:
        memtable->Delete(operation->key, lsn);
        break;
      default:
        memtable->DeleteRange(operation->key, operation->end, lsn);
    }
  }
  AETERNUS_ASSIGN_OR_RETURN(const std::optional<BatchOperation> extra, reader.Next());
  if (extra.has_value()) return CorruptionError(file, offset, "batch holds more than ", frame.lsn_count, " operations");
  return absl::OkStatus();
}

class Replayer {
 public:
  Replayer(env::FileSystem* file_system, const std::string& dir, const ManifestState& manifest,
           const std::vector<FileNumber>& log_numbers, const std::function<std::shared_ptr<Memtable>()>& new_memtable)
      : file_system_(file_system),
        dir_(dir),
        manifest_(manifest),
        log_numbers_(log_numbers),
        new_memtable_(new_memtable) {}

  absl::StatusOr<Replay> Run() {
    AETERNUS_RETURN_IF_ERROR(CheckHeaders());
    if (manifest_.min_log.value != 0 && !Exists(manifest_.min_log)) {
      return Missing(manifest_.min_log, "the manifest's oldest live log");  // [MINLOG_EXISTS]
    }
    if (manifest_.close.has_value() && !Exists(manifest_.close->log)) {
      return Missing(manifest_.close->log, "the newest log of a database that was closed");  // [CLOSE_PROOF]
    }
    // Everything up to the flushed LSN went into tables, whether or not compaction has left a trace of it there.
    replay_.last_lsn = std::max(manifest_.version->max_lsn(), manifest_.flushed_lsn);
    replay_.max_lsn = std::max(replay_.last_lsn, manifest_.max_lsn);
    for (const FileNumber number : log_numbers_) AETERNUS_RETURN_IF_ERROR(VisitLog(number));
    AETERNUS_RETURN_IF_ERROR(CheckWitnesses());
    if (manifest_.cut.has_value() && manifest_.cut->log >= manifest_.min_log &&
        manifest_.cut->last_lsn > replay_.last_lsn) {  // [CUT_PROOF]
      return LostLsns(manifest_.cut->last_lsn, "an earlier recovery recorded");
    }
    if (manifest_.close.has_value()) {
      if (manifest_.close->last_lsn > replay_.last_lsn) {  // [CLOSE_PROOF]
        return LostLsns(manifest_.close->last_lsn, "the last close recorded");
      }
      replay_.proven_durable |= manifest_.close->last_lsn == replay_.last_lsn;
    }
    return std::move(replay_);
  }

 private:
  std::string LogPath(FileNumber number) const { return env::JoinPath(dir_, LogName(number)); }
  bool Exists(FileNumber number) const { return std::binary_search(log_numbers_.begin(), log_numbers_.end(), number); }
  bool IsRetired(FileNumber number) const { return manifest_.min_log.value == 0 || number < manifest_.min_log; }
  bool IsCutLog(FileNumber number) const { return manifest_.cut.has_value() && manifest_.cut->log == number; }
  // Logs between the cut and the first log made after it: discarded by an earlier recovery [CUT_DROPS].
  bool IsDead(FileNumber number) const {
    const bool is_cut_off = manifest_.cut.has_value() && !IsPlanted(PlantedBug::kCutIgnored) &&
                            number > manifest_.cut->log && number < manifest_.cut->first_live_log;
    return is_cut_off || std::find(superseded_.begin(), superseded_.end(), number) != superseded_.end();
  }

  absl::Status Missing(FileNumber number, std::string_view what) const {
    return absl::DataLossError(absl::StrCat(LogPath(number), " is missing: it is ", what, kAdvice));
  }
  absl::Status LostLsns(Lsn proven, std::string_view witness) const {
    const Place missing = EndOfChain();
    return CorruptionError(LogPath(missing.log), missing.offset, "the logs can be read only up to LSN ",
                           replay_.last_lsn.value, ", but ", witness, " that everything up to LSN ", proven.value,
                           " was on disk", kAdvice);
  }

  struct Place {
    FileNumber log{};
    uint64_t offset = 0;
  };
  // Where what is missing should stand: where the last log of the chain ends or, if that is where it has to end, at the
  // beginning of the next one.
  Place EndOfChain() const {
    if (replay_.logs.empty()) return {manifest_.min_log, kFileIdentitySizeBytes};
    const ReplayedLog& last = replay_.logs.back();
    if (is_end_known_) {
      for (const FileNumber next : log_numbers_) {
        if (next > last.number && !IsDead(next)) return {next, kFileIdentitySizeBytes};
      }
    }
    if (last.end_offset == kFileIdentitySizeBytes) return {manifest_.min_log, kFileIdentitySizeBytes};  // none was read
    return {last.number, last.end_offset};
  }

  // A log made when edit E was durable proves that the manifest once reached E.
  absl::Status CheckHeaders() const {
    for (const FileNumber number : log_numbers_) {
      AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system_->NewRandomAccessFile(LogPath(number)));
      const absl::StatusOr<FileIdentity> identity = wal::ReadIdentity(*file, FileKind::kLog);
      if (!identity.ok()) {
        // Its frames can be read without it; but what a newer version wrote, or what cannot be read at all, cannot.
        if (absl::IsDataLoss(identity.status()) || absl::IsOutOfRange(identity.status())) continue;
        return identity.status();
      }
      if (identity->database_id != manifest_.database_id) {
        return CorruptionError(LogPath(number), 0, "the log belongs to another database; move it away");
      }
      if (identity->number == number && identity->edit > manifest_.last_edit) {
        return CorruptionError(LogPath(number), 0, "the log was made when manifest edit ", identity->edit.value,
                               " was durable, but the manifest ends at edit ", manifest_.last_edit.value, kAdvice);
      }
    }
    return absl::OkStatus();
  }

  // Walks one log: continues the chain with it, or only takes note of its LSNs.
  absl::Status VisitLog(FileNumber number) {
    AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system_->NewRandomAccessFile(LogPath(number)));
    wal::Reader reader(file.get(), manifest_.database_id, number);
    AETERNUS_ASSIGN_OR_RETURN(std::optional<wal::Frame> first, reader.Next());
    if (manifest_.min_log.value == 0 && first.has_value()) {  // [FIRST_LOG_KNOWN]
      return CorruptionError(reader.path(), reader.frame_offset(),
                             "the log is in use, and the edit of the manifest that says so is missing", kAdvice);
    }
    if (IsRetired(number) || IsDead(number)) return NoteFrames(reader, first, number);

    LogLink link;
    AETERNUS_ASSIGN_OR_RETURN(const bool is_linked, HoldsLink(first, reader, &link));
    if (!chain_ended_ && is_linked && Continues(link)) return ReplayFrames(reader, *first, link, number);
    if (!first.has_value()) {
      AETERNUS_ASSIGN_OR_RETURN(first, reader.ScanNext());
      if (!first.has_value()) return absl::OkStatus();  // prepared, never used: not in the chain
    }
    if (!chain_ended_) {
      AETERNUS_ASSIGN_OR_RETURN(const bool is_superseded, ALaterLogContinues(number));
      if (is_superseded) {
        superseded_.push_back(number);
        return NoteFrames(reader, first, number);
      }
    }
    if (is_linked && link.predecessor >= manifest_.min_log && !Exists(link.predecessor)) {
      return Missing(link.predecessor, absl::StrCat("the predecessor of ", LogName(number)));  // [LINK_GAP]
    }
    if (!chain_ended_ && replay_.logs.empty()) ExtendChain(number, kFileIdentitySizeBytes);
    chain_ended_ = true;
    return NoteFrames(reader, first, number);
  }

  // Whether the first frame of a log is a link, and which.
  static absl::StatusOr<bool> HoldsLink(const std::optional<wal::Frame>& first, const wal::Reader& reader,
                                        LogLink* link) {
    if (!first.has_value() || first->type != wal::FrameType::kLink) return false;
    AETERNUS_ASSIGN_OR_RETURN(*link, DecodeLogLink(first->payload, reader.path(), reader.frame_offset()));
    return true;
  }

  // Whether a log behind `number` goes on where the chain stands now. Then an earlier recovery ended the chain here and
  // discarded `number`; a crash undid its deletion, and the cut that called it dead has made way for a younger one.
  absl::StatusOr<bool> ALaterLogContinues(FileNumber number) {
    for (auto later = std::upper_bound(log_numbers_.begin(), log_numbers_.end(), number); later != log_numbers_.end();
         ++later) {
      AETERNUS_ASSIGN_OR_RETURN(const auto file, file_system_->NewRandomAccessFile(LogPath(*later)));
      wal::Reader reader(file.get(), manifest_.database_id, *later);
      AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> first, reader.Next());
      LogLink link;
      AETERNUS_ASSIGN_OR_RETURN(const bool is_linked, HoldsLink(first, reader, &link));
      if (is_linked && Continues(link)) return true;
    }
    return false;
  }

  bool Continues(const LogLink& link) const {
    if (replay_.logs.empty()) return link.predecessor < manifest_.min_log;
    const ReplayedLog& previous = replay_.logs.back();
    return link.predecessor == previous.number && link.end_offset == previous.end_offset &&
           link.last_lsn == replay_.last_lsn;
  }

  void ExtendChain(FileNumber number, uint64_t end_offset) {
    replay_.logs.push_back({.number = number, .end_offset = end_offset, .memtable = new_memtable_()});
    replay_.proven_durable = false;
    is_end_known_ = false;
  }

  absl::Status ReplayFrames(wal::Reader& reader, const wal::Frame& link_frame, const LogLink& link, FileNumber number) {
    // What the first log of the chain follows has been flushed.
    replay_.last_lsn = std::max(replay_.last_lsn, link.last_lsn);
    const Lsn next = link_frame.first_lsn;
    ExtendChain(number, reader.offset());
    ReplayedLog& log = replay_.logs.back();
    Memtable::Loader loader(log.memtable.get());
    AETERNUS_RETURN_IF_ERROR(ReplayBatches(reader, next, number, &log, &loader));
    loader.Finish();
    return absl::OkStatus();
  }

  // The batches of one log, from LSN `next` on, up to where it ends; then takes note of what lies behind them.
  absl::Status ReplayBatches(wal::Reader& reader, Lsn next, FileNumber number, ReplayedLog* log,
                             Memtable::Loader* loader) {
    while (true) {
      if (IsCutLog(number) && reader.offset() >= manifest_.cut->offset_bytes) {
        is_end_known_ = true;
        return NoteFrames(reader, std::nullopt, number);
      }
      AETERNUS_ASSIGN_OR_RETURN(const std::optional<wal::Frame> frame, reader.Next());
      if (!frame.has_value()) return NoteFrames(reader, std::nullopt, number);
      if (frame->type != wal::FrameType::kBatch || frame->first_lsn != next || frame->lsn_count == 0) {
        is_end_known_ = frame->type == wal::FrameType::kSeal && frame->first_lsn == replay_.last_lsn;
        replay_.proven_durable = is_end_known_ && frame->synced_lsn == replay_.last_lsn;
        return NoteFrames(reader, frame, number);
      }
      AETERNUS_RETURN_IF_ERROR(ApplyBatch(*frame, reader.path(), reader.frame_offset(), loader));
      replay_.last_lsn = frame->last_lsn();
      replay_.max_lsn = std::max(replay_.max_lsn, replay_.last_lsn);
      next = Lsn(replay_.last_lsn.value + 1);
      log->end_offset = reader.offset();
    }
  }

  // `frame` and every valid frame behind it: their LSNs were used, and what they know to be durable may prove a loss.
  // Links hold no LSN of their own.
  absl::Status NoteFrames(wal::Reader& reader, std::optional<wal::Frame> frame, FileNumber number) {
    if (!frame.has_value()) {
      AETERNUS_ASSIGN_OR_RETURN(frame, reader.ScanNext());
    }
    Witness witness{.log = number};
    while (frame.has_value()) {
      if (frame->type != wal::FrameType::kLink) replay_.max_lsn = std::max(replay_.max_lsn, frame->last_lsn());
      const bool is_cut_off = IsCutLog(number) && reader.frame_offset() >= manifest_.cut->offset_bytes;
      if (!is_cut_off && frame->synced_lsn > witness.synced_lsn) {
        witness.synced_lsn = frame->synced_lsn;
        witness.offset = reader.frame_offset();
      }
      AETERNUS_ASSIGN_OR_RETURN(frame, reader.ScanNext());
    }
    if (!IsRetired(number) && !IsDead(number)) witnesses_.push_back(witness);
    return absl::OkStatus();
  }

  // Behind the end of the chain: a frame that was written when a missing LSN was already durable.
  absl::Status CheckWitnesses() const {
    if (replay_.logs.empty() || IsPlanted(PlantedBug::kWitnessesIgnored)) return absl::OkStatus();
    for (const Witness& witness : witnesses_) {
      if (witness.log < replay_.logs.back().number || witness.synced_lsn <= replay_.last_lsn) continue;
      return LostLsns(witness.synced_lsn, absl::StrCat("a later frame proves (at offset ", witness.offset, " of ",
                                                       LogName(witness.log), ")"));
    }
    return absl::OkStatus();
  }

  // Of the frames behind the end of one log, the one that knows most.
  struct Witness {
    FileNumber log{};
    uint64_t offset = 0;
    Lsn synced_lsn{};
  };

  env::FileSystem* const file_system_;
  const std::string& dir_;
  const ManifestState& manifest_;
  const std::vector<FileNumber>& log_numbers_;
  const std::function<std::shared_ptr<Memtable>()>& new_memtable_;
  Replay replay_;
  std::vector<Witness> witnesses_;
  std::vector<FileNumber> superseded_;  // dead, as a later log says
  bool chain_ended_ = false;
  bool is_end_known_ = false;  // the last log of the chain ends where its replay did, as a seal or the cut says
};

}  // namespace

bool Replay::holds_entries() const {
  return std::any_of(logs.begin(), logs.end(), [](const ReplayedLog& log) { return !log.memtable->empty(); });
}

absl::StatusOr<Replay> ReplayLogs(env::FileSystem* file_system, const std::string& dir, const ManifestState& manifest,
                                  const std::vector<FileNumber>& log_numbers,
                                  const std::function<std::shared_ptr<Memtable>()>& new_memtable) {
  return Replayer(file_system, dir, manifest, log_numbers, new_memtable).Run();
}

absl::Status MakeReplayDurable(env::FileSystem* file_system, const std::string& dir, const Replay& replay) {
  constexpr uint64_t kChunkBytes = 1 << 20;
  if (replay.proven_durable || replay.logs.empty()) return absl::OkStatus();
  std::string chunk;
  for (const ReplayedLog& log : replay.logs) {
    const std::string path = env::JoinPath(dir, LogName(log.number));
    AETERNUS_ASSIGN_OR_RETURN(const auto source, file_system->NewRandomAccessFile(path));
    AETERNUS_ASSIGN_OR_RETURN(const auto patch, file_system->NewPatchFile(path));
    for (uint64_t at = 0; at < log.end_offset; at += chunk.size()) {
      chunk.resize(std::min(kChunkBytes, log.end_offset - at));
      AETERNUS_RETURN_IF_ERROR(source->Read(at, absl::MakeSpan(chunk)));
      AETERNUS_RETURN_IF_ERROR(patch->WriteAt(at, chunk));
    }
    AETERNUS_RETURN_IF_ERROR(env::AsFinal(patch->Sync()));
  }
  return env::AsFinal(file_system->SyncDirectory(dir));
}

}  // namespace aeternus
