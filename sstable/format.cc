#include "sstable/format.h"

#include "absl/strings/str_format.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/planted_bug.h"
#include "base/status.h"

namespace aeternus::sstable {
namespace {

// Offsets within the footer; see the byte table in format.h.
constexpr size_t kHandlesOffset = kFileIdentitySizeBytes;
constexpr size_t kReservedOffset = 136;
constexpr size_t kReservedSizeBytes = 16;
constexpr size_t kFooterChecksumOffset = 152;
constexpr std::string_view kFooterMagic = "AEFT";

// Offsets within a block's trailer.
constexpr size_t kTrailerCheckedSizeBytes = 8;
constexpr uint8_t kNoCodec = 0;

// The least that a data block can be: its own trailer, an entry's tag and offset, and the trailer of every block.
constexpr uint64_t kMinDataBlockSizeBytes = 24 + 3 + kBlockTrailerSizeBytes;

uint32_t BlockChecksum(uint32_t stored_checksum, std::string_view trailer_head, uint64_t offset, FileNumber table) {
  std::string place;
  PutU64(&place, offset);
  PutU64(&place, table.value);
  return ExtendCrc32c(ExtendCrc32c(stored_checksum, trailer_head), place);
}

void PutHandle(std::string* out, const BlockHandle& handle) {
  PutU64(out, handle.offset);
  PutU64(out, handle.stored_size);
}

BlockHandle LoadHandle(const char* p) { return {.offset = LoadU64(p), .stored_size = LoadU64(p + 8)}; }

// Blocks lie behind the data in a fixed order without gaps; going backwards from the footer, each present one ends
// where the next begins.
absl::Status CheckLayout(const Footer& footer, std::string_view file, uint64_t file_size) {
  const uint64_t footer_offset = file_size - kFooterSizeBytes;
  if (!footer.properties.present()) return CorruptionError(file, footer_offset, "footer names no properties block");
  const bool has_points = footer.data_block_count > 0;
  if (footer.index.present() != has_points || footer.filter.present() != has_points) {
    return CorruptionError(file, footer_offset, "footer names ", footer.data_block_count,
                           " data blocks, but index and filter do not fit that");
  }
  uint64_t end = footer_offset;
  for (const BlockHandle& handle : {footer.properties, footer.index, footer.tombstones, footer.filter}) {
    if (!handle.present()) {
      if (handle.offset != 0) return CorruptionError(file, footer_offset, "footer names an empty block");
      continue;
    }
    const bool fits = handle.stored_size <= kMaxBlockSizeBytes && handle.offset <= end &&
                      handle.size_with_trailer() == end - handle.offset;
    if (!fits) {
      return CorruptionError(file, footer_offset, "footer names a block at ", handle.offset, " of ", handle.stored_size,
                             " bytes where one should end at ", end);
    }
    end = handle.offset;
  }
  if (has_points ? footer.data_block_count > end / kMinDataBlockSizeBytes : end != 0) {
    return CorruptionError(file, footer_offset, "footer names ", footer.data_block_count, " data blocks in ", end,
                           " bytes");
  }
  return absl::OkStatus();
}

}  // namespace

uint64_t Footer::data_end() const {
  for (const BlockHandle& handle : {filter, tombstones, index}) {
    if (handle.present()) return handle.offset;
  }
  return properties.offset;
}

std::string EncodeFooter(const Footer& footer) {
  std::string out = EncodeFileIdentity(footer.identity);
  PutHandle(&out, footer.filter);
  PutHandle(&out, footer.tombstones);
  PutHandle(&out, footer.index);
  PutHandle(&out, footer.properties);
  PutU64(&out, footer.data_block_count);
  out.append(kReservedSizeBytes, '\0');
  PutU32(&out, Crc32c(out));
  out.append(kFooterMagic);
  return out;
}

absl::StatusOr<Footer> DecodeFooter(std::string_view bytes, std::string_view file, uint64_t file_size) {
  if (bytes.size() != kFooterSizeBytes || file_size < kFooterSizeBytes) {
    return CorruptionError(file, 0, "a file of ", file_size, " bytes has no room for a footer");
  }
  const uint64_t offset = file_size - kFooterSizeBytes;
  const char* p = bytes.data();
  // The identity first, with its own checksum: a file of a newer format may have another footer behind it.
  Footer footer;
  AETERNUS_ASSIGN_OR_RETURN(
      footer.identity, DecodeFileIdentity(bytes.substr(0, kFileIdentitySizeBytes), FileKind::kTable, file, offset));
  if (bytes.substr(kFooterSizeBytes - kFooterMagic.size()) != kFooterMagic) {
    return CorruptionError(file, offset, "footer does not end in \"", kFooterMagic, "\"");
  }
  const uint32_t expected = Crc32c(bytes.substr(0, kFooterChecksumOffset));
  if (const uint32_t found = LoadU32(p + kFooterChecksumOffset); found != expected) {
    return CorruptionError(file, offset, absl::StrFormat("footer has checksum %08x, expected %08x", found, expected));
  }
  if (bytes.substr(kReservedOffset, kReservedSizeBytes) != std::string(kReservedSizeBytes, '\0')) {
    return CorruptionError(file, offset, "reserved bytes of the footer are not zero");
  }
  footer.filter = LoadHandle(p + kHandlesOffset);
  footer.tombstones = LoadHandle(p + kHandlesOffset + 16);
  footer.index = LoadHandle(p + kHandlesOffset + 32);
  footer.properties = LoadHandle(p + kHandlesOffset + 48);
  footer.data_block_count = LoadU64(p + kHandlesOffset + 64);
  AETERNUS_RETURN_IF_ERROR(CheckLayout(footer, file, file_size));
  return footer;
}

std::string EncodeBlockTrailer(std::string_view stored, uint64_t offset, FileNumber table) {
  return EncodeBlockTrailer(stored, Crc32c(stored), offset, table);
}

std::string EncodeBlockTrailer(std::string_view stored, uint32_t stored_checksum, uint64_t offset, FileNumber table) {
  std::string trailer;
  PutU32(&trailer, kNoCodec);  // codec and three zeros
  PutU32(&trailer, static_cast<uint32_t>(stored.size()));
  PutU32(&trailer, BlockChecksum(stored_checksum, trailer, offset, table));
  return trailer;
}

absl::Status VerifyBlock(std::string_view stored_and_trailer, uint64_t offset, FileNumber table,
                         std::string_view file) {
  if (stored_and_trailer.size() < kBlockTrailerSizeBytes) {
    return CorruptionError(file, offset, "a block of ", stored_and_trailer.size(),
                           " bytes has no room for its trailer");
  }
  const std::string_view stored = stored_and_trailer.substr(0, stored_and_trailer.size() - kBlockTrailerSizeBytes);
  const std::string_view trailer = stored_and_trailer.substr(stored.size());
  const uint32_t expected = BlockChecksum(Crc32c(stored), trailer.substr(0, kTrailerCheckedSizeBytes), offset, table);
  const uint32_t found = LoadU32(trailer.data() + kTrailerCheckedSizeBytes);
  if (found != expected && !IsPlanted(PlantedBug::kBlockChecksumIgnored)) {
    return CorruptionError(file, offset, absl::StrFormat("block has checksum %08x, expected %08x", found, expected));
  }
  if (const auto codec = static_cast<uint8_t>(trailer[0]); codec != kNoCodec) {
    return absl::UnimplementedError(absl::StrCat("block at offset ", offset, " of ", file, " has codec ", codec,
                                                 ", which this library does not know; open it with a newer version"));
  }
  if (LoadU32(trailer.data()) != kNoCodec || LoadU32(trailer.data() + 4) != stored.size()) {
    return CorruptionError(file, offset, "block of ", stored.size(), " bytes says that its size is ",
                           LoadU32(trailer.data() + 4));
  }
  return absl::OkStatus();
}

}  // namespace aeternus::sstable
