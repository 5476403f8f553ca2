#include "bench/plan.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace aeternus::bench {
namespace {

const std::vector<std::string> kNames = {"fillseq", "fillsync", "ycsb_a", "ycsb_b"};

std::string Choice(std::string_view list) {
  const absl::StatusOr<std::vector<std::string>> selected = Selected(list, kNames, "row");
  return selected.ok() ? absl::StrJoin(*selected, " ") : std::string(selected.status().message());
}

TEST(SelectedTest, ListsChooseByNameOrBeginning) {
  EXPECT_EQ(Choice(""), "fillseq fillsync ycsb_a ycsb_b");
  EXPECT_EQ(Choice("ycsb_b,fillseq"), "fillseq ycsb_b");
  EXPECT_EQ(Choice("fill*"), "fillseq fillsync");
  EXPECT_EQ(Choice("ycsb*,ycsb_a"), "ycsb_a ycsb_b");
}

TEST(SelectedTest, WordThatChoosesNothingIsAnError) {
  EXPECT_EQ(Choice("ycsb"), "there is no row 'ycsb'; there are fillseq, fillsync, ycsb_a, ycsb_b");
  EXPECT_EQ(Choice("fillseq,"), "there is no row ''; there are fillseq, fillsync, ycsb_a, ycsb_b");
}

std::string Plan(const std::vector<std::string>& rows, int repetitions) {
  const std::vector<Group> groups = {{.name = "fill", .rows = {"fill", "read"}}, {.name = "open", .rows = {"open"}}};
  const std::vector<Engine> engines = {{.name = "a"}, {.name = "b", .lacks = {{"open", "why"}}}};
  std::vector<std::string> steps;
  for (const Step& step : PlanSteps(groups, rows, engines, repetitions)) {
    steps.push_back(absl::StrCat(step.repetition, step.group, step.engine));
  }
  return absl::StrJoin(steps, " ");
}

TEST(PlanStepsTest, EnginesTakeTurnsWithinEachGroupOfEachRepetition) {
  EXPECT_EQ(Plan({"fill", "read", "open"}, 2), "1filla 1fillb 1opena 2fillb 2filla 2opena");
}

TEST(PlanStepsTest, UnwantedGroupsAreLeftOut) {
  EXPECT_EQ(Plan({"read"}, 1), "1filla 1fillb");
  EXPECT_EQ(Plan({"open"}, 1), "1opena");
}

TEST(EtaTest, ExpectsWhatTheSameStepTookOrTheMean) {
  Eta eta({{1, "g", "a"}, {1, "g", "b"}, {1, "h", "a"}, {2, "g", "a"}});
  EXPECT_EQ(eta.SecondsLeft(), 0);
  eta.Done(10);
  EXPECT_DOUBLE_EQ(eta.SecondsLeft(), 10 + 10 + 10);
  eta.Done(20);
  EXPECT_DOUBLE_EQ(eta.SecondsLeft(), 15 + 10);
  eta.Done(30);
  EXPECT_DOUBLE_EQ(eta.SecondsLeft(), 10);
  eta.Done(11);
  EXPECT_DOUBLE_EQ(eta.SecondsLeft(), 0);
}

TEST(GroupsTest, NamesOfRowsAndGroupsAreUnique) {
  std::set<std::string> groups;
  std::set<std::string> rows;
  for (const Group& group : AllGroups()) {
    EXPECT_TRUE(groups.insert(group.name).second) << group.name;
    for (const std::string& row : group.rows) EXPECT_TRUE(rows.insert(row).second) << row;
  }
}

}  // namespace
}  // namespace aeternus::bench
