#include "tools/load.h"

#include "absl/status/statusor.h"
#include "tools/record.h"

namespace aeternus::tools {

LoadResult Load(RecordReader& reader, const LoadOptions& options,
                absl::FunctionRef<absl::Status(const WriteBatch&)> write,
                absl::FunctionRef<void(uint64_t, uint64_t)> progress) {
  LoadResult result;
  WriteBatch batch;
  const auto write_batch = [&] {
    if (batch.empty()) return true;
    result.write_status = write(batch);
    if (!result.write_status.ok()) return false;
    result.records += batch.count();
    batch.Clear();
    progress(result.records, reader.bytes_read());
    return true;
  };
  Record record;
  while (true) {
    absl::StatusOr<bool> found = reader.Next(&record);
    if (!found.ok()) result.input_status = found.status();
    if (!found.ok() || !*found) break;
    batch.Put(record.key, record.value);
    const bool is_full = batch.count() >= options.batch_records || batch.size_bytes() >= options.batch_bytes;
    if (is_full && !write_batch()) return result;
  }
  write_batch();
  return result;
}

}  // namespace aeternus::tools
