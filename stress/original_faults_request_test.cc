// Faults of the original AeternusDB in what it took and refused, and what must hold here instead.
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/engine.h"
#include "aeternus/write_batch.h"
#include "env/testing/sim_env.h"
#include "gtest/gtest.h"
#include "stress/sim_database.h"

namespace aeternus::stress {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Opens each shell with a configuration that `change` made bad; each must refuse it by name.
template <typename Change>
void ExpectBothRefuse(std::string_view option, Change change) {
  env::testing::SimEnv env(1);
  EngineConfig engine_config;
  DbConfig db_config;
  engine_config.env = db_config.env = env.env();
  change(engine_config);
  change(db_config);
  for (const absl::Status& status : {Engine::Open("/e", engine_config).status(), Db::Open("/d", db_config).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << option << ": " << status;
    EXPECT_NE(status.message().find(option), std::string_view::npos) << status;
  }
  EXPECT_TRUE(env.file_system().Files().empty()) << "a refused configuration leaves no trace";
}

TEST(OriginalFaultsRequestTest, NanIsRefusedInEveryRatio) {
  ExpectBothRefuse("tombstone_ratio", [](auto& config) { config.compaction.tombstone_ratio = kNan; });
  ExpectBothRefuse("bucket_low", [](auto& config) { config.compaction.bucket_low = kNan; });
  ExpectBothRefuse("bucket_high", [](auto& config) { config.compaction.bucket_high = kNan; });
  ExpectBothRefuse("filter_bits_per_key", [](auto& config) { config.table.filter_bits_per_key = kNan; });
}

// In the original put and close then failed for ever.
TEST(OriginalFaultsRequestTest, RecordLargerThanTheWriteBufferIsStored) {
  SimDatabase database({.write_buffer_bytes = 512});
  const std::string large(3 << 20, 'x');
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database->Put("before", "1").ok());
  ASSERT_TRUE(database->Put("large", large).ok());
  ASSERT_TRUE(database->Put("after", "2").ok());
  const Contents expected = {{"after", "2"}, {"before", "1"}, {"large", large}};
  EXPECT_EQ(ReadAll(*database).value(), expected);
  ASSERT_TRUE(database.Reopen().ok()) << "as after a crash";
  EXPECT_EQ(ReadAll(*database).value(), expected);
  ASSERT_TRUE(FlushEverything(*database).ok());
  EXPECT_EQ(ReadAll(*database).value(), expected);
  ASSERT_TRUE(database.Close().ok());
  ASSERT_TRUE(database.Open().ok());
  EXPECT_EQ(ReadAll(*database).value(), expected);
}

TEST(OriginalFaultsRequestTest, BatchLargerThanTheWriteBufferIsStoredAsAWhole) {
  SimDatabase database({.write_buffer_bytes = 512});
  ASSERT_TRUE(database.Open().ok());
  WriteBatch batch;
  for (int i = 0; i < 5000; ++i) batch.Put(NumberedKey(i), NumberedValue(i));
  ASSERT_TRUE(database->Write(batch).ok());
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 5000));
  ASSERT_TRUE(database.Reopen().ok());
  EXPECT_EQ(ReadAll(*database).value(), NumberedContents(0, 5000));
}

TEST(OriginalFaultsRequestTest, EmptyValueIsStored) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database->Put("k", "").ok());
  EXPECT_EQ(database->Get("k").value(), "");
  ASSERT_TRUE(database.Reopen().ok());
  EXPECT_EQ(database->Get("k").value(), "");
  ASSERT_TRUE(FlushEverything(*database).ok());
  EXPECT_EQ(database->Get("k").value(), "");
  EXPECT_EQ(ReadAll(*database).value(), (Contents{{"k", ""}}));
}

TEST(OriginalFaultsRequestTest, EmptyKeysAndRangesAreRefusedAndChangeNothing) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database->Put("k", "v").ok());
  const absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(database->Put("", "v").code(), kInvalid);
  EXPECT_EQ(database->Delete("").code(), kInvalid);
  EXPECT_EQ(database->Get("").status().code(), kInvalid);
  EXPECT_EQ(database->DeleteRange("", "z").code(), kInvalid);
  EXPECT_EQ(database->DeleteRange("a", "").code(), kInvalid);
  EXPECT_EQ(database->DeleteRange("z", "a").code(), kInvalid);
  EXPECT_EQ(database->DeleteRange("k", "k").code(), kInvalid);
  EXPECT_EQ(database->Scan("", "z").status().code(), kInvalid);
  EXPECT_TRUE(database->Scan("z", "a").value().empty());
  WriteBatch batch;
  batch.Put("k", "changed");
  batch.Put("", "v");
  EXPECT_EQ(database->Write(batch).code(), kInvalid) << "one bad operation refuses the whole batch";
  EXPECT_EQ(ReadAll(*database).value(), (Contents{{"k", "v"}}));
}

TEST(OriginalFaultsRequestTest, AfterCloseEveryCallAnswersClosed) {
  SimDatabase database;
  ASSERT_TRUE(database.Open().ok());
  ASSERT_TRUE(database->Put("k", "v").ok());
  ASSERT_TRUE(database->Close().ok());
  EXPECT_TRUE(database->Close().ok()) << "a second call is fine";
  for (const absl::Status& status :
       {database->Put("k", "w"), database->Delete("k"), database->DeleteRange("a", "z"), database->Get("k").status(),
        database->Scan("a", "z").status(), database->NewIterator({}).status(), database->GetSnapshot().status(),
        database->FlushAllFrozen().status(), database->MinorCompact().status(), database->TombstoneCompact().status(),
        database->MajorCompact().status(), database->Verify()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_NE(status.message().find("closed"), std::string_view::npos) << status;
  }
}

}  // namespace
}  // namespace aeternus::stress
