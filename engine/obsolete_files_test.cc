#include "engine/obsolete_files.h"

#include <memory>
#include <string>
#include <vector>

#include "engine/testing/status.h"
#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimFileSystem;
using testing::FailsWith;

class ObsoleteFilesTest : public ::testing::Test {
 protected:
  ObsoleteFilesTest() {
    for (const char* path : {"db/1", "db/2", "db/3"}) EXPECT_OK(fs_.SetContents(path, "x"));
  }
  using Paths = std::vector<std::string>;

  SimFileSystem fs_;
  ObsoleteFiles obsolete_{&fs_};
};

TEST_F(ObsoleteFilesTest, NothingIsDeletedBeforeCollect) {
  obsolete_.Add("db/1");
  EXPECT_EQ(obsolete_.pending(), 1u);
  EXPECT_EQ(fs_.Files(), (Paths{"db/1", "db/2", "db/3"}));
  obsolete_.Collect();
  EXPECT_EQ(obsolete_.pending(), 0u);
  EXPECT_EQ(fs_.Files(), (Paths{"db/2", "db/3"}));
}

TEST_F(ObsoleteFilesTest, AFileStaysWhileAnyoneReadsIt) {
  auto reader = std::make_shared<int>(0);
  obsolete_.Add("db/1", std::weak_ptr<const void>(reader));
  obsolete_.Add("db/2");
  auto another = reader;
  reader.reset();
  obsolete_.Collect();
  EXPECT_EQ(fs_.Files(), (Paths{"db/1", "db/3"}));
  EXPECT_EQ(obsolete_.pending(), 1u);
  EXPECT_OK(obsolete_.last_error());

  another.reset();
  obsolete_.Collect();
  EXPECT_EQ(fs_.Files(), (Paths{"db/3"}));
}

TEST_F(ObsoleteFilesTest, AFailedDeletionIsOwedAndTriedAgain) {
  obsolete_.Add("db/1");
  obsolete_.Add("db/2");
  fs_.SetFaultRule([](const FileCall& call) {
    return call.op == FileOp::kDelete && call.path == "db/1" ? Fault::kIoError : Fault::kNone;
  });
  obsolete_.Collect();
  EXPECT_EQ(fs_.Files(), (Paths{"db/1", "db/3"}));
  EXPECT_EQ(obsolete_.pending(), 1u);
  EXPECT_TRUE(FailsWith(obsolete_.last_error(), absl::StatusCode::kInternal, {"db/1"}));

  fs_.SetFaultRule(nullptr);
  obsolete_.Collect();
  EXPECT_EQ(fs_.Files(), (Paths{"db/3"}));
  EXPECT_EQ(obsolete_.pending(), 0u);
  EXPECT_OK(obsolete_.last_error());
}

TEST_F(ObsoleteFilesTest, AFileThatIsGoneAlreadyIsNotOwed) {
  obsolete_.Add("db/none");
  obsolete_.Collect();
  EXPECT_EQ(obsolete_.pending(), 0u);
  EXPECT_OK(obsolete_.last_error());
}

}  // namespace
}  // namespace aeternus
