// The encoding of a write batch: the payload of a batch frame in the log, and what WriteBatch holds in memory, so that
// committing copies bytes once. Operation i of a batch has LSN first + i.
//
// One operation:
//   u8      kind: 1 put, 2 delete, 3 range delete (base/entry.h)
//   varint  keyspace: 0
//   varint  key size, then the key (the start of the range for a range delete)
//   put:           varint value size, then the value
//   range delete:  u8 1: varint end size, then the end follow; 0: the range is unbounded
//
// Decoding never trusts a length. What a decoded operation says is checked by CheckOperation, on the way in and again
// in recovery.
#ifndef AETERNUS_ENGINE_BATCH_FORMAT_H_
#define AETERNUS_ENGINE_BATCH_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aeternus/write_batch.h"
#include "base/coding.h"
#include "base/entry.h"

namespace aeternus {

void EncodePut(std::string* out, std::string_view key, std::string_view value);
void EncodeDelete(std::string* out, std::string_view key);
void EncodeDeleteRange(std::string* out, std::string_view start, std::optional<std::string_view> end);

// One decoded operation; views into the batch.
struct BatchOperation {
  EntryKind kind = EntryKind::kInvalid;
  std::string_view key;
  std::string_view value;               // puts
  std::optional<std::string_view> end;  // range deletes; absent: unbounded
};

// Walks the operations of a batch.
class BatchReader {
 public:
  // `file` and `offset` say where the bytes come from, for error messages.
  explicit BatchReader(std::string_view operations, std::string_view file = "", uint64_t offset = 0)
      : in_(operations, "write batch", file, offset) {}

  // The next operation, or nullopt behind the last. DataLoss when damaged.
  absl::StatusOr<std::optional<BatchOperation>> Next();

 private:
  Decoder in_;
};

// Calls `visit(operation)` for each of the operations in `batch`, in order, for as long as it returns true. For bytes
// that this process has encoded itself, or that BatchReader has read to their end: nothing is checked.
template <typename Visit>
void ForEachOperation(const WriteBatch& batch, const Visit& visit);

// A key of a request: InvalidArgument when it is empty, ResourceExhausted when it is longer than a key can be. `what`
// it is, for the message.
absl::Status CheckKey(std::string_view what, std::string_view key);
// ResourceExhausted for a batch that is too large for one frame of the log.
absl::Status CheckBatchSize(uint64_t size_bytes);
// What a commit checks before anything is logged: InvalidArgument for an empty key or a reversed or empty range,
// ResourceExhausted for a key, value or batch beyond the limits (base/entry.h).
absl::Status CheckOperation(const BatchOperation& operation);
absl::Status CheckBatch(const WriteBatch& batch);

// The door to a batch's bytes.
class BatchAccess {
 public:
  static const std::string& Operations(const WriteBatch& batch) { return batch.operations_; }
};

// ---- implementation ----

namespace internal {

inline std::string_view TakeTrusted(const char** at, const char* end) {
  uint64_t size = 0;
  const char* const bytes = LoadVarint64(*at, end, &size);
  *at = bytes + size;
  return {bytes, size};
}

}  // namespace internal

template <typename Visit>
void ForEachOperation(const WriteBatch& batch, const Visit& visit) {
  const std::string& bytes = BatchAccess::Operations(batch);
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    BatchOperation operation;
    operation.kind = static_cast<EntryKind>(*at);
    at += 2;  // the kind, and the keyspace, which is 0
    operation.key = internal::TakeTrusted(&at, end);
    if (operation.kind == EntryKind::kPut) operation.value = internal::TakeTrusted(&at, end);
    if (operation.kind == EntryKind::kRangeDelete && *at++ != 0) operation.end = internal::TakeTrusted(&at, end);
    if (!visit(operation)) return;
  }
}

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_BATCH_FORMAT_H_
