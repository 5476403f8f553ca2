// What a salvage found, and what it could not save.
//
// Thread safety: plain data.
#ifndef AETERNUS_SALVAGE_REPORT_H_
#define AETERNUS_SALVAGE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aeternus::salvage {

// Something that should be there and proves nothing, or is not there at all.
struct Loss {
  std::string file;  // its name in the directory
  uint64_t offset = 0;
  uint64_t size_bytes = 0;  // 0: unknown, or not a matter of bytes
  std::string what;
  bool may_hold_entries = true;
  // How many entries are missing for certain, where something says so.
  std::optional<uint64_t> entries = std::nullopt;
  // Of a table: the keys that are missing lie between these, both included; absent: unbounded. Of anything else the
  // keys are unknown.
  bool has_key_range = false;
  std::optional<std::string> after = std::nullopt;
  std::optional<std::string> before = std::nullopt;
};

// A file that was left alone.
struct IgnoredFile {
  std::string file;
  std::string why;
};

struct Report {
  std::string manifest;  // the name of the one that was used; empty: none could be read
  uint64_t tables = 0;   // that were read, as far as they can be
  uint64_t logs = 0;
  std::vector<Loss> losses;
  // What the target may show although the source did not: deleted data, older values.
  std::vector<std::string> warnings;
  std::vector<IgnoredFile> ignored;

  uint64_t good_entries = 0;  // versions and tombstones that were proven good and used
  // Operations of logs that stand behind a damaged place: used, or left out if so asked.
  uint64_t behind_damage = 0;
  bool used_behind_damage = true;
  // Operations that an earlier recovery had discarded: left out.
  uint64_t discarded = 0;

  uint64_t written_records = 0;  // to the target: the visible ones
  uint64_t written_bytes = 0;

  bool is_complete() const { return losses.empty(); }
};

}  // namespace aeternus::salvage

#endif  // AETERNUS_SALVAGE_REPORT_H_
