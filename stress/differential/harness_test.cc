// Whether a differential run notices: databases with one fault each, which it must find and make a short
// counterexample of.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "aeternus/iterator.h"
#include "gtest/gtest.h"
#include "stress/differential/aeternus_subject.h"
#include "stress/differential/campaign.h"
#include "stress/differential/script_generator.h"
#include "stress/differential/script_runner.h"
#include "stress/differential/stepwise_iterator.h"
#include "stress/differential/subject.h"

namespace aeternus::stress {
namespace {

enum class Fault {
  kNone,
  kBatchLosesItsLast,
  kRangeDeleteTakesItsEnd,
  kGetIgnoresTheSnapshot,
  kIteratorIgnoresTheSnapshot,
  kScanEndsEarly,  // before the last pair, without an error
  kPrevSkips,
  kReopenLosesAKey,
};

class FaultyIterator final : public StepwiseIterator {
 public:
  FaultyIterator(std::unique_ptr<Iterator> base, Fault fault) : base_(std::move(base)), fault_(fault) {}

  absl::Status status() const override { return base_->status(); }
  uint64_t lsn() const override { return base_->lsn(); }

 private:
  bool IsOnPair() const override { return base_->Valid(); }
  Pair Current() const override { return {base_->key(), base_->value()}; }
  void GoToFirst() override { base_->SeekToFirst(); }
  void GoToLast() override { base_->SeekToLast(); }
  void GoTo(std::string_view target) override { base_->Seek(target); }
  void GoToOrBefore(std::string_view target) override { base_->SeekForPrev(target); }
  void StepForward() override {
    base_->Next();
    if (fault_ != Fault::kScanEndsEarly || !base_->Valid()) return;
    const std::string key(base_->key());
    base_->Next();
    if (base_->Valid()) base_->SeekForPrev(key);
  }
  void StepBackward() override {
    base_->Prev();
    if (fault_ == Fault::kPrevSkips && base_->Valid()) base_->Prev();
  }
  absl::Status Renew() override { return base_->Refresh(); }

  const std::unique_ptr<Iterator> base_;
  const Fault fault_;
};

class FaultySubject final : public Subject {
 public:
  FaultySubject(std::unique_ptr<Subject> base, Fault fault) : base_(std::move(base)), fault_(fault) {}

  absl::Status Write(const std::vector<WriteSpec>& writes, bool sync) override {
    std::vector<WriteSpec> written = writes;
    if (fault_ == Fault::kBatchLosesItsLast && writes.size() > 1) written.pop_back();
    for (WriteSpec& write : written) {
      if (fault_ == Fault::kRangeDeleteTakesItsEnd && write.kind == WriteSpec::Kind::kDeleteRange) write.end += '\0';
    }
    return base_->Write(written, sync);
  }
  absl::StatusOr<std::optional<std::string>> Get(std::string_view key, const ReadOptions& options) override {
    return base_->Get(key, fault_ == Fault::kGetIgnoresTheSnapshot ? ReadOptions{} : options);
  }
  absl::StatusOr<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options,
                                                        const IteratorOptions& bounds) override {
    auto base = base_->NewIterator(fault_ == Fault::kIteratorIgnoresTheSnapshot ? ReadOptions{} : options, bounds);
    if (!base.ok()) return base.status();
    return std::make_unique<FaultyIterator>(*std::move(base), fault_);
  }
  absl::StatusOr<std::unique_ptr<const Snapshot>> GetSnapshot() override { return base_->GetSnapshot(); }
  absl::Status Maintain(Maintenance maintenance) override { return base_->Maintain(maintenance); }
  void PassTime() override { base_->PassTime(); }
  absl::Status Reopen(bool by_close, size_t handles, const std::function<void()>& release) override {
    if (const absl::Status status = base_->Reopen(by_close, handles, release); !status.ok()) return status;
    if (fault_ != Fault::kReopenLosesAKey || by_close) return absl::OkStatus();
    const auto it = base_->NewIterator({}, {}).value();
    it->SeekToLast();
    if (!it->Valid()) return absl::OkStatus();
    return base_->Write({{.kind = WriteSpec::Kind::kDelete, .key = std::string(it->key())}}, /*sync=*/false);
  }
  absl::Status Verify() override { return base_->Verify(); }
  void AddDeeds(Deeds& deeds) override { base_->AddDeeds(deeds); }

