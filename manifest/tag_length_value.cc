#include "manifest/tag_length_value.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus {

void PutRecord(std::string* out, uint64_t tag, std::string_view value) {
  PutVarint64(out, tag);
  PutLengthPrefixed(out, value);
}

absl::StatusOr<TagSet> TakeRecords(std::string_view bytes, std::string_view what, std::string_view file,
                                   uint64_t offset, TagSet repeatable,
                                   absl::FunctionRef<absl::StatusOr<bool>(uint64_t tag, Decoder& value)> take) {
  TagSet seen = 0;
  Decoder in(bytes, what, file, offset);
  while (!in.empty()) {
    AETERNUS_ASSIGN_OR_RETURN(const uint64_t tag, in.TakeVarint64("tag"));
    AETERNUS_ASSIGN_OR_RETURN(const std::string_view value_bytes, in.TakeLengthPrefixed("value"));
    Decoder value(value_bytes, what, file, in.offset() - value_bytes.size());
    AETERNUS_ASSIGN_OR_RETURN(const bool is_known, take(tag, value));
    if (is_known) {
      AETERNUS_RETURN_IF_ERROR(value.ExpectEnd());
      if ((seen & OneTag(tag) & ~repeatable) != 0) return value.Error(absl::StrCat("tag ", tag, " comes twice"));
      seen |= OneTag(tag);
    } else if ((tag & kIgnorableTagBit) == 0) {
      return absl::UnimplementedError(absl::StrCat(file, " at offset ", value.offset(), ": ", what, " with tag ", tag,
                                                   ", which this library does not know; open it with a newer version"));
    }
  }
  return seen;
}

}  // namespace aeternus
