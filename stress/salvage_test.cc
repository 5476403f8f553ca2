// Salvage after one damage to one place of a database that holds every kind of file and block: what is intact is
// saved, what was never written does not appear, and the source is only read.
#include "salvage/salvage.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "aeternus/engine.h"
#include "base/entry.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "gtest/gtest.h"
#include "salvage/report.h"
#include "stress/full_database.h"
#include "stress/rng.h"
#include "stress/seed.h"
#include "wal/frame.h"

namespace aeternus::stress {
namespace {

using aeternus::testing::Contents;
using aeternus::testing::ContentsOf;
using aeternus::testing::FramesOf;
using aeternus::testing::LogFrame;
using aeternus::testing::Machine;

constexpr char kTarget[] = "/data/salvaged";

class SalvageTest : public ::testing::TestWithParam<Ending> {
 protected:
  SalvageTest() : full_(MakeFullDatabase(GetParam())), rng_(SeedOverride().value_or(1)) {
    for (const LoggedOperation& operation : full_.operations) {
      if (operation.kind == EntryKind::kPut) written_.emplace(operation.key, operation.value);
    }
  }

  // Salvages what `machine` holds; the contents of the target. The source must not change.
  Contents SalvageOf(Machine& machine, salvage::Report* report, const salvage::Options& options = {}) {
    const std::string source = std::string(Machine::kDir) + "/";
    const Contents before = machine.Files();
    absl::StatusOr<salvage::Report> salvaged = salvage::Salvage(machine.env(), Machine::kDir, kTarget, options);
    EXPECT_TRUE(salvaged.ok()) << salvaged.status();
    if (!salvaged.ok()) return {};
    *report = *std::move(salvaged);
    Contents after;
    for (const std::string& path : machine.disk().Files()) {
      if (absl::StartsWith(path, source) && !absl::EndsWith(path, "/LOCK"))
        after[path] = *machine.disk().Contents(path);
    }
    EXPECT_TRUE(after == before) << "the source was changed";
    const auto target = Engine::Open(kTarget, {.create_if_missing = false, .env = machine.env()});
    EXPECT_TRUE(target.ok()) << target.status();
    if (!target.ok()) return {};
    EXPECT_TRUE((*target)->Verify().ok());
    Contents contents = ContentsOf(**target);
    EXPECT_EQ(contents.size(), report->written_records);
    for (const auto& pair : contents) EXPECT_TRUE(written_.contains(pair)) << pair.first << " was never written so";
    return contents;
  }

  // The history without the operations of one frame.
  Contents WithoutBatch(const LogFrame& frame) const {
    Contents contents;
    for (size_t i = 0; i < full_.operations.size(); ++i) {
      const bool is_lost = frame.first_lsn.value <= i + 1 && i + 1 <= frame.last_lsn.value;
      if (!is_lost) full_.operations[i].ApplyTo(&contents);
    }
    return contents;
  }

  // Of a table: what differs lies where the report says that something was lost, or was deleted by a lost range
  // tombstone.
  void CheckTable(const Contents& found, const salvage::Report& report) {
    std::set<std::string> differing;
    for (const std::string& key : full_.keys) {
      const auto expected = full_.contents().find(key);
      const auto actual = found.find(key);
      const bool is_same = (expected == full_.contents().end()) == (actual == found.end()) &&
                           (actual == found.end() || actual->second == expected->second);
      if (!is_same) differing.insert(key);
    }
    const bool lacks_tombstones = std::any_of(report.warnings.begin(), report.warnings.end(), [](const auto& warning) {
      return absl::StrContains(warning, "range deletions");
    });
    for (const std::string& key : differing) {
      const bool is_excused = std::any_of(report.losses.begin(), report.losses.end(), [&](const salvage::Loss& loss) {
        if (!loss.may_hold_entries || !loss.has_key_range) return false;
        return (!loss.after.has_value() || *loss.after <= key) && (!loss.before.has_value() || key <= *loss.before);
      });
      EXPECT_TRUE(is_excused || lacks_tombstones) << key << " differs";
    }
    uint64_t entries = 0;
    for (const salvage::Loss& loss : report.losses) entries += loss.entries.value_or(0);
    EXPECT_TRUE(lacks_tombstones || differing.size() <= entries) << differing.size() << " of " << entries;
    (differing.empty() ? whole_ : partial_) += 1;
  }

