// Reads records from a stream of lines (formats: tools/record.h).
//
//   RecordReader reader(&in, RecordFormat::kTsv);
//   while (true) {
//     Record record;
//     AETERNUS_ASSIGN_OR_RETURN(bool found, reader.Next(&record));   // "line 17: no tab between key and value"
//     if (!found) break;
//   }
//
// Empty lines are skipped; the last line may lack its newline; \r before \n is dropped. Memory: one line.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_TOOLS_RECORD_READER_H_
#define AETERNUS_TOOLS_RECORD_READER_H_

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/record.h"

namespace aeternus::tools {

// A longer line is refused before it is read to its end, so that a file that is no list of records costs no more.
inline constexpr uint64_t kDefaultMaxLineSizeBytes = uint64_t{256} << 20;

class RecordReader {
 public:
  // `in` outlives the reader. `format` is kTsv or kJson.
  RecordReader(std::istream* in, RecordFormat format, uint64_t max_line_size_bytes = kDefaultMaxLineSizeBytes);

  // The next record; false at the end. InvalidArgument for a malformed line, a line, key or value beyond its limit
  // (base/entry.h) or an empty key; Internal when the stream fails. Every message begins with the line number. After
  // an error nothing more may be read.
  absl::StatusOr<bool> Next(Record* record);

  // Lines taken so far, which is the number of the last one.
  uint64_t line_number() const { return line_number_; }
  // Bytes taken from the stream for those lines.
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  // Sets line_ to the next line, without its end; false at the end of the stream.
  absl::StatusOr<bool> NextLine();
  // Makes unread bytes available in buffer_; false at the end of the stream.
  absl::StatusOr<bool> Fill();

  std::istream* const in_;
  const RecordFormat format_;
  const uint64_t max_line_size_bytes_;
  std::string buffer_;
  size_t at_ = 0;  // of the first unread byte in buffer_
  std::string line_;
  uint64_t line_number_ = 0;
  uint64_t bytes_read_ = 0;
};

// One line as a record; what Next does behind the line ends. InvalidArgument without a line number.
absl::Status ParseRecord(RecordFormat format, std::string_view line, Record* record);

}  // namespace aeternus::tools

#endif  // AETERNUS_TOOLS_RECORD_READER_H_
