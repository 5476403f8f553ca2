// tools/list_paths.sh over a tree with names that trip programs up: its output loads, and names every path once.
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tools/record.h"
#include "tools/record_reader.h"
#include "tools/testing/process.h"

namespace aeternus::tools {
namespace {

std::map<std::string, std::string> List(const std::string& root) {
  const ProcessResult result = RunProcess({Runfile("tools/list_paths"), root});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::istringstream in(result.out);
  RecordReader reader(&in, RecordFormat::kTsv);
  std::map<std::string, std::string> records;
  Record record;
  while (true) {
    const auto found = reader.Next(&record);
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok() || !*found) return records;
    EXPECT_TRUE(records.emplace(record.key, record.value).second) << "twice: " << record.key;
  }
}

TEST(ListPathsTest, EveryPathIsListedOnceWhateverItsName) {
  const std::string root = NewTestDirectory("tree");
  const std::vector<std::string> names = {
      "plain", "with space",        "tab\tinside", "new\nline", "back\\slash", "cr\rhere", "trailing\n",
      "\\t",   "\xff\xfe no utf-8", "größe",       "-dash",     "a\t1 2 3",    "*"};
  for (const std::string& name : names) std::ofstream(root + "/" + name) << name;
  std::filesystem::create_directories(root + "/dir\n/deeper\t");
  std::ofstream(root + "/dir\n/deeper\t/file") << "x";
  std::filesystem::create_symlink("nowhere", root + "/dangling");

  const std::map<std::string, std::string> listed = List(root);
  for (const std::string& name : names) {
    const auto it = listed.find(root + "/" + name);
    ASSERT_NE(it, listed.end()) << name;
    const std::vector<std::string> facts = absl::StrSplit(it->second, ' ');
    ASSERT_EQ(facts.size(), 3u) << it->second;
    EXPECT_EQ(facts[0], absl::StrCat(name.size())) << "size";
    struct stat info {};
    ASSERT_EQ(stat(it->first.c_str(), &info), 0);
    EXPECT_EQ(facts[2], absl::StrCat(info.st_mtime)) << "mtime, in whole seconds";
  }
  EXPECT_EQ(listed.count(root + "/dir\n/deeper\t/file"), 1u);
  EXPECT_EQ(listed.count(root + "/dangling"), 1u);
  EXPECT_EQ(listed.size(), 1 + names.size() + 3 + 1) << "the root, the files, the tree below dir, the link";
}

TEST(ListPathsTest, AnUnreadableDirectoryIsPassedOver) {
  const std::string root = NewTestDirectory("tree");
  std::filesystem::create_directories(root + "/secret/inside");
  std::filesystem::permissions(root + "/secret", std::filesystem::perms::none);
  const std::map<std::string, std::string> listed = List(root);
  EXPECT_EQ(listed.count(root + "/secret"), 1u);
  std::filesystem::permissions(root + "/secret", std::filesystem::perms::owner_all);
}

TEST(ListPathsTest, ARootThatIsNotThereIsAnError) {
  const ProcessResult result = RunProcess({Runfile("tools/list_paths"), "/no/such/root"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "list_paths: there is no /no/such/root\n");
}

}  // namespace
}  // namespace aeternus::tools