  void CheckLog(const std::string& path, const Contents& found, const std::vector<LogFrame>& frames, uint64_t byte,
                bool is_cut) {
    std::vector<Contents> expected;
    if (!is_cut) {
      for (const LogFrame& frame : frames) {
        const bool is_hit = frame.offset <= byte && byte < frame.end_offset;
        if (is_hit && frame.type == wal::FrameType::kBatch) expected.push_back(WithoutBatch(frame));
      }
    } else {
      Contents contents;
      std::set<uint64_t> lost;
      for (const LogFrame& frame : frames) {
        if (frame.end_offset <= byte || frame.type != wal::FrameType::kBatch) continue;
        for (uint64_t lsn = frame.first_lsn.value; lsn <= frame.last_lsn.value; ++lsn) lost.insert(lsn);
      }
      for (size_t i = 0; i < full_.operations.size(); ++i) {
        if (!lost.contains(i + 1)) full_.operations[i].ApplyTo(&contents);
      }
      expected.push_back(std::move(contents));
    }
    if (expected.empty()) expected.push_back(full_.contents());
    EXPECT_TRUE(found == expected.front()) << path;
    (found == full_.contents() ? whole_ : partial_) += 1;
  }

  void CheckDamage(const std::string& path, uint64_t byte, std::optional<int> bit) {
    SCOPED_TRACE(absl::StrCat(path, " at ", byte, bit.has_value() ? absl::StrCat(", bit ", *bit) : ", cut"));
    Machine machine = full_.machine.AfterKill();
    const std::vector<LogFrame> frames =
        absl::EndsWith(path, ".log") ? FramesOf(machine, path) : std::vector<LogFrame>();
    if (bit.has_value()) {
      machine.FlipBit(path, 8 * byte + *bit);
    } else {
      machine.Truncate(path, byte);
    }
    salvage::Report report;
    const Contents found = SalvageOf(machine, &report);
    ++damages_;
    if (absl::EndsWith(path, ".sst")) {
      CheckTable(found, report);
    } else if (absl::EndsWith(path, ".log")) {
      CheckLog(path, found, frames, byte, !bit.has_value());
    } else {
      EXPECT_TRUE(found == full_.contents()) << "tables and logs are whole";
      ++whole_;
    }
    // The reserve is there for its size alone. The seal of a log proves no more than the link of the next one.
    const bool is_used_byte =
        (!absl::EndsWith(path, ".log") && !absl::EndsWith(path, "/RESERVE")) ||
        (bit.has_value() && byte < kFileIdentitySizeBytes && absl::EndsWith(path, ".log")) ||
        std::any_of(frames.begin(), frames.end(), [byte](const LogFrame& frame) {
          return frame.type != wal::FrameType::kSeal && frame.offset <= byte && byte < frame.end_offset;
        });
    // Cut at the end of a frame: a close says where the logs end, and nobody says where the manifest does.
    const bool may_be_silent =
        !bit.has_value() && byte % wal::kFrameAlignmentBytes == 0 &&
        (absl::StrContains(path, "MANIFEST") || (absl::EndsWith(path, ".log") && GetParam() == Ending::kKilled));
    const bool is_named = std::any_of(report.losses.begin(), report.losses.end(),
                                      [&](const salvage::Loss& loss) { return absl::EndsWith(path, loss.file); });
    EXPECT_TRUE(is_named || may_be_silent || !is_used_byte) << "the damaged file is not reported";
  }

