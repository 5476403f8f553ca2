// What salvage saves, what it reports, and what it leaves alone. Damage everywhere is //stress:salvage_test's affair.
#include "salvage/salvage.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "aeternus/engine.h"
#include "aeternus/write_batch.h"
#include "base/types.h"
#include "engine/testing/log_frames.h"
#include "engine/testing/machine.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"
#include "manifest/manifest.h"
#include "salvage/report.h"
#include "wal/frame.h"
#include "wal/reader.h"

namespace aeternus::salvage {
namespace {

using aeternus::env::testing::FileCall;
using aeternus::env::testing::FileOp;
using aeternus::testing::BatchesOf;
using aeternus::testing::Contents;
using aeternus::testing::ContentsOf;
using aeternus::testing::DatabaseIdOf;
using aeternus::testing::DestroyFrame;
using aeternus::testing::FailsWith;
using aeternus::testing::Flush;
using aeternus::testing::kUnsynced;
using aeternus::testing::LogFrame;
using aeternus::testing::Machine;
using aeternus::testing::Numbered;
using aeternus::testing::NumberedKey;
using aeternus::testing::PutNumbered;

constexpr char kTarget[] = "/data/new";

// The edits of a manifest, as they lie there.
std::vector<LogFrame> EditsOf(Machine& machine, const std::string& path) {
  const FileNumber number = *Manifest::ParseFileName(path.substr(path.rfind('/') + 1));
  const auto file = machine.disk().NewRandomAccessFile(path).value();
  wal::Reader reader(file.get(), DatabaseIdOf(machine), number);
  std::vector<LogFrame> edits;
  while (reader.Next().value().has_value()) {
    edits.push_back({.type = wal::FrameType::kEdit, .offset = reader.frame_offset(), .end_offset = reader.offset()});
  }
  return edits;
}

class SalvageTest : public ::testing::Test {
 protected:
  absl::StatusOr<Report> TrySalvage(const Options& options = {}) {
    return Salvage(machine_.env(), Machine::kDir, kTarget, options);
  }
  Report MustSalvage(const Options& options = {}) {
    absl::StatusOr<Report> report = TrySalvage(options);
    EXPECT_OK(report);
    return report.ok() ? *std::move(report) : Report();
  }
  Contents Target() {
    const auto engine = Engine::Open(kTarget, {.create_if_missing = false, .env = machine_.env()});
    EXPECT_OK(engine);
    return engine.ok() ? ContentsOf(**engine) : Contents();
  }
  static const Loss* LossOf(const Report& report, std::string_view path, bool may_hold_entries = true) {
    for (const Loss& loss : report.losses) {
      if (absl::EndsWith(path, loss.file) && loss.may_hold_entries == may_hold_entries) return &loss;
    }
    ADD_FAILURE() << "no loss of " << path;
    return nullptr;
  }
  std::string PathOf(std::string_view name) const { return std::string(Machine::kDir) + "/" + std::string(name); }

  Machine machine_;
};

TEST_F(SalvageTest, ADamagedDataBlockIsReportedWithItsEntriesAndItsNeighboursKeys) {
  {
    const auto engine = machine_.Open({.table = {.block_size_bytes = 256}});
    PutNumbered(*engine, 0, 100);
    ASSERT_OK(Flush(*engine));
    ASSERT_OK(engine->Close());
  }
  const std::string table = machine_.Tables()[0];
  machine_.FlipBit(table, 8 * 1000);
  const Report report = MustSalvage();
  const Loss* loss = LossOf(report, table);
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(report.losses.size(), 1u);
  EXPECT_LE(loss->offset, 1000u);
  EXPECT_GT(loss->offset + loss->size_bytes, 1000u);
  ASSERT_TRUE(loss->entries.has_value() && loss->after.has_value() && loss->before.has_value());
  Contents expected = Numbered(0, 100);
  expected.erase(expected.upper_bound(*loss->after), expected.lower_bound(*loss->before));
  EXPECT_EQ(expected.size(), 100 - *loss->entries);
  EXPECT_EQ(Target(), expected);
  EXPECT_EQ(report.good_entries, expected.size());
  EXPECT_EQ(report.written_records, expected.size());
  EXPECT_FALSE(report.is_complete());
}

TEST_F(SalvageTest, AMissingTableIsReportedWithWhatTheManifestKnowsOfIt) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 10);
    ASSERT_OK(Flush(*engine));
    PutNumbered(*engine, 10, 20);
    ASSERT_OK(engine->Close());
  }
  const std::string table = machine_.Tables()[0];
  machine_.Delete(table);
  const Report report = MustSalvage();
  const Loss* loss = LossOf(report, table);
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->entries, 10u);
  EXPECT_EQ(loss->after, NumberedKey(0));
  EXPECT_EQ(loss->before, NumberedKey(9));
  EXPECT_FALSE(report.warnings.empty()) << "an edit may be missing that retired it";
  EXPECT_EQ(Target(), Numbered(10, 20));
}

