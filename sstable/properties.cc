#include "sstable/properties.h"

#include "base/coding.h"
#include "base/status.h"

namespace aeternus::sstable {

std::string NumberProperty(uint64_t number) {
  std::string value;
  PutVarint64(&value, number);
  return value;
}

absl::StatusOr<uint64_t> ReadNumberProperty(const Properties& properties, const std::string& name,
                                            std::string_view file) {
  const auto it = properties.find(name);
  if (it == properties.end())
    return absl::DataLossError(absl::StrCat("table ", file, " has no property \"", name, "\""));
  const std::string what = absl::StrCat("property \"", name, "\" of table ", file);
  Decoder in(it->second, what);
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t number, in.TakeVarint64("number"));
  AETERNUS_RETURN_IF_ERROR(in.ExpectEnd());
  return number;
}

std::string EncodeProperties(const Properties& properties) {
  std::string out;
  PutVarint64(&out, properties.size());
  for (const auto& [name, value] : properties) {
    PutLengthPrefixed(&out, name);
    PutLengthPrefixed(&out, value);
  }
  return out;
}

absl::StatusOr<Properties> DecodeProperties(std::string_view block, std::string_view file, uint64_t offset) {
  Decoder in(block, "properties block", file, offset);
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t count, in.TakeVarint64("count"));
  Properties properties;
  while (!in.empty()) {
    AETERNUS_ASSIGN_OR_RETURN(const std::string_view name, in.TakeLengthPrefixed("name"));
    AETERNUS_ASSIGN_OR_RETURN(const std::string_view value, in.TakeLengthPrefixed("value"));
    if (!properties.empty() && name <= properties.rbegin()->first) return in.Error("names out of order");
    properties.emplace_hint(properties.end(), name, value);
  }
  if (count != properties.size()) {
    return in.Error(absl::StrCat("holds ", properties.size(), " properties, says ", count));
  }
  return properties;
}

}  // namespace aeternus::sstable
