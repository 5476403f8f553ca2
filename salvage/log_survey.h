// What of a log can still be proven: its valid frames, in front of damage and behind it, as one sorted layer. The
// values stay in the file: an index in memory says where each is, and the iterator reads it and checks it again.
//
//   AETERNUS_ASSIGN_OR_RETURN(auto log, LogSurvey::Make(fs, dir, FileNumber(12), {.database = id}));
//   const std::unique_ptr<EntryIterator> it = log->NewIterator();
//
// Memory: one frame while it is made; the keys, and some fifty bytes for each operation.
//
// Thread safety: immutable once made; iterators by one thread each.
#ifndef AETERNUS_SALVAGE_LOG_SURVEY_H_
#define AETERNUS_SALVAGE_LOG_SURVEY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entry.h"
#include "base/types.h"
#include "engine/log_chain.h"
#include "env/file_system.h"
#include "iterator/entry_iterator.h"
#include "iterator/fragmented_tombstones.h"
#include "salvage/report.h"
#include "wal/frame.h"
#include "wal/reader.h"

namespace aeternus::salvage {

// The link with which a log begins, or nullopt when there is no such frame.
absl::StatusOr<std::optional<LogLink>> ReadLink(env::FileSystem* file_system, const std::string& dir,
                                                DatabaseId database, FileNumber number);

class LogSurvey : public std::enable_shared_from_this<LogSurvey> {
 public:
  enum class Use { kAll, kUpToDamage, kNothing };
  struct Options {
    DatabaseId database;
    uint64_t dead_from = UINT64_MAX;  // frames from this offset on were discarded by an earlier recovery
    Use use = Use::kAll;
  };

  // Damage, and what cannot be read, are answers; NotFound.
  static absl::StatusOr<std::shared_ptr<const LogSurvey>> Make(env::FileSystem* file_system, const std::string& dir,
                                                               FileNumber number, const Options& options);

  FileNumber number() const { return number_; }
  // Whether there is a damaged place with valid frames behind it, or bytes at the end that are no frame.
  bool is_damaged() const { return !losses_.empty(); }
  const std::vector<Loss>& losses() const { return losses_; }
  // Where the last batch in front of the first damage ends, and its last LSN (kMinLsn: there is none).
  uint64_t end_offset() const { return end_offset_; }
  Lsn last_lsn() const { return last_lsn_; }
  // The same of the last batch anywhere, damage in front of it or not; kFileIdentitySizeBytes and kMinLsn: none.
  uint64_t reached_offset() const { return reached_offset_; }
  Lsn reached_lsn() const { return reached_lsn_; }
  // Whether there is any frame.
  bool is_used() const { return is_used_; }
  // The largest synced LSN of any frame.
  Lsn synced_lsn() const { return synced_lsn_; }
  // Operations used; behind damage, used or not; discarded earlier.
  uint64_t operation_count() const { return entries_.size() + tombstone_count_; }
  uint64_t behind_damage() const { return behind_damage_; }
  uint64_t left_out() const { return left_out_; }
  uint64_t discarded() const { return discarded_; }

  const std::shared_ptr<const FragmentedTombstones>& range_tombstones() const { return tombstones_; }
  // Over the puts and deletes. Ends with an error when the file has changed since the survey.
  std::unique_ptr<EntryIterator> NewIterator() const;

 private:
  struct Entry {
    std::string key;
    Lsn lsn;
    EntryKind kind;
    uint64_t value_offset;  // in the file
    uint32_t value_size;
    uint32_t value_checksum;
  };
  class IndexIterator;

  LogSurvey(std::string name, FileNumber number) : name_(std::move(name)), number_(number) {}

  void Run(wal::Reader& reader, const Options& options);
  // The next valid frame, behind a gap if there is one, which is noted; nullopt at the end.
  absl::StatusOr<std::optional<wal::Frame>> NextFrame(wal::Reader& reader, const Options& options);
  void Take(const wal::Frame& frame, uint64_t offset, const Options& options);
  // False, and nothing taken, when it does not decode.
  bool TakeBatch(const wal::Frame& frame, uint64_t offset);
  absl::Status NoteEnd(uint64_t begin, const Options& options);
  absl::StatusOr<std::string> ReadValue(const Entry& entry) const;
  void Lose(uint64_t offset, uint64_t size_bytes, std::string what, std::optional<uint64_t> entries);

  const std::string name_;
  const FileNumber number_;
  std::unique_ptr<env::RandomAccessFile> file_;
  std::vector<Entry> entries_;  // in internal order once made
  std::vector<RangeTombstone> pending_tombstones_;
  std::shared_ptr<const FragmentedTombstones> tombstones_ = std::make_shared<FragmentedTombstones>();
  uint64_t tombstone_count_ = 0;
  std::vector<Loss> losses_;
  bool is_used_ = false;
  uint64_t end_offset_ = 0;
  Lsn last_lsn_;
  uint64_t reached_offset_ = 0;
  Lsn reached_lsn_;
  Lsn next_lsn_;  // that a batch which follows would have; kMinLsn: unknown
  Lsn synced_lsn_;
  uint64_t behind_damage_ = 0;
  uint64_t left_out_ = 0;
  uint64_t discarded_ = 0;
};

}  // namespace aeternus::salvage

#endif  // AETERNUS_SALVAGE_LOG_SURVEY_H_