TEST_F(SalvageTest, ADamagedFrameIsReportedWithTheNumberOfItsOperations) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 3);
    WriteBatch batch;
    for (const auto& [key, value] : Numbered(3, 8)) batch.Put(key, value);
    ASSERT_OK(engine->Write(batch));
    PutNumbered(*engine, 8, 12);
    ASSERT_OK(engine->Close());
  }
  const std::string log = machine_.Logs()[0];
  DestroyFrame(machine_, log, BatchesOf(machine_, log)[3]);
  const Machine damaged = machine_.AfterKill();
  Report report = MustSalvage();
  const Loss* loss = LossOf(report, log);
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->entries, 5u);
  EXPECT_EQ(report.behind_damage, 4u);
  Contents expected = Numbered(0, 12);
  expected.erase(expected.find(NumberedKey(3)), expected.find(NumberedKey(8)));
  EXPECT_EQ(Target(), expected);

  machine_ = damaged.AfterKill();
  report = MustSalvage({.stop_at_damage = true});
  EXPECT_EQ(report.behind_damage, 4u);
  EXPECT_FALSE(report.used_behind_damage);
  EXPECT_EQ(Target(), Numbered(0, 3));
}

// Of a database that was closed, the manifest knows how far its logs reached.
TEST_F(SalvageTest, ALogThatIsGoneIsReportedWithTheEntriesThatTheCloseKnewOf) {
  for (const int lost : {1, 4}) {
    machine_ = Machine();
    {
      const auto engine = machine_.Open();
      PutNumbered(*engine, 0, 10);
      ASSERT_OK(Flush(*engine));
      PutNumbered(*engine, 10, 10 + lost);
      ASSERT_OK(engine->Close());
    }
    const std::string log = machine_.Logs().back();
    machine_.Truncate(log, 64);
    const Report report = MustSalvage();
    const Loss* loss = LossOf(report, log);
    ASSERT_NE(loss, nullptr);
    EXPECT_EQ(loss->entries, static_cast<uint64_t>(lost));
    EXPECT_EQ(Target(), Numbered(0, 10));
  }
}

TEST_F(SalvageTest, TheOnlyLogThatIsGoneMayHaveHeldEntries) {
  PutNumbered(*machine_.Open(), 0, 4, kUnsynced);
  const std::string log = machine_.Logs()[0];
  machine_.Delete(log);
  EXPECT_NE(LossOf(MustSalvage(), log), nullptr);
}

TEST_F(SalvageTest, TheFirstLogThatIsGoneIsReportedByTheNextOne) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 4, kUnsynced);
    ASSERT_TRUE(engine->FreezeMemtable().value());
    PutNumbered(*engine, 4, 8, kUnsynced);
  }
  const std::string first = machine_.Logs()[0];
  machine_.Delete(first);
  const Machine damaged = machine_.AfterKill();
  EXPECT_NE(LossOf(MustSalvage(), first), nullptr);
  EXPECT_EQ(Target(), Numbered(4, 8));
  machine_ = damaged.AfterKill();
  EXPECT_NE(LossOf(MustSalvage({.stop_at_damage = true}), first), nullptr);
  EXPECT_EQ(Target(), Contents{});
}

