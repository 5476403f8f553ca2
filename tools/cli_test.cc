// The tool as a user meets it: the binary is run on databases in a temporary directory.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "aeternus/db.h"
#include "gtest/gtest.h"
#include "tools/testing/process.h"

namespace aeternus::tools {
namespace {

using std::string_literals::operator""s;

class CliTest : public ::testing::Test {
 protected:
  // `command` is split at spaces; DB stands for the test's database.
  ProcessResult Run(const std::string& command, const ProcessOptions& options = {}) {
    std::vector<std::string> arguments = absl::StrSplit(command, ' ');
    for (std::string& argument : arguments) {
      if (argument == "DB") argument = db_;
    }
    return RunWith(arguments, options);
  }
  ProcessResult RunWith(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
    arguments.insert(arguments.begin(), Runfile("tools/aeternus"));
    return RunProcess(arguments, options);
  }
  // Runs a command that must succeed, and returns its output.
  std::string Output(const std::string& command, const std::string& input = "") {
    const ProcessResult result = Run(command, {.input = input});
    EXPECT_EQ(result.exit_code, 0) << command << ": " << result.err;
    return result.out;
  }
  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = dir_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  // Names of the database's files that end in `suffix` or begin with it.
  std::vector<std::string> FilesNamed(const std::string& part) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(db_)) {
      const std::string name = entry.path().filename();
      if (absl::StrContains(name, part)) names.push_back(name);
    }
    return names;
  }

  const std::string dir_ = NewTestDirectory("cli");
  const std::string db_ = dir_ + "/db";
};

TEST_F(CliTest, WhatIsPutIsGot) {
  EXPECT_EQ(Output("put DB key value"), "");
  EXPECT_EQ(Output("get DB key"), "value");
  EXPECT_EQ(Output("get DB key --format=tsv"), "key\tvalue\n");
  EXPECT_EQ(Output("get DB key --format=json"), "{\"key\": \"key\", \"value\": \"value\"}\n");
  Output("put DB key other");
  EXPECT_EQ(Output("get DB key"), "other");
}

TEST_F(CliTest, AMissingKeyIsExitCodeOne) {
  Output("put DB key value");
  const ProcessResult result = Run("get DB nothing");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, absl::StrCat("aeternus get: there is no key \"nothing\" in ", db_, "\n"));
}

TEST_F(CliTest, ValuesComeFromStandardInputToo) {
  const std::string bytes = "line\n\0\xff"s;
  EXPECT_EQ(Output("put DB key -", bytes), "");
  EXPECT_EQ(Output("get DB key"), bytes);
}

TEST_F(CliTest, EscapedArgumentsAreAnyBytes) {
  Output("put DB a\\tb\\xff \\0 --escaped");
  EXPECT_EQ(Output("get DB a\\tb\\xff --escaped"), "\0"s);
  EXPECT_EQ(Run("get DB a\\tb\\xff").exit_code, 1) << "without the flag a backslash is a backslash";
  EXPECT_EQ(Output("scan DB"), "a\\tb\\xff\t\\0\n");
  EXPECT_EQ(Output("scan DB --format=json"), "{\"key_base64\": \"YQli/w==\", \"value\": \"\\u0000\"}\n");
  EXPECT_EQ(Output("scan DB --format=hex"), "610962ff\t00\n");
}

TEST_F(CliTest, DeletedKeysAreGone) {
  for (const char* key : {"a", "b", "c", "d"}) Output(absl::StrCat("put DB ", key, " 1"));
  Output("delete DB a");
  EXPECT_EQ(Output("scan DB"), "b\t1\nc\t1\nd\t1\n");
  Output("delete-range DB b d");
  EXPECT_EQ(Output("scan DB"), "d\t1\n");
  Output("delete DB nothing");
}

