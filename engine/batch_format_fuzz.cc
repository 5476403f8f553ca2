#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "aeternus/write_batch.h"
#include "base/entry.h"
#include "base/testing/fuzz.h"
#include "engine/batch_format.h"

namespace aeternus::fuzzing {
namespace {

void Encode(const BatchOperation& operation, std::string* out) {
  switch (operation.kind) {
    case EntryKind::kPut:
      return EncodePut(out, operation.key, operation.value);
    case EntryKind::kDelete:
      return EncodeDelete(out, operation.key);
    default:
      CHECK(operation.kind == EntryKind::kRangeDelete);
      return EncodeDeleteRange(out, operation.key, operation.end);
  }
}

void CheckAccepted(const BatchOperation& operation) {
  CHECK(!operation.key.empty());
  CHECK_LE(operation.key.size(), kMaxKeySizeBytes);
  CHECK_LE(operation.value.size(), kMaxValueSizeBytes);
  if (operation.end.has_value()) CHECK_LT(operation.key, *operation.end);
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  BatchReader reader(input, "fuzz");
  std::string encoded;
  while (true) {
    const absl::StatusOr<std::optional<BatchOperation>> operation = reader.Next();
    if (!operation.ok()) return false;
    if (!operation->has_value()) break;
    Encode(**operation, &encoded);
    CHECK_EQ(encoded, input.substr(0, encoded.size())) << "a batch has one encoding";
    if (CheckOperation(**operation).ok()) CheckAccepted(**operation);
  }
  CHECK_EQ(encoded.size(), input.size());
  return true;
}

std::vector<Seed> Seeds() {
  WriteBatch batch;
  batch.Put("key", "value");
  batch.Put("key", "");
  batch.Delete("key");
  batch.DeleteRange("a", "b");
  batch.DeleteRange("b", "a");  // for CheckOperation to refuse
  batch.Put(std::string(130, 'k'), std::string(200, 'v'));
  std::string unbounded;
  EncodeDeleteRange(&unbounded, "a", std::nullopt);
  return {{"every_kind", BatchAccess::Operations(batch)}, {"unbounded", unbounded}, {"empty", ""}};
}

}  // namespace aeternus::fuzzing
