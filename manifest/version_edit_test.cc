#include "manifest/version_edit.h"

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "base/testing/test_seed.h"
#include "base/types.h"
#include "gtest/gtest.h"
#include "manifest/table_metadata.h"
#include "manifest/tag_length_value.h"
#include "manifest/testing/samples.h"

namespace aeternus {
namespace {

absl::StatusOr<VersionEdit> Decode(std::string_view bytes) { return DecodeVersionEdit(bytes, "MANIFEST-000001", 104); }

// Every field present or absent on its own.
VersionEdit AnyEdit(std::mt19937_64& random) {
  VersionEdit edit;
  edit.is_snapshot = random() % 2 == 0;
  if (random() % 2 == 0) edit.key_order_name = RandomBytes(random, random() % 10);
  for (uint64_t i = random() % 4; i > 0; --i) edit.added_tables.push_back(RandomTable(random, FileNumber(random())));
  for (uint64_t i = random() % 4; i > 0; --i) edit.removed_tables.emplace_back(random());
  if (random() % 2 == 0) edit.min_log = FileNumber(random());
  if (random() % 2 == 0) edit.reserved_numbers_end = FileNumber(random());
  if (random() % 2 == 0) edit.max_lsn = Lsn(random() % (kMaxLsn.value + 1));
  if (random() % 2 == 0) edit.flushed_lsn = Lsn(random() % (kMaxLsn.value + 1));
  if (random() % 2 == 0) edit.cut = LogCut{FileNumber(random()), random(), Lsn(random() >> 8), FileNumber(random())};
  if (random() % 2 == 0) edit.close = CleanClose{FileNumber(random()), Lsn(random() >> 8)};
  return edit;
}

// One edit with every tag.
VersionEdit FullEdit() {
  VersionEdit edit;
  edit.is_snapshot = true;
  edit.key_order_name = "bytewise";
  TableMetadata& table = edit.added_tables.emplace_back();
  table.number = FileNumber(300);
  table.smallest = "apple";
  table.largest = "pear";
  table.largest_is_exclusive = true;
  edit.removed_tables = {FileNumber(7)};
  edit.min_log = FileNumber(8);
  edit.reserved_numbers_end = FileNumber(9);
  edit.max_lsn = Lsn(10);
  edit.flushed_lsn = Lsn(9);
  edit.cut = LogCut{FileNumber(11), 12, Lsn(13), FileNumber(14)};
  edit.close = CleanClose{FileNumber(15), Lsn(16)};
  return edit;
}

TEST(VersionEditTest, DecodesWhatItEncoded) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 2000; ++round) {
    const VersionEdit edit = AnyEdit(random);
    const absl::StatusOr<VersionEdit> decoded = Decode(EncodeVersionEdit(edit));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, edit);
  }
}

std::string Bytes(std::initializer_list<uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// The format is final: these are the bytes of the tables in version_edit.cc, written out by hand.
TEST(VersionEditTest, BytesAreThoseOfTheTables) {
  const std::string table = Bytes({2, 2, 0xac, 2}) +                                     // number 300
                            Bytes({4, 1, 0}) +                                           // size
                            Bytes({6, 4, 0, 0, 0, 0}) +                                  // checksum
                            Bytes({8, 1, 0}) +                                           // keyspace
                            Bytes({10, 1, 0}) +                                          // level
                            Bytes({12, 3, 0, 0, 0}) +                                    // counts
                            Bytes({14, 2, 0, 0}) +                                       // LSNs of points
                            Bytes({16, 2, 0, 0}) +                                       // LSNs of range tombstones
                            Bytes({18, 5}) + "apple" +                                   // lower bound
                            Bytes({20, 5, 1}) + "pear" +                                 // upper bound, exclusive
                            Bytes({22, 1, 0}) +                                          // creation time
                            Bytes({24, 1, 0});                                           // oldest tombstone time
  const std::string expected = Bytes({2, 0}) +                                           // snapshot
                               Bytes({4, 8}) + "bytewise" +                              // key order
                               Bytes({6, static_cast<uint8_t>(table.size())}) + table +  // added table
                               Bytes({8, 1, 7}) +                                        // removed table
                               Bytes({10, 2, 0, 8}) +                                    // min log of keyspace 0
                               Bytes({12, 1, 9}) +                                       // end of reserved numbers
                               Bytes({14, 1, 10}) +                                      // max LSN
                               Bytes({18, 1, 9}) +                                       // flushed LSN
                               Bytes({16, 4, 11, 12, 13, 14}) +                          // cut
                               Bytes({19, 2, 15, 16});                                   // clean close
  EXPECT_EQ(EncodeVersionEdit(FullEdit()), expected);
}

TEST(VersionEditTest, DamagedBytesNeverPassForAnotherFullEdit) {
  const std::string bytes = EncodeVersionEdit(FullEdit());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const absl::StatusOr<VersionEdit> cut = Decode(bytes.substr(0, size));
    if (cut.ok()) {
      EXPECT_FALSE(*cut == FullEdit()) << "cut at " << size;
    }
  }
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<VersionEdit> decoded = Decode(damaged);
    if (decoded.ok()) {
      EXPECT_FALSE(*decoded == FullEdit()) << "bit " << bit;
    }
  }
}