TEST_F(CliTest, ScansAreBoundedByEveryFlagAtOnce) {
  Output("load DB -", "a/1\t\na/2\t\na/3\t\nb/1\t\nb/2\t\nc/1\t\n");
  EXPECT_EQ(Output("scan DB --prefix=a/"), "a/1\t\na/2\t\na/3\t\n");
  EXPECT_EQ(Output("scan DB --start=a/2 --end=b/2"), "a/2\t\na/3\t\nb/1\t\n");
  EXPECT_EQ(Output("scan DB --start=a/2 --prefix=a/ --reverse"), "a/3\t\na/2\t\n");
  EXPECT_EQ(Output("scan DB --reverse --limit=2"), "c/1\t\nb/2\t\n");
  EXPECT_EQ(Output("scan DB --prefix=a/ --start=b"), "") << "an empty intersection is no error";
  EXPECT_EQ(Output("scan DB --match=1$"), "a/1\t\nb/1\t\nc/1\t\n");
}

TEST_F(CliTest, AMatchSaysWhatItRead) {
  Output("load DB -", "a/1\t\na/2\t\na/3\t\nb/1\t\nb/2\t\nc/1\t\n");
  EXPECT_EQ(Run("scan DB --match=^a/.*[13]").err, "scanned 3 of range [\"a/\", \"a0\"), matched 2\n");
  EXPECT_EQ(Run("scan DB --match=^a/ --start=a/2").err, "scanned 2 of range [\"a/2\", \"a0\"), matched 2\n");
  EXPECT_EQ(Run("scan DB --match=2").err, "scanned 6 of range [\"\", unbounded), matched 2\n");
  EXPECT_EQ(Run("scan DB --verbose").err, "scanned 6 of range [\"\", unbounded), matched 6\n");
  const ProcessResult result = Run("scan DB --match=(");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(absl::StrContains(result.err, "--match \"(\": missing )")) << result.err;
}

