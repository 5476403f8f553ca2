#include "base/coding.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus {

char* StoreVarint64(char* p, uint64_t v) {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}

size_t Varint64Size(uint64_t v) {
  size_t n = 1;
  while (v >= 0x80) {
    v >>= 7;
    ++n;
  }
  return n;
}

const char* LoadLongVarint64(const char* p, const char* end, uint64_t* v) {
  uint64_t result = 0;
  for (int shift = 0; shift < 64 && p < end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*p++);
    if (shift == 63 && byte > 1) return nullptr;  // more than 64 bits
    if (byte == 0 && shift > 0) return nullptr;   // one number has one encoding
    result |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      *v = result;
      return p;
    }
  }
  return nullptr;
}

void PutU8(std::string* out, uint8_t v) { out->push_back(static_cast<char>(v)); }

void PutU32(std::string* out, uint32_t v) {
  char buffer[sizeof(v)];
  StoreU32(buffer, v);
  out->append(buffer, sizeof(v));
}

void PutU64(std::string* out, uint64_t v) {
  char buffer[sizeof(v)];
  StoreU64(buffer, v);
  out->append(buffer, sizeof(v));
}

void PutVarint64(std::string* out, uint64_t v) {
  char buffer[kMaxVarint64SizeBytes];
  out->append(buffer, static_cast<size_t>(StoreVarint64(buffer, v) - buffer));
}

void PutLengthPrefixed(std::string* out, std::string_view bytes) {
  PutVarint64(out, bytes.size());
  out->append(bytes);
}

absl::Status Decoder::Error(std::string_view message) const {
  if (file_.empty()) return absl::DataLossError(absl::StrCat("corrupt ", what_, " at byte ", offset(), ": ", message));
  return CorruptionError(file_, offset(), what_, ": ", message);
}

absl::Status Decoder::CutShort(std::string_view field, size_t need) const {
  return Error(absl::StrCat(field, " needs ", need, " bytes, ", remaining(), " are left"));
}

absl::StatusOr<uint8_t> Decoder::TakeU8(std::string_view field) {
  if (empty()) return CutShort(field, 1);
  return static_cast<uint8_t>(*at_++);
}

absl::StatusOr<uint32_t> Decoder::TakeU32(std::string_view field) {
  if (remaining() < sizeof(uint32_t)) return CutShort(field, sizeof(uint32_t));
  const uint32_t v = LoadU32(at_);
  at_ += sizeof(v);
  return v;
}

absl::StatusOr<uint64_t> Decoder::TakeU64(std::string_view field) {
  if (remaining() < sizeof(uint64_t)) return CutShort(field, sizeof(uint64_t));
  const uint64_t v = LoadU64(at_);
  at_ += sizeof(v);
  return v;
}

absl::StatusOr<uint64_t> Decoder::TakeVarint64(std::string_view field) {
  uint64_t v = 0;
  const char* next = LoadVarint64(at_, end_, &v);
  if (next == nullptr) return Error(absl::StrCat(field, " is not a varint"));
  at_ = next;
  return v;
}

absl::StatusOr<std::string_view> Decoder::TakeBytes(size_t n, std::string_view field) {
  if (remaining() < n) return CutShort(field, n);
  const std::string_view bytes(at_, n);
  at_ += n;
  return bytes;
}

absl::StatusOr<std::string_view> Decoder::TakeLengthPrefixed(std::string_view field, size_t max) {
  AETERNUS_ASSIGN_OR_RETURN(const uint64_t n, TakeVarint64(field));
  if (n > max) return Error(absl::StrCat(field, " has length ", n, ", the limit is ", max));
  return TakeBytes(n, field);
}

absl::Status Decoder::ExpectEnd() const {
  if (!empty()) return Error(absl::StrCat(remaining(), " bytes behind the end"));
  return absl::OkStatus();
}

}  // namespace aeternus
