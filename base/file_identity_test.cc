#include "base/file_identity.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/types.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

constexpr FileKind kKinds[] = {FileKind::kLog, FileKind::kTable, FileKind::kManifest, FileKind::kCurrent};

FileIdentity SomeIdentity(FileKind kind = FileKind::kTable) {
  FileIdentity identity;
  identity.kind = kind;
  identity.compatible_features = 0x80000001;
  identity.database_id = DatabaseId(0x1122334455667788);
  identity.number = FileNumber(12);
  identity.edit = EditNumber(34);
  identity.epoch = 56;
  return identity;
}

absl::StatusOr<FileIdentity> Decode(const std::string& bytes, FileKind kind = FileKind::kTable) {
  return DecodeFileIdentity(bytes, kind, "000012.tab", 4096);
}

TEST(FileIdentityTest, DecodesWhatItEncodedAsItsOwnKindOnly) {
  for (const FileKind written : kKinds) {
    const std::string bytes = EncodeFileIdentity(SomeIdentity(written));
    ASSERT_EQ(bytes.size(), kFileIdentitySizeBytes);
    for (const FileKind expected : kKinds) {
      const absl::StatusOr<FileIdentity> decoded = Decode(bytes, expected);
      if (written == expected) {
        ASSERT_TRUE(decoded.ok()) << decoded.status();
        EXPECT_EQ(*decoded, SomeIdentity(written));
      } else {
        EXPECT_TRUE(absl::IsDataLoss(decoded.status()));
      }
    }
  }
}

// The format is final: these are the bytes of the table in file_identity.cc, written out by hand.
TEST(FileIdentityTest, BytesAreThoseOfTheTable) {
  std::string expected = "AETRNTAB";
  PutU32(&expected, 1);           // format version
  PutU32(&expected, 0x80000001);  // compatible features
  PutU32(&expected, 0);           // read-only compatible features
  PutU32(&expected, 0);           // incompatible features
  PutU64(&expected, 0x1122334455667788);
  PutU64(&expected, 12);
  PutU64(&expected, 34);
  PutU64(&expected, 56);
  PutU32(&expected, 0);
  PutU32(&expected, Crc32c(expected));
  EXPECT_EQ(EncodeFileIdentity(SomeIdentity()), expected);
}

TEST(FileIdentityTest, EveryFlippedBitAndEveryCutIsCorruption) {
  const std::string bytes = EncodeFileIdentity(SomeIdentity());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(absl::IsDataLoss(Decode(damaged).status())) << "bit " << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsDataLoss(Decode(bytes.substr(0, size)).status())) << "cut at " << size;
  }
}

TEST(FileIdentityTest, FilesOfNewerVersionsAreRefusedByNameAndNotAsCorrupt) {
  FileIdentity newer = SomeIdentity();
  newer.format_version = kFormatVersion + 1;
  FileIdentity incompatible = SomeIdentity();
  incompatible.incompatible_features = 4;
  FileIdentity read_only = SomeIdentity();
  read_only.read_only_features = 8;
  for (const FileIdentity& identity : {newer, incompatible, read_only}) {
    const absl::Status status = Decode(EncodeFileIdentity(identity)).status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    EXPECT_NE(status.message().find("000012.tab"), std::string_view::npos) << status;
  }
}

}  // namespace
}  // namespace aeternus
