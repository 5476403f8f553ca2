#include "engine/testing/log_frames.h"

#include <algorithm>
#include <iterator>

#include "engine/file_names.h"
#include "env/file_system.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"
#include "wal/reader.h"

namespace aeternus::testing {

DatabaseId DatabaseIdOf(Machine& machine) {
  const auto state = Manifest::Read(&machine.disk(), Machine::kDir);
  EXPECT_TRUE(state.ok() && state->has_value()) << state.status();
  return state.ok() && state->has_value() ? (*state)->database_id : DatabaseId();
}

std::vector<LogFrame> FramesOf(Machine& machine, const std::string& path) {
  const FileNumber number = ParseLogName(path.substr(path.rfind('/') + 1)).value();
  const auto file = machine.disk().NewRandomAccessFile(path).value();
  wal::Reader reader(file.get(), DatabaseIdOf(machine), number);
  std::vector<LogFrame> frames;
  while (true) {
    const std::optional<wal::Frame> frame = reader.Next().value();
    if (!frame.has_value()) return frames;
    frames.push_back({.type = frame->type,
                      .offset = reader.frame_offset(),
                      .end_offset = reader.offset(),
                      .first_lsn = frame->first_lsn,
                      .last_lsn = frame->last_lsn(),
                      .synced_lsn = frame->synced_lsn});
  }
}

std::vector<LogFrame> BatchesOf(Machine& machine, const std::string& path) {
  const std::vector<LogFrame> frames = FramesOf(machine, path);
  std::vector<LogFrame> batches;
  std::copy_if(frames.begin(), frames.end(), std::back_inserter(batches),
               [](const LogFrame& frame) { return frame.type == wal::FrameType::kBatch; });
  return batches;
}

void DestroyFrame(Machine& machine, const std::string& path, const LogFrame& frame) {
  machine.FlipBit(path, 8 * (frame.end_offset - 1));
}

void DestroyBatch(Machine& machine, const std::string& path, size_t batch) {
  const std::vector<LogFrame> batches = BatchesOf(machine, path);
  ASSERT_LT(batch, batches.size()) << path;
  DestroyFrame(machine, path, batches[batch]);
}

}  // namespace aeternus::testing