  void Print(const char* kind) const {
    std::printf("salvages after %s: %llu\nsalvaged whole: %llu\nsalvaged in part: %llu\n", kind,
                static_cast<unsigned long long>(damages_), static_cast<unsigned long long>(whole_),
                static_cast<unsigned long long>(partial_));
  }

  const FullDatabase full_;
  Rng rng_;
  std::set<std::pair<std::string, std::string>> written_;
  uint64_t damages_ = 0;
  uint64_t whole_ = 0;
  uint64_t partial_ = 0;
};

TEST_P(SalvageTest, OfAnUndamagedDatabaseIsACopy) {
  Machine machine = full_.machine.AfterKill();
  salvage::Report report;
  EXPECT_TRUE(SalvageOf(machine, &report) == full_.contents());
  EXPECT_TRUE(report.is_complete());
  EXPECT_TRUE(report.warnings.empty());
}

TEST_P(SalvageTest, AfterAFlippedBitSavesWhatIsIntact) {
  SCOPED_TRACE(absl::StrCat("replay: ", ReplayCommand(SeedOverride().value_or(1))));
  const uint64_t step = IsLongRun() ? 1 : 5;
  for (const auto& [path, bytes] : full_.machine.Files()) {
    for (uint64_t byte = rng_.Below(step); byte < bytes.size(); byte += step) {
      CheckDamage(path, byte, static_cast<int>(rng_.Below(8)));
      if (HasFailure()) return;
    }
  }
  Print("a flipped bit");
  EXPECT_GE(damages_, 6'500u);
  EXPECT_GE(whole_, 4'000u);
  EXPECT_GE(partial_, 800u);
}

TEST_P(SalvageTest, AfterATruncationSavesWhatIsIntact) {
  SCOPED_TRACE(absl::StrCat("replay: ", ReplayCommand(SeedOverride().value_or(1))));
  const uint64_t step = IsLongRun() ? 1 : 5;
  for (const auto& [path, bytes] : full_.machine.Files()) {
    for (uint64_t byte = rng_.Below(step); byte < bytes.size(); byte += step) {
      CheckDamage(path, byte, std::nullopt);
      if (HasFailure()) return;
    }
  }
  Print("a truncation");
  EXPECT_GE(damages_, 6'500u);
  EXPECT_GE(whole_, 4'000u);
  EXPECT_GE(partial_, 800u);
}

// Two files at once: nothing says which tables and logs count, and all of them do.
TEST_P(SalvageTest, WithoutCurrentAndManifestSavesEverything) {
  Machine machine = full_.machine.AfterKill();
  machine.Delete(std::string(Machine::kDir) + "/CURRENT");
  for (const std::string& manifest : machine.Manifests()) machine.Delete(manifest);
  salvage::Report report;
  EXPECT_TRUE(SalvageOf(machine, &report) == full_.contents());
  EXPECT_EQ(report.manifest, "");
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_TRUE(absl::StrContains(report.warnings.front(), "may reappear")) << report.warnings.front();
}

TEST_P(SalvageTest, UpToTheDamageIsAStateThatTheDatabaseOnceHad) {
  for (const std::string& log : full_.machine.Logs()) {
    Machine intact = full_.machine.AfterKill();
    for (const LogFrame& frame : FramesOf(intact, log)) {
      if (frame.type != wal::FrameType::kBatch) continue;
      SCOPED_TRACE(absl::StrCat(log, " at ", frame.offset));
      Machine machine = full_.machine.AfterKill();
      machine.FlipBit(log, 8 * frame.offset);
      salvage::Report report;
      const Contents found = SalvageOf(machine, &report, {.stop_at_damage = true});
      EXPECT_TRUE(found == full_.history[frame.first_lsn.value - 1]);
      EXPECT_EQ(report.behind_damage, full_.operations.size() - frame.last_lsn.value);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Endings, SalvageTest, ::testing::Values(Ending::kClosed, Ending::kKilled),
                         [](const auto& info) { return info.param == Ending::kClosed ? "Closed" : "Killed"; });

}  // namespace
}  // namespace aeternus::stress
