#include "tools/salvage_view.h"

#include <string>

#include "gtest/gtest.h"
#include "salvage/report.h"

namespace aeternus::tools {
namespace {

TEST(SalvageViewTest, AWholeDatabaseTakesTwoLines) {
  const salvage::Report report{.manifest = "MANIFEST-000003",
                               .tables = 1,
                               .logs = 2,
                               .good_entries = 1234,
                               .written_records = 1,
                               .written_bytes = 2048};
  EXPECT_EQ(FormatSalvageReport(report),
            "used: MANIFEST-000003, 1 table, 2 logs; 1,234 good entries\n"
            "nothing was lost; wrote 1 record, 2.0 KiB\n");
}

TEST(SalvageViewTest, EveryLossHasALineWithFileOffsetSizeEntriesAndKeys) {
  salvage::Report report;
  report.losses.push_back({.file = "000004.sst",
                           .offset = 512,
                           .size_bytes = 300,
                           .what = "a data block: bad",
                           .entries = 7,
                           .has_key_range = true,
                           .after = "a\tb"});
  report.losses.push_back({.file = "CURRENT", .what = "the file is missing", .may_hold_entries = false});
  report.losses.push_back({.file = "000009.log", .offset = 64, .what = "no valid frame", .entries = 1});
  report.losses.push_back({.file = "000010.log", .offset = 64, .what = "no valid frame"});
  report.warnings = {"deleted data may reappear"};
  report.ignored = {{"000002.sst", "retired"}};
  report.behind_damage = 3;
  report.discarded = 1;
  EXPECT_EQ(FormatSalvageReport(report),
            "used: no manifest, 0 tables, 0 logs; 0 good entries\n"
            "lost: 000004.sst at offset 512, 300 B: a data block: bad; 7 entries, keys from \"a\\tb\" to the end\n"
            "lost: CURRENT at offset 0: the file is missing; no entries\n"
            "lost: 000009.log at offset 64: no valid frame; 1 entry\n"
            "lost: 000010.log at offset 64: no valid frame; an unknown number of entries\n"
            "behind damage in the logs: 3 operations, used (--stop_at_damage leaves them out)\n"
            "discarded by an earlier recovery: 1 operation, left out\n"
            "left alone: 000002.sst: retired\n"
            "warning: deleted data may reappear\n"
            "what is listed as lost was not saved; wrote 0 records, 0 B\n");
}

}  // namespace
}  // namespace aeternus::tools