TEST_F(SalvageTest, ATornLastWriteIsReportedAndWhatTheCutKnewOfIt) {
  PutNumbered(*machine_.Open(), 0, 4, kUnsynced);
  const std::string log = machine_.Logs()[0];
  const Machine killed = machine_.AfterKill();
  DestroyFrame(machine_, log, BatchesOf(machine_, log)[3]);
  const Report torn = MustSalvage();
  ASSERT_NE(LossOf(torn, log), nullptr);
  EXPECT_EQ(LossOf(torn, log)->entries, std::nullopt) << "it may have been any number";
  EXPECT_EQ(Target(), Numbered(0, 3));

  machine_ = killed.AfterKill();
  machine_.Open().reset();  // a recovery that saw all four, and says so
  DestroyFrame(machine_, log, BatchesOf(machine_, log)[3]);
  const Report cut = MustSalvage();
  EXPECT_TRUE(std::any_of(cut.losses.begin(), cut.losses.end(), [](const Loss& loss) { return loss.entries == 1u; }));
  EXPECT_EQ(Target(), Numbered(0, 3));
}

TEST_F(SalvageTest, RangeDeletionsHoldWhetherTheyAreInATableOrInALog) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 10);
    ASSERT_OK(Flush(*engine));
    ASSERT_OK(engine->DeleteRange(NumberedKey(0), NumberedKey(2)));
    ASSERT_OK(Flush(*engine));
    ASSERT_OK(engine->DeleteRange(NumberedKey(2), NumberedKey(4)));
    ASSERT_OK(engine->DeleteRange(NumberedKey(8), NumberedKey(99)));
  }
  EXPECT_TRUE(MustSalvage().is_complete());
  EXPECT_EQ(Target(), Numbered(4, 8));
}

TEST_F(SalvageTest, WhatAnEarlierRecoveryDiscardedStaysDiscarded) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 6, kUnsynced);
  }
  const std::string log = machine_.Logs()[0];
  const std::string whole = *machine_.disk().Contents(log);
  DestroyFrame(machine_, log, BatchesOf(machine_, log)[2]);  // nothing proves it: a torn tail
  {
    const auto engine = machine_.Open();
    EXPECT_EQ(ContentsOf(*engine), Numbered(0, 2));
    PutNumbered(*engine, 10, 12);
  }
  ASSERT_EQ(machine_.Logs().front(), log) << "the log that was cut is still live";
  const Machine recovered = machine_.AfterKill();
  Contents expected = Numbered(0, 2);
  expected.merge(Numbered(10, 12));
  Report report = MustSalvage();
  EXPECT_EQ(report.discarded, 3u);
  EXPECT_EQ(Target(), expected);
  EXPECT_TRUE(report.is_complete());

  // Without the manifest, the link of the next log says the same.
  machine_ = recovered.AfterKill();
  machine_.Delete(PathOf("CURRENT"));
  machine_.Delete(machine_.Manifests()[0]);
  report = MustSalvage();
  EXPECT_EQ(report.discarded, 3u);
  EXPECT_EQ(Target(), expected);

  // Not even a whole frame right where the log was cut is taken.
  machine_ = recovered.AfterKill();
  ASSERT_OK(machine_.disk().SetContents(log, whole));
  report = MustSalvage();
  EXPECT_EQ(report.discarded, 4u);
  EXPECT_EQ(Target(), expected);
}

// The newest version wins wherever it is found; a deletion that was compacted away is not found anywhere.
TEST_F(SalvageTest, WithoutAManifestRetiredFilesCountAndTheReportSaysWhatThatMeans) {
  Contents retired;
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 4);
    ASSERT_OK(Flush(*engine));
    for (const std::string& path : machine_.Tables()) retired[path] = *machine_.disk().Contents(path);
    ASSERT_OK(engine->Delete(NumberedKey(1)));
    ASSERT_OK(engine->Put(NumberedKey(2), "newer"));
    ASSERT_OK(Flush(*engine));
    ASSERT_TRUE(engine->MajorCompact().value());
    ASSERT_OK(engine->Close());
  }
  for (const auto& [path, bytes] : retired) ASSERT_OK(machine_.disk().SetContents(path, bytes));
  const Machine with_manifest = machine_.AfterKill();
  Report report = MustSalvage();
  Contents expected = Numbered(0, 4);
  expected.erase(NumberedKey(1));
  expected[NumberedKey(2)] = "newer";
  EXPECT_EQ(Target(), expected);
  ASSERT_EQ(report.ignored.size(), 1u);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_TRUE(report.is_complete());

  machine_ = with_manifest.AfterKill();
  machine_.Delete(machine_.Manifests()[0]);
  report = MustSalvage();
  expected[NumberedKey(1)] = Numbered(1, 2).begin()->second;  // back again
  EXPECT_EQ(Target(), expected);
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_TRUE(absl::StrContains(report.warnings[0], "may reappear")) << report.warnings[0];
}