TEST_F(CliTest, AClosedPipeEndsAScanQuietly) {
  std::string lines;
  for (int i = 0; i < 50'000; ++i) absl::StrAppend(&lines, "key", i, "\tvalue\n");
  Output("load DB -", lines);
  const ProcessResult result = RunProcess(
      {"/bin/bash", "-c", absl::StrCat("set -o pipefail; ", Runfile("tools/aeternus"), " scan ", db_, " | head -n 1")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "key0\tvalue\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(CliTest, LoadReadsFilesAndStandardInput) {
  const std::string path =
      WriteFile("in.json", "{\"key\": \"k\", \"value\": \"é\"}\n{\"key_base64\": \"/w==\", \"value\": \"\"}\n");
  const ProcessResult result = Run("load DB " + path + " --format=json --sync");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(absl::StartsWith(result.err, "loaded 2 records, ")) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, "records/s, ")) << result.err;
  EXPECT_EQ(result.err.find_first_of("\r\x1b"), std::string::npos) << "a bar is for terminals";
  EXPECT_EQ(Output("scan DB"), "k\té\n\\xff\t\n");
  Output("load DB - --batch_records=1 --write_buffer_mb=1", "x\t1\r\ny\t2");
  EXPECT_EQ(Output("scan DB --start=x --end=z"), "x\t1\ny\t2\n");
}

TEST_F(CliTest, AMalformedLineIsNamedAndTheLinesBeforeItAreKept) {
  std::string lines;
  for (int i = 10; i < 26; ++i) absl::StrAppend(&lines, "key", i, "\tvalue\n");
  const std::string path = WriteFile("in.tsv", lines + "no tab\nlast\t1\n");
  const ProcessResult result = Run("load DB " + path + " --batch_records=5");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_TRUE(absl::StrContains(result.err, absl::StrCat("aeternus load: ", path,
                                                         ": loaded 16 records, then line 17: no tab between key and "
                                                         "value\nThe records before it are kept.")))
      << result.err;
  EXPECT_EQ(Output("scan DB"), lines);
}

TEST_F(CliTest, ADumpLoadsIntoACopy) {
  Output("load DB -", "a\\tb\t\\\\n\nbin\t\\xff\\0\nempty\t\n");
  for (const std::string& format : {"tsv"s, "json"s}) {
    const std::string dump = Output("dump DB --format=" + format);
    Output(absl::StrCat("load ", dir_, "/", format, " - --format=", format), dump);
    EXPECT_EQ(Output(absl::StrCat("dump ", dir_, "/", format, " --format=", format)), dump);
  }
}

TEST_F(CliTest, EveryKindOfFileCanBeDumped) {
  const auto dump_logs = [this] {
    std::string logs;
    for (const std::string& name : FilesNamed(".log")) logs += Output("dump DB --file=" + name);
    return logs;
  };
  Output("load DB -", "a\t1\nb\t2\n");
  std::string logs = dump_logs();
  EXPECT_TRUE(absl::StrContains(logs, " put \"a\" = \"1\" (1 B)\n")) << logs;
  // The next process may flush what it recovers, and with it goes that log.
  ASSERT_EQ(Run("delete-range DB b c").exit_code, 0);
  logs = dump_logs();
  EXPECT_TRUE(absl::StrContains(logs, " delete range [\"b\", \"c\")\n")) << logs;
  EXPECT_TRUE(absl::StrContains(logs, " seal, last LSN 3")) << logs;

  Output("compact DB");
  const std::vector<std::string> tables = FilesNamed(".sst");
  ASSERT_FALSE(tables.empty());
  const std::string table = Output("dump DB --file=" + tables.front());
  EXPECT_TRUE(absl::StrContains(table, "LSN 1 put \"a\" = \"1\" (1 B)\n")) << table;
  EXPECT_TRUE(absl::StrContains(table, "property puts = ")) << table;

  std::string manifests;
  for (const std::string& name : FilesNamed("MANIFEST-")) manifests += Output("dump DB --file=" + name);
  EXPECT_TRUE(absl::StrContains(manifests, ", a snapshot\n")) << manifests;
  EXPECT_TRUE(absl::StrContains(manifests, "add table ")) << manifests;
  EXPECT_TRUE(absl::StrContains(manifests, "key order \"bytewise\"")) << manifests;

  EXPECT_TRUE(absl::StartsWith(Output("dump DB --file=CURRENT"), "CURRENT: manifest "));

  EXPECT_EQ(Run("dump DB --file=LOCK").exit_code, 2);
  EXPECT_EQ(Run("dump DB --file=999999.log").exit_code, 3);
}

TEST_F(CliTest, StatsShowTheTree) {
  Output("load DB -", "a\t1\nb\t2\n");
  Output("compact DB");
  const std::string text = Output("stats DB");
  EXPECT_TRUE(absl::StrContains(text, "state: healthy")) << text;
  EXPECT_TRUE(absl::StrContains(text, "tree: 1 table, ")) << text;
  EXPECT_TRUE(absl::StrContains(text, "2 puts, LSN 1-2, [\"a\" .. \"b\"]")) << text;
  EXPECT_TRUE(absl::StrContains(Output("stats DB --json"), "\"table_count\": 1, "));
}

TEST_F(CliTest, CompactSaysWhatItGained) {
  Output("load DB -", "a\t1\nb\t2\nc\t3\n");
  Output("compact DB");
  Output("delete DB b");
  const std::string text = Output("compact DB");
  EXPECT_TRUE(absl::StartsWith(text, "before: 2 tables, ")) << text;
  EXPECT_TRUE(absl::StrContains(text, "\nafter:  1 table, ")) << text;
  EXPECT_TRUE(absl::StrContains(text, "2 entries (2 puts)\n")) << text;
  EXPECT_EQ(Output("scan DB"), "a\t1\nc\t3\n");
}

TEST_F(CliTest, VerifyFindsAFlippedBit) {
  Output("load DB -", "a\tsome value\nb\tother value\n");
  Output("compact DB");
  EXPECT_TRUE(absl::StartsWith(Output("verify DB"), "ok: every byte checked; 1 table, "));

  const std::string table = FilesNamed(".sst").at(0);
  std::fstream file(db_ + "/" + table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(20);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(20);
  file.put(byte).flush();

  const ProcessResult result = Run("verify DB");
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(absl::StrContains(result.err, table)) << result.err;
  EXPECT_TRUE(absl::StrContains(result.err, "Nothing was changed.")) << result.err;
  EXPECT_EQ(Run("scan DB").exit_code, 4) << "a scan ends with the error, not early";
  EXPECT_EQ(Run("dump DB --file=" + table).exit_code, 4);
}

TEST_F(CliTest, SalvageCopiesWhatIsGoodAndListsTheRest) {
  std::string lines;
  for (int i = 1000; i < 2000; ++i) absl::StrAppend(&lines, "key", i, "\tvalue ", i, "\n");
  Output("load DB -", lines);
  Output("compact DB");
  Output("put DB key1000 changed");
  const std::string copy = dir_ + "/copy";
  std::string report = Output("salvage DB " + copy);
  EXPECT_TRUE(absl::StrContains(report, ", 1 table, 1 log; 1,001 good entries\n")) << report;
  EXPECT_TRUE(absl::StrContains(report, "\nnothing was lost; wrote 1,000 records, ")) << report;
  EXPECT_EQ(Output("dump " + copy), Output("dump DB"));

  // The source does not open any more, and one of its blocks is damaged.
  std::filesystem::remove(db_ + "/CURRENT");
  const std::string table = FilesNamed(".sst").at(0);
  std::fstream file(db_ + "/" + table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5000);
  file.put('\xff').flush();
  const ProcessResult refused = Run("scan DB");
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_TRUE(absl::StrContains(refused.err, "aeternus salvage " + db_)) << refused.err;
  const ProcessResult salvaged = Run("salvage DB " + dir_ + "/rest");
  EXPECT_EQ(salvaged.exit_code, 4) << salvaged.err;
  EXPECT_TRUE(absl::StrContains(salvaged.out, "lost: CURRENT at offset 0: the file is missing; no entries\n"))
      << salvaged.out;
  EXPECT_TRUE(absl::StrContains(salvaged.out, absl::StrCat("lost: ", table, " at offset "))) << salvaged.out;
  EXPECT_TRUE(absl::StrContains(salvaged.out, " entries, keys from \"key1")) << salvaged.out;
  EXPECT_TRUE(absl::StrContains(salvaged.err, "salvaged ")) << salvaged.err;
  EXPECT_EQ(Output("get " + dir_ + "/rest key1000"), "changed");
  EXPECT_EQ(Output("get " + dir_ + "/rest key1999"), "value 1999");
  EXPECT_EQ(Run("verify " + dir_ + "/rest").exit_code, 0);
}

TEST_F(CliTest, SalvageNeedsASourceAndNoTarget) {
  Output("put DB key value");
  const ProcessResult exists = Run("salvage DB " + dir_);
  EXPECT_EQ(exists.exit_code, 3);
  EXPECT_TRUE(absl::StrContains(exists.err, "exists; salvage needs a new directory")) << exists.err;
  EXPECT_EQ(Run("salvage DB " + db_ + "/inside").exit_code, 2);
  EXPECT_EQ(Run("salvage " + dir_ + "/nothing " + dir_ + "/new").exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/new"));
}

TEST_F(CliTest, ReadingCommandsMakeNoDatabase) {
  const std::string empty = dir_ + "/empty";
  std::filesystem::create_directory(empty);
  for (const std::string& dir : {db_, empty}) {
    for (const std::string& command :
         {"get "s + dir + " k", "scan "s + dir, "dump "s + dir, "stats "s + dir, "verify "s + dir, "compact "s + dir}) {
      const ProcessResult result = Run(command);
      EXPECT_EQ(result.exit_code, 3) << command;
      EXPECT_TRUE(absl::StrContains(result.err, "there is no database in " + dir)) << result.err;
      EXPECT_TRUE(absl::StrContains(result.err, "aeternus put or aeternus load")) << result.err;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(db_));
  EXPECT_TRUE(std::filesystem::is_empty(empty));
}

TEST_F(CliTest, AnOpenDatabaseIsLockedAndCanStillBeLookedInto) {
  const std::unique_ptr<Db> db = Db::Open(db_, {}).value();
  ASSERT_TRUE(db->Put("key", "value").ok());
  const ProcessResult result = Run("get DB key");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_TRUE(absl::StrContains(result.err, "Another process has the database open.")) << result.err;
  std::string logs;
  for (const std::string& name : FilesNamed(".log")) logs += Run("dump DB --file=" + name).out;
  EXPECT_TRUE(absl::StrContains(logs, "put \"key\" = \"value\"")) << logs;
}

TEST_F(CliTest, HelpIsThereForEveryCommand) {
  const std::string help = Output("help");
  EXPECT_EQ(Output("--help"), help);
  EXPECT_TRUE(
      absl::StrContains(help, "exit codes:\n  0 done   1 get: no such key   2 usage   3 error   4 damaged data\n"));
  for (const std::string& command :
       {"put"s, "get"s, "delete"s, "delete-range"s, "scan"s, "load"s, "dump"s, "stats"s, "verify"s, "compact"s}) {
    EXPECT_TRUE(absl::StrContains(help, absl::StrCat("\n  ", command, " "))) << command;
    const std::string text = Output("help " + command);
    EXPECT_TRUE(absl::StartsWith(text, absl::StrCat("usage: aeternus ", command, " DB"))) << text;
    EXPECT_EQ(Output(command + " --help"), text);
  }
  EXPECT_TRUE(absl::StrContains(help, "\n  salvage "));
  EXPECT_TRUE(absl::StartsWith(Output("help salvage"), "usage: aeternus salvage SOURCE TARGET"));
}

TEST_F(CliTest, UsageErrorsAreExitCodeTwoAndSayWhereToLook) {
  const struct {
    std::string command;
    std::string error;
  } cases[] = {
      {"frobnicate", "aeternus: there is no command \"frobnicate\". See: aeternus help\n"},
      {"help frobnicate", "aeternus help: there is no command \"frobnicate\". See: aeternus help\n"},
      {"get DB", "aeternus get: expected DB KEY, got 1 parameter\nSee: aeternus help get\n"},
      {"put DB a b c", "aeternus put: expected DB KEY VALUE, got 4 parameters\nSee: aeternus help put\n"},
      {"get DB k --limit=1", "aeternus get: unknown flag --limit; known: --format, --escaped"},
      {"scan DB --limit=x", "aeternus scan: Illegal value 'x'"},
      {"load DB - --format=hex",
       "aeternus load: --format hex cannot be loaded; use tsv or json\nSee: aeternus help load\n"},
      {"load DB - --batch_records=0", "aeternus load: --batch_records must be 1 - 1000000\n"},
      {"get DB \\q --escaped", "aeternus get: the key: unknown escape \\q"},
      {"delete-range DB b a", "aeternus delete-range: "},
      {"load DB - --write_buffer_mb=257", "aeternus load: "},
  };
  for (const auto& c : cases) {
    const ProcessResult result = Run(c.command);
    EXPECT_EQ(result.exit_code, 2) << c.command;
    EXPECT_EQ(result.out, "") << c.command;
    EXPECT_TRUE(absl::StartsWith(result.err, c.error)) << c.command << ": " << result.err;
    EXPECT_TRUE(absl::StrContains(result.err, "See: aeternus help")) << c.command << ": " << result.err;
  }
  const ProcessResult nothing = RunWith({});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_TRUE(absl::StartsWith(nothing.err, "aeternus: looks into"));
  EXPECT_EQ(RunWith({"put", db_, "", "value"}).exit_code, 2) << "empty keys are refused";
}

TEST_F(CliTest, AMissingInputFileIsNamedAndNoDatabaseIsMade) {
  const ProcessResult result = Run("load DB " + dir_ + "/nothing.tsv");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.err, absl::StrCat("aeternus load: cannot open ", dir_, "/nothing.tsv: No such file or directory\n"));
  EXPECT_FALSE(std::filesystem::exists(db_));
  EXPECT_EQ(Run("load DB " + dir_).exit_code, 3) << "a directory cannot be read";
}

TEST_F(CliTest, PathsAreRelativeToWhereBazelRunWasCalled) {
  ASSERT_EQ(Run("put db key value", {.environment = {"BUILD_WORKING_DIRECTORY=" + dir_}}).exit_code, 0);
  EXPECT_EQ(Output("get DB key"), "value");
}

}  // namespace
}  // namespace aeternus::tools
