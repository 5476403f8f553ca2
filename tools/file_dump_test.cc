#include "tools/file_dump.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aeternus/db.h"
#include "aeternus/options.h"
#include "aeternus/snapshot.h"
#include "env/env.h"
#include "gtest/gtest.h"
#include "tools/testing/process.h"

namespace aeternus::tools {
namespace {

std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

// A directory with one file of each kind, small enough to be damaged everywhere.
class FileDumpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DbConfig config;
    config.write_buffer_bytes = 4096;
    config.compaction.tombstone_ratio = 1.0;  // tombstones stay where they are
    const std::unique_ptr<Db> db = Db::Open(dir_, config).value();
    for (const char* key : {"a", "b\n", "c"}) ASSERT_TRUE(db->Put(key, absl::StrCat("value of ", key)).ok());
    std::unique_ptr<const Snapshot> keeps_old_versions = db->GetSnapshot().value();
    ASSERT_TRUE(db->DeleteRange("b", "c").ok());
    ASSERT_TRUE(db->Delete("a").ok());
    ASSERT_TRUE(db->Flush().ok());
    keeps_old_versions.reset();
    ASSERT_TRUE(db->Put("d", "in the log").ok());
    ASSERT_TRUE(db->Close().ok());
  }

  // The dump of a file, and the status behind it.
  std::string Dump(const std::string& name) {
    std::string out;
    const absl::Status status = DumpFile(env::Env::Posix()->file_system, dir_, name, [&](std::string_view line) {
      absl::StrAppend(&out, line, "\n");
      return absl::OkStatus();
    });
    return absl::StrCat(out, "-> ", absl::StatusCodeToString(status.code()));
  }

  std::vector<std::string> FilesWith(std::string_view part) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
      if (absl::StrContains(entry.path().filename().string(), part)) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void Overwrite(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
  }

  // Dumps the file with each of its first bytes inverted, and cut at each of them; hands the results to `check`.
  template <typename Check>
  void DamageEverywhere(const std::string& name, size_t limit, Check check) {
    const std::string whole = ReadBytes(dir_ + "/" + name);
    for (size_t at = 0; at < std::min(limit, whole.size()); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(~damaged[at]);
      Overwrite(name, damaged);
      check(at, Dump(name));
      Overwrite(name, whole.substr(0, at));
      check(at, Dump(name));
    }
    Overwrite(name, whole);
  }

  const std::string dir_ = NewTestDirectory("dump");
};

TEST_F(FileDumpTest, ATableShowsItsTombstonesAndEveryVersion) {
  const std::string dump = Dump(FilesWith(".sst").at(0));
  EXPECT_TRUE(absl::StrContains(dump, "LSN 4 delete range [\"b\", \"c\")\n")) << dump;
  EXPECT_TRUE(absl::StrContains(dump, "LSN 5 delete \"a\"\nLSN 1 put \"a\" = \"value of a\" (10 B)\n")) << dump;
  EXPECT_TRUE(absl::EndsWith(dump, "-> OK"));
}

TEST_F(FileDumpTest, DamageToATableIsFoundWhereverItMatters) {
  const std::string name = FilesWith(".sst").at(0);
  const std::string whole = Dump(name);
  DamageEverywhere(name, SIZE_MAX, [&](size_t at, const std::string& dump) {
    // A dump does not read the filter, so damage there changes nothing; no other byte may change what is shown.
    EXPECT_TRUE(absl::EndsWith(dump, "-> DATA_LOSS") || absl::EndsWith(dump, "-> UNIMPLEMENTED") || dump == whole)
        << at << ": " << dump;
  });
}

TEST_F(FileDumpTest, ADamagedLogShowsAllThatIsWhole) {
  std::string log;
  for (const std::string& name : FilesWith(".log")) {
    if (absl::StrContains(Dump(name), "in the log")) log = name;
  }
  ASSERT_NE(log, "");
  bool found_behind = false;
  DamageEverywhere(log, 400, [&](size_t at, const std::string& dump) {
    if (at < 64) {
      EXPECT_FALSE(absl::EndsWith(dump, "-> OK")) << at;
    } else {
      EXPECT_TRUE(absl::EndsWith(dump, "-> OK")) << at << ": " << dump;
    }
    found_behind |= absl::StrContains(dump, "valid frames behind the end");
  });
  EXPECT_TRUE(found_behind) << "frames behind damage are shown, too";
  EXPECT_TRUE(absl::StrContains(Dump(log), " put \"d\" = \"in the log\" (10 B)\n"));
}

TEST_F(FileDumpTest, ALogWithADamagedIdentityIsReadThroughCurrent) {
  for (const std::string& name : FilesWith(".log")) {
    std::string bytes = ReadBytes(dir_ + "/" + name);
    const std::string whole = Dump(name);
    bytes[0] = '?';
    Overwrite(name, bytes);
    const std::string dump = Dump(name);
    EXPECT_TRUE(absl::StartsWith(dump, "the identity is damaged; read with the database id of CURRENT\n")) << dump;
    EXPECT_TRUE(absl::EndsWith(dump, "-> DATA_LOSS"));
    const auto frames = [](const std::string& text) {
      return text.substr(text.find('@'), text.rfind("->") - text.find('@'));
    };
    EXPECT_EQ(frames(dump), frames(whole));
  }
}

TEST_F(FileDumpTest, ADamagedManifestOrCurrentNeverCrashes) {
  for (const std::string& name : FilesWith("MANIFEST-")) {
    EXPECT_TRUE(absl::StrContains(Dump(name), ", a snapshot\n"));
    DamageEverywhere(name, 1000, [](size_t, const std::string& dump) { EXPECT_FALSE(dump.empty()); });
  }
  DamageEverywhere("CURRENT", SIZE_MAX, [](size_t at, const std::string& dump) {
    EXPECT_TRUE(absl::StartsWith(dump, "-> ")) << at << dump;
  });
}

TEST_F(FileDumpTest, OtherNamesAreRefused) {
  EXPECT_EQ(Dump("LOCK"), "-> INVALID_ARGUMENT");
  EXPECT_EQ(Dump("../000001.log"), "-> INVALID_ARGUMENT");
  EXPECT_EQ(Dump("999999.sst"), "-> NOT_FOUND");
}

TEST_F(FileDumpTest, AnErrorOfTheReceiverEndsTheDump) {
  int lines = 0;
  const absl::Status status =
      DumpFile(env::Env::Posix()->file_system, dir_, FilesWith(".sst").at(0),
               [&](std::string_view) { return ++lines == 3 ? absl::CancelledError("") : absl::OkStatus(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(lines, 3);
}

}  // namespace
}  // namespace aeternus::tools
