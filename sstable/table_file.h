// One table's file, opened and known to be the right one. Reads blocks straight from it, each verified; caches nothing
// but the footer.
//
// Thread safety: any number of threads.
#ifndef AETERNUS_SSTABLE_TABLE_FILE_H_
#define AETERNUS_SSTABLE_TABLE_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "env/file_system.h"
#include "sstable/format.h"
#include "sstable/table_params.h"

namespace aeternus::sstable {

class TableFile {
 public:
  // Reads the footer. DataLoss when the file is missing or is not the one that `params` names; Unimplemented when it is
  // of a newer format.
  static absl::StatusOr<std::unique_ptr<TableFile>> Open(const TableParams& params);

  const Footer& footer() const { return footer_; }
  const std::string& path() const { return path_; }

  // Reads a block with its trailer, handle.size_with_trailer() bytes, into `out` and verifies it.
  absl::Status ReadBlock(const BlockHandle& handle, absl::Span<char> out) const;
  // The same into memory of its own; without the trailer.
  absl::StatusOr<std::string> ReadBlock(const BlockHandle& handle) const;
  // What ReadBlock verifies, of bytes that were read otherwise.
  absl::Status CheckBlock(const BlockHandle& handle, std::string_view stored_and_trailer) const {
    return VerifyBlock(stored_and_trailer, handle.offset, number_, path_);
  }
  // Bytes as they are in the file.
  absl::Status ReadRaw(uint64_t offset, absl::Span<char> out) const;

 private:
  TableFile(const TableParams& params, std::unique_ptr<env::RandomAccessFile> file)
      : path_(params.path), number_(params.number), file_(std::move(file)) {}
  absl::Status ReadFooter(const TableParams& params);

  const std::string path_;
  const FileNumber number_;
  const std::unique_ptr<env::RandomAccessFile> file_;
  Footer footer_;
};

}  // namespace aeternus::sstable

#endif  // AETERNUS_SSTABLE_TABLE_FILE_H_
