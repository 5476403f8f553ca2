#include "wal/writer.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::wal {

absl::StatusOr<std::unique_ptr<Writer>> Writer::Create(env::FileSystem* file_system, const std::string& path,
                                                       const FileIdentity& identity, uint64_t allocate_bytes,
                                                       Head head) {
  AETERNUS_ASSIGN_OR_RETURN(std::unique_ptr<env::LogFile> file, file_system->NewLogFile(path, allocate_bytes));
  const std::string header = EncodeFileIdentity(identity);
  AETERNUS_ASSIGN_OR_RETURN(const absl::Span<char> span, file->Reserve(header.size()));
  std::memcpy(span.data(), header.data(), header.size());
  AETERNUS_RETURN_IF_ERROR(file->Commit(header.size(), env::LogFile::Next::kSync));
  if (head == Head::kSynced) AETERNUS_RETURN_IF_ERROR(env::AsFinal(file->Sync()));
  return std::unique_ptr<Writer>(new Writer(std::move(file), identity, head));
}

Writer::Writer(std::unique_ptr<env::LogFile> file, const FileIdentity& identity, Head head)
    : file_(std::move(file)),
      identity_(identity),
      salt_(FrameSalt(identity.database_id, identity.number)),
      is_head_synced_(head == Head::kSynced) {}

absl::Status Writer::Append(absl::Span<const Frame> frames, env::LogFile::Next next, bool* wrote) {
  if (wrote != nullptr) *wrote = false;
  if (frames.empty()) return absl::OkStatus();
  uint64_t total = 0;
  for (const Frame& frame : frames) {
    if (frame.payload.size() > kMaxPayloadSizeBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a log record of ", frame.payload.size(), " bytes; the limit is ", kMaxPayloadSizeBytes));
    }
    total += FrameSizeBytes(frame.payload.size());
  }
  uint64_t offset = file_->size();
  if (total > kMaxLogSizeBytes - offset) {
    return absl::ResourceExhaustedError(absl::StrCat(path(), ": ", total, " more bytes at offset ", offset,
                                                     " would pass the limit of ", kMaxLogSizeBytes));
  }
  AETERNUS_ASSIGN_OR_RETURN(const absl::Span<char> span, file_->Reserve(total));
  char* out = span.data();
  for (const Frame& frame : frames) {
    EncodeFrame(frame, salt_, offset, out);
    const uint64_t size = FrameSizeBytes(frame.payload.size());
    out += size;
    offset += size;
  }
  const absl::Status status = file_->Commit(total, next);
  if (wrote != nullptr) *wrote = !absl::IsResourceExhausted(status);
  return status;
}

absl::Status Writer::Sync() { return env::AsFinal(file_->Sync()); }

uint64_t Writer::size_bytes() const { return file_->size(); }

const std::string& Writer::path() const { return file_->path(); }

}  // namespace aeternus::wal
