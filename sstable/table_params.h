// What the caller knows of a table beforehand, from the manifest; checked against the file.
#ifndef AETERNUS_SSTABLE_TABLE_PARAMS_H_
#define AETERNUS_SSTABLE_TABLE_PARAMS_H_

#include <cstdint>
#include <string>

#include "base/types.h"
#include "cache/frame_cache.h"
#include "env/file_system.h"

namespace aeternus::sstable {

struct TableParams {
  env::FileSystem* file_system = nullptr;
  std::string path;
  DatabaseId database_id;
  FileNumber number;
  uint64_t size_bytes = 0;
  bool has_range_tombstones = false;  // if not, the tombstone block is never looked for
  FrameCache* cache = nullptr;        // outlives the table and all pins
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_PARAMS_H_
