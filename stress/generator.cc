#include "stress/generator.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aeternus::stress {

Operation DrawOperation(Lcg& lcg, const OperationShape& shape) {
  const uint64_t percent = lcg.Next(100);
  Operation operation;
  operation.index = lcg.Next(shape.key_count);
  const uint64_t put_end = shape.mix.put;
  const uint64_t delete_end = put_end + shape.mix.point_delete;
  const uint64_t range_end = delete_end + shape.mix.range_delete;
  if (percent < put_end) {
    operation.kind = Operation::Kind::kPut;
    operation.random = lcg.NextU64();
  } else if (percent < delete_end) {
    operation.kind = Operation::Kind::kDelete;
  } else if (percent < range_end) {
    operation.kind = Operation::Kind::kDeleteRange;
    operation.end_index = std::min(operation.index + lcg.Next(shape.range_width_max) + 1, shape.key_count);
  } else {
    operation.kind = Operation::Kind::kOverwrite;
    operation.random = lcg.NextU64();
  }
  return operation;
}

std::string KeyName(uint64_t index) { return absl::StrFormat("key_%04d", index); }

std::string ValueOf(const Operation& operation, ValueNaming naming, uint64_t round) {
  const bool is_overwrite = operation.kind == Operation::Kind::kOverwrite;
  switch (naming) {
    case ValueNaming::kPlain:
      return absl::StrCat(is_overwrite ? "ow" : "v", operation.index, "_", operation.random);
    case ValueNaming::kVerbose:
      return absl::StrCat(is_overwrite ? "overwrite_" : "val_", operation.index, "_r", operation.random);
    case ValueNaming::kRound:
      return absl::StrCat(is_overwrite ? "ow" : "v", operation.index, "_r", round, "_", operation.random);
  }
  return {};
}

}  // namespace aeternus::stress