TEST(VersionEditTest, NoiseIsRefusedWithoutHarm) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = RandomBytes(random, 1 + random() % 40);
    if (round % 2 == 0) bytes[0] = '\6';  // into the table decoder
    const absl::StatusOr<VersionEdit> decoded = Decode(bytes);
    // Most noise is an error; what decodes has an encoding of its own.
    if (decoded.ok()) {
      EXPECT_EQ(*Decode(EncodeVersionEdit(*decoded)), *decoded);
    }
  }
}

// ---- tags of later versions ----

std::string WithRecord(std::string bytes, uint64_t tag, std::string_view value) {
  PutRecord(&bytes, tag, value);
  return bytes;
}

// FullEdit with one more record in its table.
std::string WithTableRecord(uint64_t tag, std::string_view value) {
  VersionEdit edit = FullEdit();
  edit.added_tables.clear();
  const std::string rest = EncodeVersionEdit(edit);
  VersionEdit only_table;
  only_table.added_tables = FullEdit().added_tables;
  std::string table = EncodeVersionEdit(only_table).substr(2);  // behind tag and length
  PutRecord(&table, tag, value);
  return WithRecord(rest, 6, table);
}

TEST(VersionEditTest, UnknownTagThatMayBeIgnoredIsSkipped) {
  for (const std::string& bytes : {WithRecord(EncodeVersionEdit(FullEdit()), 99, "x"), WithTableRecord(99, "x")}) {
    const absl::StatusOr<VersionEdit> decoded = Decode(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, FullEdit());
  }
}

TEST(VersionEditTest, UnknownTagThatMattersIsUnimplemented) {
  for (const std::string& bytes :
       {WithRecord("", 98, "x"), WithTableRecord(98, "x"), WithTableRecord(26, "\5"),  // LSN of an ingested table
        WithTableRecord(28, "\5")}) {                                                  // value file
    const absl::Status status = Decode(bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
  }
}

TEST(VersionEditTest, OtherKeyspacesAreUnimplemented) {
  VersionEdit edit = FullEdit();
  edit.added_tables[0].keyspace = 1;
  EXPECT_EQ(Decode(EncodeVersionEdit(edit)).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Decode(WithRecord("", 10, "\1\5")).status().code(), absl::StatusCode::kUnimplemented);
}

// ---- values out of range ----

// In tables that lack nothing.
TEST(VersionEditTest, ImpossibleBoundsOfAWholeTableAreDataLoss) {
  VersionEdit edit = FullEdit();
  edit.added_tables.resize(1);
  TableMetadata& table = edit.added_tables[0];
  table.largest = "the upper bound";
  const std::string whole = EncodeVersionEdit(edit);
  ASSERT_TRUE(Decode(whole).ok());
  const size_t flag = whole.find(*table.largest) - 1;
  for (int value = 0; value < 256; ++value) {
    std::string bytes = whole;
    bytes[flag] = static_cast<char>(value);
    EXPECT_EQ(Decode(bytes).status().code(), value <= 1 ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss) << value;
  }
  for (const bool is_of_points : {true, false}) {
    VersionEdit upside_down = edit;
    TableMetadata& bad = upside_down.added_tables[0];
    (is_of_points ? bad.min_point_lsn : bad.min_range_lsn) = Lsn(9);
    (is_of_points ? bad.max_point_lsn : bad.max_range_lsn) = Lsn(8);
    EXPECT_EQ(Decode(EncodeVersionEdit(upside_down)).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(VersionEditTest, ImpossibleValuesAreDataLoss) {
  std::string too_large;
  PutVarint64(&too_large, kMaxLsn.value + 1);
  std::string no_level;
  PutVarint64(&no_level, uint64_t{1} << 32);
  const struct {
    const char* what;
    std::string bytes;
  } cases[] = {
      {"LSN of 57 bits", WithRecord("", 14, too_large)},
      {"snapshot with a value", WithRecord("", 2, "x")},
      {"two cuts", WithRecord(EncodeVersionEdit(FullEdit()), 16, "\1\1\1\1")},
      {"table without any record", WithRecord("", 6, "")},
      {"upper bound without a flag", WithRecord("", 6, WithRecord("", 20, ""))},
      {"upper bound with flag 2", WithRecord("", 6, WithRecord("", 20, "\2x"))},
      {"LSNs upside down", WithRecord("", 6, WithRecord("", 14, "\2\1"))},
      {"level of 33 bits", WithRecord("", 6, WithRecord("", 10, no_level))},
      {"checksum of 3 bytes", WithRecord("", 6, WithRecord("", 6, "abc"))},
  };
  for (const auto& c : cases) {
    const absl::Status status = Decode(c.bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << c.what << ": " << status;
  }
}

TEST(VersionEditTest, ErrorSaysWhereItIs) {
  const absl::Status status = Decode(WithRecord("", 2, "x")).status();
  EXPECT_NE(status.message().find("MANIFEST-000001"), std::string_view::npos) << status;
  EXPECT_NE(status.message().find("106"), std::string_view::npos) << status;  // behind tag and length
}

}  // namespace
}  // namespace aeternus
