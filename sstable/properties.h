// The properties block (byte table in format.h): what a table says about itself, as names and values. Names are terse,
// since small tables are many.
#ifndef AETERNUS_SSTABLE_PROPERTIES_H_
#define AETERNUS_SSTABLE_PROPERTIES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace aeternus::sstable {

using Properties = std::map<std::string, std::string>;

// Text.
inline constexpr char kWriterProperty[] = "writer";
inline constexpr char kCodecProperty[] = "codec";
inline constexpr char kFilterProperty[] = "filter";
inline constexpr char kHashProperty[] = "hash";
// Numbers.
inline constexpr char kFilterMillibitsProperty[] = "filter_mbits";  // bits for each key, times 1000
inline constexpr char kPutCountProperty[] = "puts";
inline constexpr char kDeleteCountProperty[] = "deletes";
inline constexpr char kRangeTombstoneCountProperty[] = "ranges";
inline constexpr char kRawKeyBytesProperty[] = "key_bytes";
inline constexpr char kRawValueBytesProperty[] = "value_bytes";
inline constexpr char kCreationTimeProperty[] = "created_us";            // since the Unix epoch
inline constexpr char kOldestTombstoneTimeProperty[] = "oldest_del_us";  // 0: no tombstones

// The value of a number.
std::string NumberProperty(uint64_t number);
// A property as a number; DataLoss, naming `file`, when it is missing or no number.
absl::StatusOr<uint64_t> ReadNumberProperty(const Properties& properties, const std::string& name,
                                            std::string_view file);

std::string EncodeProperties(const Properties& properties);
absl::StatusOr<Properties> DecodeProperties(std::string_view block, std::string_view file, uint64_t offset);

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_PROPERTIES_H_
