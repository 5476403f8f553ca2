// The footer, for a file of any size; the trailer of a block.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/file_identity.h"
#include "base/testing/fuzz.h"
#include "base/types.h"
#include "sstable/format.h"

namespace aeternus::fuzzing {
namespace {

using sstable::BlockHandle;
using sstable::Footer;
using sstable::kFooterSizeBytes;

// An input is 8 bytes, the size of the file, and then the footer.
constexpr size_t kFileSizeBytes = 8;
// Places in the footer that its decoder wants to be right before it looks further; the byte table is in format.h.
constexpr size_t kIdentityChecksumAt = 60;
constexpr size_t kReservedAt = 136;
constexpr size_t kReservedSizeBytes = 16;
constexpr size_t kFooterChecksumAt = 152;

std::string Mended(std::string footer) {
  footer.replace(kReservedAt, kReservedSizeBytes, kReservedSizeBytes, '\0');
  StoreU32(footer.data() + kIdentityChecksumAt, Crc32c(std::string_view(footer).substr(0, kIdentityChecksumAt)));
  StoreU32(footer.data() + kFooterChecksumAt, Crc32c(std::string_view(footer).substr(0, kFooterChecksumAt)));
  return footer;
}

bool DecodeFooterAndCheck(std::string_view bytes, uint64_t file_size) {
  const absl::StatusOr<Footer> footer = sstable::DecodeFooter(bytes, "fuzz", file_size);
  if (!footer.ok()) return false;
  // Blocks follow one another without gaps, up to the footer, and hold no more than a block may.
  uint64_t end = footer->data_end();
  CHECK(footer->data_block_count == 0 ? end == 0 : footer->data_block_count <= end);
  for (const BlockHandle& handle : {footer->filter, footer->tombstones, footer->index, footer->properties}) {
    if (!handle.present()) continue;
    CHECK_EQ(handle.offset, end);
    CHECK_LE(handle.stored_size, sstable::kMaxBlockSizeBytes);
    end = handle.end();
  }
  CHECK_EQ(end + kFooterSizeBytes, file_size);
  const absl::StatusOr<Footer> again = sstable::DecodeFooter(sstable::EncodeFooter(*footer), "fuzz", file_size);
  CHECK_OK(again.status());
  CHECK(again->identity == footer->identity);
  CHECK_EQ(again->data_end(), footer->data_end());
  CHECK_EQ(again->data_block_count, footer->data_block_count);
  return true;
}

// The footer of table 13 behind `data_bytes` bytes of data blocks, with those of the other blocks that are `present`.
Seed FooterSeed(std::string name, std::vector<BlockHandle Footer::*> present, uint64_t block_count,
                uint64_t data_bytes) {
  Footer footer{.identity = {.kind = FileKind::kTable, .database_id = DatabaseId(7), .number = FileNumber(13)},
                .data_block_count = block_count};
  uint64_t end = data_bytes;
  for (BlockHandle Footer::*handle : present) {
    footer.*handle = {.offset = end, .stored_size = 100 + end};
    end = (footer.*handle).end();
  }
  std::string bytes;
  PutU64(&bytes, end + kFooterSizeBytes);
  return {std::move(name), bytes + sstable::EncodeFooter(footer)};
}

}  // namespace

bool DecodeAndCheck(std::string_view input) {
  // Of a block and its trailer nothing but the checksum can be right by chance.
  const std::string block = std::string(input) + sstable::EncodeBlockTrailer(input, 4096, FileNumber(13));
  CHECK_OK(sstable::VerifyBlock(block, 4096, FileNumber(13), "fuzz"));
  CHECK(!sstable::VerifyBlock(block, 4097, FileNumber(13), "fuzz").ok());
  sstable::VerifyBlock(input, 0, FileNumber(0), "fuzz").IgnoreError();

  if (input.size() < kFileSizeBytes) return false;
  const uint64_t file_size = LoadU64(input.data());
  input.remove_prefix(kFileSizeBytes);
  const bool is_decoded = DecodeFooterAndCheck(input, file_size);
  if (input.size() != kFooterSizeBytes) return is_decoded;
  return DecodeFooterAndCheck(Mended(std::string(input)), file_size) || is_decoded;
}

std::vector<Seed> Seeds() {
  return {
      FooterSeed("points", {&Footer::filter, &Footer::index, &Footer::properties}, 3, 1000),
      FooterSeed("everything", {&Footer::filter, &Footer::tombstones, &Footer::index, &Footer::properties}, 3, 1000),
      FooterSeed("tombstones", {&Footer::tombstones, &Footer::properties}, 0, 0)};
}

}  // namespace aeternus::fuzzing