TEST_F(SalvageTest, AManifestIsUsedThoughCurrentIsMissing) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 4);
    ASSERT_OK(engine->Close());
  }
  machine_.Delete(PathOf("CURRENT"));
  const Report report = MustSalvage();
  EXPECT_TRUE(absl::EndsWith(machine_.Manifests()[0], report.manifest)) << report.manifest;
  EXPECT_NE(LossOf(report, PathOf("CURRENT"), /*may_hold_entries=*/false), nullptr);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_EQ(Target(), Numbered(0, 4));
}

// A newer one beside it was never in force; without CURRENT it is as good as any, and knows as much or more.
TEST_F(SalvageTest, OfSeveralManifestsTheOneThatCurrentNamesIsUsedAndElseTheNewest) {
  PutNumbered(*machine_.Open(), 0, 4);
  const std::string old = machine_.Manifests()[0];
  machine_.FailWhile([](const FileCall& call) { return call.op == FileOp::kRename; });
  EXPECT_FALSE(machine_.TryOpen().ok());
  machine_.Heal();
  ASSERT_EQ(machine_.Manifests().size(), 2u);
  const Machine damaged = machine_.AfterKill();
  EXPECT_TRUE(absl::EndsWith(old, MustSalvage().manifest));
  EXPECT_EQ(Target(), Numbered(0, 4));

  machine_ = damaged.AfterKill();
  machine_.Delete(PathOf("CURRENT"));
  EXPECT_TRUE(absl::EndsWith(machine_.Manifests()[1], MustSalvage().manifest));
  EXPECT_EQ(Target(), Numbered(0, 4));
}

TEST_F(SalvageTest, ATableIsUsedThoughTheEditThatNamesItIsLost) {
  {
    const auto engine = machine_.Open();
    for (int i = 0; i < 4; ++i) {
      PutNumbered(*engine, i, i + 1);
      ASSERT_OK(Flush(*engine));
    }
  }
  const std::string manifest = machine_.Manifests()[0];
  const std::vector<LogFrame> edits = EditsOf(machine_, manifest);
  ASSERT_EQ(edits.size(), 6u);  // the snapshot, the first log, four flushes
  const Machine whole = machine_.AfterKill();
  for (size_t kept = 1; kept < edits.size(); ++kept) {
    machine_ = whole.AfterKill();
    machine_.Truncate(manifest, edits[kept].offset);
    const Report report = MustSalvage();
    EXPECT_EQ(Target(), Numbered(0, 4)) << kept << " edits";
    EXPECT_FALSE(report.is_complete()) << kept << " edits";
    EXPECT_FALSE(report.warnings.empty()) << kept << " edits";
  }
}

TEST_F(SalvageTest, ALogThatAFlushRetiredBringsNothingBack) {
  std::string log, retired;
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 4);
    log = machine_.Logs()[0];
    retired = *machine_.disk().Contents(log);
    ASSERT_OK(Flush(*engine));
    ASSERT_OK(engine->Delete(NumberedKey(1)));
    ASSERT_OK(Flush(*engine));
    ASSERT_TRUE(engine->MajorCompact().value());
    ASSERT_OK(engine->Close());
  }
  ASSERT_OK(machine_.disk().SetContents(log, retired));
  const Report report = MustSalvage();
  ASSERT_EQ(report.ignored.size(), 1u);
  EXPECT_TRUE(absl::EndsWith(log, report.ignored[0].file));
  Contents expected = Numbered(0, 4);
  expected.erase(NumberedKey(1));
  EXPECT_EQ(Target(), expected);
}

TEST_F(SalvageTest, OfTwoDatabasesWithAsManyFilesTheOneOfCurrentIsMeant) {
  for (const uint64_t other_seed : {2, 3, 4, 5}) {  // its id is greater or less
    machine_ = Machine();
    Machine other(nullptr, other_seed);
    for (Machine* machine : {&machine_, &other}) {
      const auto engine = machine->Open();
      PutNumbered(*engine, 0, machine == &other ? 9 : 4);
      ASSERT_OK(Flush(*engine));
      ASSERT_OK(engine->Close());
    }
    const size_t files = machine_.Tables().size() + machine_.Logs().size() + machine_.Manifests().size() + 1;
    for (size_t i = 0; i < files; ++i) {
      const std::string path = PathOf("00999" + std::to_string(i) + ".sst");
      ASSERT_OK(machine_.disk().SetContents(path, *other.disk().Contents(other.Tables()[0])));
    }
    EXPECT_EQ(MustSalvage().ignored.size(), files);
    EXPECT_EQ(Target(), Numbered(0, 4));
  }
}

