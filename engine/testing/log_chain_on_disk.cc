#include "engine/testing/log_chain_on_disk.h"

#include "base/status.h"
#include "engine/file_names.h"
#include "env/file_system.h"
#include "gtest/gtest.h"
#include "wal/frame.h"

namespace aeternus::testing {

LogChainOnDisk::LogChainOnDisk() : chain_([this] { return MakeSegment(); }, LogLink{}, Lsn(0)) {
  EXPECT_EQ(fs_.CreateDirectory("db"), absl::OkStatus());
}

std::string LogChainOnDisk::PathOf(FileNumber number) { return "db/" + LogName(number); }

absl::StatusOr<std::unique_ptr<wal::Writer>> LogChainOnDisk::MakeSegment() {
  const FileNumber number(next_number_++);
  AETERNUS_ASSIGN_OR_RETURN(
      std::unique_ptr<wal::Writer> writer,
      wal::Writer::Create(&fs_, PathOf(number), {.kind = FileKind::kLog, .database_id = kDatabase, .number = number},
                          allocate_bytes_, head_));
  AETERNUS_RETURN_IF_ERROR(fs_.SyncDirectory("db"));
  return writer;
}

absl::Status LogChainOnDisk::Append(const std::string& payload, uint32_t count) {
  const wal::Frame batch = {.type = wal::FrameType::kBatch,
                            .first_lsn = Lsn(last_lsn_ + 1),
                            .lsn_count = count,
                            .synced_lsn = chain_.synced_lsn(),
                            .payload = payload};
  const absl::Status status = chain_.Append({&batch, 1}, env::LogFile::Next::kSync, &wrote_);
  if (status.ok()) last_lsn_ += count;
  return status;
}

}  // namespace aeternus::testing
