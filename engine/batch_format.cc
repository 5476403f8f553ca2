#include "engine/batch_format.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus {
namespace {

constexpr uint8_t kUnboundedEnd = 0;
constexpr uint8_t kEndFollows = 1;

void EncodeHead(std::string* out, EntryKind kind, std::string_view key) {
  char head[2 + kMaxVarint64SizeBytes] = {static_cast<char>(kind), 0 /* keyspace */};
  out->append(head, static_cast<size_t>(StoreVarint64(head + 2, key.size()) - head));
  out->append(key);
}

}  // namespace

void EncodePut(std::string* out, std::string_view key, std::string_view value) {
  EncodeHead(out, EntryKind::kPut, key);
  PutLengthPrefixed(out, value);
}

void EncodeDelete(std::string* out, std::string_view key) { EncodeHead(out, EntryKind::kDelete, key); }

void EncodeDeleteRange(std::string* out, std::string_view start, std::optional<std::string_view> end) {
  EncodeHead(out, EntryKind::kRangeDelete, start);
  PutU8(out, end.has_value() ? kEndFollows : kUnboundedEnd);
  if (end.has_value()) PutLengthPrefixed(out, *end);
}

absl::StatusOr<std::optional<BatchOperation>> BatchReader::Next() {
  if (in_.empty()) return std::nullopt;
  BatchOperation operation;
  AETERNUS_ASSIGN_OR_RETURN(const uint8_t kind, in_.TakeU8("operation kind"));
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t keyspace, in_.TakeVarint64("keyspace"));
  if (keyspace != 0) return in_.Error(absl::StrCat("keyspace ", keyspace, ", only 0 exists"));
  AETERNUS_ASSIGN_OR_RETURN(operation.key, in_.TakeLengthPrefixed("key"));
  operation.kind = static_cast<EntryKind>(kind);
  switch (operation.kind) {
    case EntryKind::kPut: {
      AETERNUS_ASSIGN_OR_RETURN(operation.value, in_.TakeLengthPrefixed("value"));
      return operation;
    }
    case EntryKind::kDelete:
      return operation;
    case EntryKind::kRangeDelete: {
      AETERNUS_ASSIGN_OR_RETURN(const uint8_t end_follows, in_.TakeU8("range end flag"));
      if (end_follows > kEndFollows) return in_.Error(absl::StrCat("range end flag ", end_follows));
      if (end_follows == kEndFollows) {
        AETERNUS_ASSIGN_OR_RETURN(operation.end, in_.TakeLengthPrefixed("range end"));
      }
      return operation;
    }
    default:
      return in_.Error(absl::StrCat("operation kind ", kind));
  }
}

absl::Status CheckKey(std::string_view what, std::string_view key) {
  if (key.empty())
    return absl::InvalidArgumentError(absl::StrCat("the ", what, " is empty; keys have at least a byte"));
  if (key.size() > kMaxKeySizeBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the ", what, " has ", key.size(), " bytes, the limit is ", kMaxKeySizeBytes));
  }
  return absl::OkStatus();
}

absl::Status CheckBatchSize(uint64_t size_bytes) {
  if (size_bytes <= kMaxBatchSizeBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the write batch has ", size_bytes, " bytes, the limit is ", kMaxBatchSizeBytes));
}

absl::Status CheckOperation(const BatchOperation& operation) {
  const bool is_range = operation.kind == EntryKind::kRangeDelete;
  AETERNUS_RETURN_IF_ERROR(CheckKey(is_range ? "start of the range" : "key", operation.key));
  if (operation.value.size() > kMaxValueSizeBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the value has ", operation.value.size(), " bytes, the limit is ", kMaxValueSizeBytes));
  }
  if (!is_range || !operation.end.has_value()) return absl::OkStatus();
  AETERNUS_RETURN_IF_ERROR(CheckKey("end of the range", *operation.end));
  if (operation.key >= *operation.end) {
    return absl::InvalidArgumentError(absl::StrCat("the range [\"", absl::CHexEscape(operation.key), "\", \"",
                                                   absl::CHexEscape(*operation.end),
                                                   "\") is empty or reversed; start must be below end"));
  }
  return absl::OkStatus();
}

absl::Status CheckBatch(const WriteBatch& batch) {
  AETERNUS_RETURN_IF_ERROR(CheckBatchSize(batch.size_bytes()));
  absl::Status status;
  uint32_t i = 0;
  ForEachOperation(batch, [&](const BatchOperation& operation) {
    status = CheckOperation(operation);
    if (!status.ok() && batch.count() > 1) status = Annotate(status, absl::StrCat("operation ", i, " of the batch"));
    ++i;
    return status.ok();
  });
  return status;
}

}  // namespace aeternus
