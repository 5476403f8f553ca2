// A client of a Db that other clients use at the same time: does random operations of every kind and keeps, for each,
// what it was told and when (history.h). Meant for few keys, many clients and small memtables, so that everybody meets.
//
//   Client client("client-1", seed, &db, &ticks, {.keys = 8});
//   client.Run(/*operations=*/6);               // by a thread of its own
//   client.AppendTo(&operations);               // when that has ended
//
// Operations: put, delete, range delete, batch, each synced or not; get, pinned get, scan; iterators that are walked in
// both directions, kept, walked again and refreshed; snapshots, read at once and later; Flush, MajorCompact, Stats; and
// a fork of the disk as a crash would leave it. What the client holds is released at the end of Run.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_CLIENT_H_
#define AETERNUS_STRESS_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/db.h"
#include "env/testing/sim_file_system.h"
#include "stress/history.h"
#include "stress/rng.h"

namespace aeternus::stress {

struct ClientOptions {
  int keys = 8;
  // Values have up to as many bytes, and a beginning that no other value has.
  size_t value_bytes_max = 400;
  // Where the power may fail; null: nowhere.
  env::testing::SimFileSystem* disk = nullptr;
  // The database may be closed meanwhile: the client then ends early.
  bool may_be_closed = false;
};

// A disk as it was left between two ticks.
struct CrashedDisk {
  bool lost_power;  // else the process was killed
  uint64_t begin, end;
  std::unique_ptr<env::testing::SimFileSystem> disk;
};

class Client {
 public:
  // `db` and `ticks` outlive it.
  Client(std::string name, uint64_t seed, Db* db, Ticks* ticks, const ClientOptions& options);
  ~Client();

  const std::string& name() const { return name_; }
  void Run(int operations);

  // Moves what was done to the end of *operations and *crashes.
  void AppendTo(std::vector<Operation>* operations, std::vector<CrashedDisk>* crashes);
  // The first error, or answer that is wrong by itself; OK if there was none.
  const absl::Status& status() const { return status_; }

 private:
  enum class Kind {
    kPut,
    kDelete,
    kDeleteRange,
    kBatch,
    kGet,
    kPinned,
    kScan,
    kIterate,
    kSnapshot,
    kFlush,
    kCompact,
    kStats,
    kCrash
  };

  void RunOne();
  Kind RandomKind();
  std::string RandomKey();
  std::string RandomValue();
  Change RandomChange(Kind kind);

  void Write(Kind kind);
  void Get();
  void GetPinned();
  void Scan();
  void Iterate();
  absl::Status Walk(Iterator& iterator, Reading* reading);
  void TakeSnapshot();
  void Flush();
  void Compact();
  void ReadStats();
  void Crash();
  void ReleaseAll();

  // An operation from the tick at which it begins.
  Operation Begin(std::string what) const;
  // Notes it as ended, or why it failed.
  void End(Operation operation, const absl::Status& status);
  void Fail(std::string why);
  // To read at the snapshot that is held, perhaps; `operation` is told.
  ReadOptions RandomReadOptions(Operation* operation);

  const std::string name_;
  Rng rng_;
  Db* const db_;
  Ticks* const ticks_;
  const ClientOptions options_;
  const uint64_t profile_;  // what it mostly does: write, read, or everything

  int next_value_ = 1;
  uint64_t last_synced_ = 0;
  bool is_closed_ = false;
  absl::Status status_;
  std::vector<Operation> operations_;
  std::vector<CrashedDisk> crashes_;

  // Held over several operations.
  std::unique_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Iterator> iterator_;
  std::optional<Reading> iterator_range_;
  PinnedValue pinned_;
  std::string pinned_bytes_;  // what it has to read
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CLIENT_H_
