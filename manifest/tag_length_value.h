// Tag-length-value records, the encoding of version edits and of the tables within them:
//
//   varint tag, varint length, `length` bytes
//
// A tag that is odd may be skipped by a reader that does not know it; one that is even may not: such a reader refuses
// the whole with Unimplemented. That is how later versions add facts without a new format.
#ifndef AETERNUS_MANIFEST_TAG_LENGTH_VALUE_H_
#define AETERNUS_MANIFEST_TAG_LENGTH_VALUE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/coding.h"

namespace aeternus {

inline constexpr uint64_t kIgnorableTagBit = 1;

// A set of tags below 64.
using TagSet = uint64_t;
constexpr TagSet OneTag(uint64_t tag) { return tag < 64 ? uint64_t{1} << tag : 0; }

void PutRecord(std::string* out, uint64_t tag, std::string_view value);

// Hands each record of `bytes` to `take`, which answers whether it knows the tag and, if so, takes the value to its
// end. DataLoss for records that are cut short, hold more than was taken, or come twice without being `repeatable`.
// Returns the known tags that were there. `what`, `file` and `offset` (of `bytes` in the file) are for messages.
absl::StatusOr<TagSet> TakeRecords(std::string_view bytes, std::string_view what, std::string_view file,
                                   uint64_t offset, TagSet repeatable,
                                   absl::FunctionRef<absl::StatusOr<bool>(uint64_t tag, Decoder& value)> take);

}  // namespace aeternus

#endif  // AETERNUS_MANIFEST_TAG_LENGTH_VALUE_H_