TEST_F(SalvageTest, FilesOfAnotherDatabaseAreLeftAlone) {
  Machine other(nullptr, /*seed=*/2);
  for (Machine* machine : {&machine_, &other}) {
    const auto engine = machine->Open();
    PutNumbered(*engine, 0, machine == &other ? 9 : 4);
    ASSERT_OK(Flush(*engine));
    ASSERT_OK(engine->Close());
  }
  ASSERT_OK(machine_.disk().SetContents(PathOf("009999.sst"), *other.disk().Contents(other.Tables()[0])));
  machine_.Delete(PathOf("CURRENT"));
  machine_.Delete(machine_.Manifests()[0]);
  const Report report = MustSalvage();
  ASSERT_EQ(report.ignored.size(), 1u);
  EXPECT_EQ(report.ignored[0].file, "009999.sst");
  EXPECT_EQ(Target(), Numbered(0, 4));
}

TEST_F(SalvageTest, AReadThatFailsWhileTheTargetIsWrittenIsAnErrorAndNotTheEnd) {
  {
    const auto engine = machine_.Open();
    PutNumbered(*engine, 0, 100);
    ASSERT_OK(Flush(*engine));
    ASSERT_OK(engine->Close());
  }
  const std::string table = machine_.Tables()[0];
  bool is_writing = false;
  machine_.FailWhile([&](const FileCall& call) {
    is_writing |= absl::StartsWith(call.path, kTarget) && call.op == FileOp::kCreate;
    return is_writing && call.path == table && call.op == FileOp::kRead;
  });
  EXPECT_FALSE(TrySalvage().ok());
  EXPECT_TRUE(is_writing);
}

TEST_F(SalvageTest, RefusesWhatItMustNotTouch) {
  const auto engine = machine_.Open();
  PutNumbered(*engine, 0, 4);
  EXPECT_TRUE(FailsWith(TrySalvage(), absl::StatusCode::kUnavailable));
  ASSERT_OK(engine->Close());
  const auto salvage = [&](const std::string& source, const std::string& target) {
    return Salvage(machine_.env(), source, target, {});
  };
  EXPECT_TRUE(FailsWith(salvage(Machine::kDir, "/data"), absl::StatusCode::kAlreadyExists, {"/data"}));
  EXPECT_TRUE(FailsWith(salvage(Machine::kDir, Machine::kDir), absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(FailsWith(salvage(Machine::kDir, PathOf("new")), absl::StatusCode::kInvalidArgument, {"inside"}));
  ASSERT_OK(machine_.disk().CreateDirectory("/empty"));
  EXPECT_TRUE(FailsWith(salvage("/empty", kTarget), absl::StatusCode::kNotFound, {"/empty"}));
  EXPECT_TRUE(FailsWith(salvage("/nowhere", kTarget), absl::StatusCode::kNotFound));
  EXPECT_FALSE(machine_.disk().FileExists(kTarget).value());
}

TEST_F(SalvageTest, LargeValuesAndManyBatchesGoThrough) {
  Contents expected;
  {
    const auto engine = machine_.Open({.write_buffer_bytes = 4 << 20});
    for (int i = 0; i < 12; ++i) {
      const auto& [key, value] = *expected.emplace(NumberedKey(i), std::string(900'000 + i, 'a' + i)).first;
      ASSERT_OK(engine->Put(key, value, kUnsynced));
    }
    ASSERT_OK(engine->Close());
  }
  uint64_t told = 0;
  const Report report = MustSalvage({.progress = [&](uint64_t records, uint64_t) { told = std::max(told, records); }});
  EXPECT_EQ(told, 12u);
  EXPECT_EQ(report.written_records, 12u);
  EXPECT_EQ(Target(), expected);
}

}  // namespace
}  // namespace aeternus::salvage