 private:
  const std::unique_ptr<Subject> base_;
  const Fault fault_;
};

Contestant EngineWith(Fault fault) {
  return {"engine with a fault", [fault]() -> absl::StatusOr<std::unique_ptr<Subject>> {
            auto base = OpenEngine({});
            if (!base.ok()) return base.status();
            return std::make_unique<FaultySubject>(*std::move(base), fault);
          }};
}

// The counterexample of the first seed that has one.
std::optional<Script> FirstCounterexample(const Contestant& contestant, uint64_t seeds) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const Script script = DrawScript(seed, 1500);
    RunCounts counts;
    if (RunScript(script, *contestant.open().value(), counts)) return Counterexample(script, contestant);
  }
  return std::nullopt;
}

TEST(DifferentialHarnessTest, EveryFaultIsFoundAndMadeShort) {
  struct Case {
    Fault fault;
    size_t steps_max;   // of its counterexample
    const char* shows;  // what it cannot do without
  };
  const Case cases[] = {
      {Fault::kBatchLosesItsLast, 1, "batch"},
      {Fault::kRangeDeleteTakesItsEnd, 2, "delete range"},
      {Fault::kGetIgnoresTheSnapshot, 3, "at snapshot"},
      {Fault::kIteratorIgnoresTheSnapshot, 2, "take snapshot"},
      {Fault::kScanEndsEarly, 2, "put"},
      {Fault::kPrevSkips, 2, "put"},
      {Fault::kReopenLosesAKey, 2, "drop and reopen"},
  };
  for (const Case& c : cases) {
    const std::optional<Script> small = FirstCounterexample(EngineWith(c.fault), 3);
    ASSERT_TRUE(small.has_value()) << "not found: " << c.shows;
    EXPECT_LE(small->size(), c.steps_max) << Describe(*small);
    EXPECT_TRUE(absl::StrContains(Describe(*small), c.shows)) << Describe(*small);
  }
}

TEST(DifferentialHarnessTest, WithoutAFaultNothingIsFound) {
  EXPECT_FALSE(FirstCounterexample(EngineWith(Fault::kNone), 3).has_value());
}

TEST(DescribeTest, StepsReadLikeSentences) {
  const Script script = {
      {.kind = Step::Kind::kWrite,
       .writes = {{.key = std::string("a\0", 2), .value = {.number = 17, .size_bytes = 40}}},
       .sync = true},
      {.kind = Step::Kind::kWrite,
       .writes = {{.kind = WriteSpec::Kind::kDelete, .key = "b"},
                  {.kind = WriteSpec::Kind::kDeleteRange, .key = "c", .end = std::string(300, 'k') + "1"}}},
      {.kind = Step::Kind::kScan, .bounds = {.upper_bound = "z"}, .snapshot = 2, .backward = true},
      {.kind = Step::Kind::kMoveCursor,
       .cursor = 1,
       .moves = {{.kind = MoveSpec::Kind::kSeek, .target = "m"}, {.kind = MoveSpec::Kind::kNext}}},
  };
  EXPECT_EQ(Describe(script),
            "   1  put \"a\\000\" = 17 (40 bytes), sync\n"
            "   2  batch {delete \"b\"; delete range [\"c\", \"{300 x k}1\")}\n"
            "   3  scan backward [-, \"z\") at snapshot 2\n"
            "   4  move cursor 1: seek \"m\", next\n");
}

}  // namespace
}  // namespace aeternus::stress
