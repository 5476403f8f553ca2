// Little-endian fixed and LEB128 varint coding, and a decoder that never reads past its input.
//
//   std::string out;
//   PutVarint64(&out, 300);
//   Decoder in(out, "footer", file, /*base_offset=*/0);
//   AETERNUS_ASSIGN_OR_RETURN(uint64_t n, in.TakeVarint64("entry count"));
//   AETERNUS_RETURN_IF_ERROR(in.ExpectEnd());
//
// Every Take names what it reads, so that a corruption says file, offset and field. Lengths are checked against what
// is left before anything is allocated (invariant 7).
#ifndef AETERNUS_BASE_CODING_H_
#define AETERNUS_BASE_CODING_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace aeternus {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "formats are read in place on little-endian machines");

inline uint16_t LoadU16(const char* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline uint32_t LoadU32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline uint64_t LoadU64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}
inline void StoreU16(char* p, uint16_t v) { std::memcpy(p, &v, sizeof(v)); }
inline void StoreU32(char* p, uint32_t v) { std::memcpy(p, &v, sizeof(v)); }
inline void StoreU64(char* p, uint64_t v) { std::memcpy(p, &v, sizeof(v)); }

inline constexpr size_t kMaxVarint64SizeBytes = 10;

// Writes `v` at `p`, which has room for kMaxVarint64SizeBytes, and returns the end.
char* StoreVarint64(char* p, uint64_t v);
// Bytes that `v` takes as a varint.
size_t Varint64Size(uint64_t v);
// Reads a varint from [p, end). Returns the end of it, or nullptr when it is cut short or overlong.
const char* LoadLongVarint64(const char* p, const char* end, uint64_t* v);
inline const char* LoadVarint64(const char* p, const char* end, uint64_t* v) {
  if (p < end && static_cast<uint8_t>(*p) < 0x80) {
    *v = static_cast<uint8_t>(*p);
    return p + 1;
  }
  return LoadLongVarint64(p, end, v);
}

void PutU8(std::string* out, uint8_t v);
void PutU32(std::string* out, uint32_t v);
void PutU64(std::string* out, uint64_t v);
void PutVarint64(std::string* out, uint64_t v);
// Varint length, then the bytes.
void PutLengthPrefixed(std::string* out, std::string_view bytes);

// A cursor over bytes from disk. Does not own them; views it returns live as long as they do.
class Decoder {
 public:
  // `what` and `file` go into error messages; `base_offset` is where `bytes` begin in that file.
  Decoder(std::string_view bytes, std::string_view what, std::string_view file = "", uint64_t base_offset = 0)
      : at_(bytes.data()),
        begin_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        what_(what),
        file_(file),
        base_offset_(base_offset) {}

  bool empty() const { return at_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  // Offset in the file of the next byte.
  uint64_t offset() const { return base_offset_ + static_cast<uint64_t>(at_ - begin_); }

  absl::StatusOr<uint8_t> TakeU8(std::string_view field);
  absl::StatusOr<uint32_t> TakeU32(std::string_view field);
  absl::StatusOr<uint64_t> TakeU64(std::string_view field);
  absl::StatusOr<uint64_t> TakeVarint64(std::string_view field);
  absl::StatusOr<std::string_view> TakeBytes(size_t n, std::string_view field);
  // A varint length of at most `max`, then that many bytes.
  absl::StatusOr<std::string_view> TakeLengthPrefixed(std::string_view field, size_t max = SIZE_MAX);
  // DataLoss unless everything was taken.
  absl::Status ExpectEnd() const;
  // A DataLoss error at the next byte, for checks of the caller's own.
  absl::Status Error(std::string_view message) const;

 private:
  absl::Status CutShort(std::string_view field, size_t need) const;

  const char* at_;
  const char* begin_;
  const char* end_;
  std::string_view what_;
  std::string_view file_;
  uint64_t base_offset_;
};

}  // namespace aeternus

#endif  // AETERNUS_BASE_CODING_H_
