// Loads records into a database in batches.
//
// Each batch is atomic, so after an error exactly the records of the batches written before it are there. A malformed
// record is such an error, but the good ones before it are written first.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_TOOLS_LOAD_H_
#define AETERNUS_TOOLS_LOAD_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "aeternus/write_batch.h"
#include "tools/record_reader.h"

namespace aeternus::tools {

struct LoadOptions {
  // A batch is written when it has this many records, or its bytes reach this.
  size_t batch_records = 1000;
  size_t batch_bytes = size_t{1} << 20;
};

struct LoadResult {
  uint64_t records = 0;       // written
  absl::Status input_status;  // why the input ended early; OK at its end
  absl::Status write_status;  // the error of a write, if any: the input was not read to its end
};

// Reads `reader` to its end and gives batches to `write`. `progress` is told after each batch how many records are
// written and how many bytes of the input are read.
LoadResult Load(RecordReader& reader, const LoadOptions& options,
                absl::FunctionRef<absl::Status(const WriteBatch&)> write,
                absl::FunctionRef<void(uint64_t records, uint64_t bytes)> progress);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_LOAD_H_
