#include "stress/history.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace aeternus::stress {
namespace {

// Above every key of the histories.
constexpr char kEndOfKeys[] = "~";

uint64_t FirstLsn(const Operation& write) { return write.lsn + 1 - write.changes.size(); }

void Apply(const Change& change, Oracle* model) {
  switch (change.kind) {
    case Change::Kind::kPut:
      return model->Put(change.key, change.value);
    case Change::Kind::kDelete:
      return model->Delete(change.key);
    case Change::Kind::kDeleteRange:
      return model->DeleteRange(change.key, change.value);
  }
}

std::string Describe(const Operation& op) {
  return absl::StrCat("[", op.begin, ", ", op.end, "] ", op.client, " ", op.what,
                      op.is_write() ? op.is_synced ? " synced at " : " at " : " as of ", op.lsn);
}

// Values are long, so that they fill memtables; their beginnings tell them apart.
std::string Describe(const Oracle::Pairs& rows) {
  std::string text = "{";
  for (const auto& [key, value] : rows) absl::StrAppend(&text, " ", key, "=", value.substr(0, value.find(' ')));
  return absl::StrCat(text, " }");
}

template <typename... Parts>
absl::Status Broken(const Parts&... parts) {
  return absl::InternalError(absl::StrCat(parts...));
}

// What the writes, in the order of their LSNs, leave behind; one LSN after the other.
class Replay {
 public:
  explicit Replay(const std::vector<const Operation*>& writes) : writes_(writes) {}

  const Oracle& At(uint64_t lsn) {
    for (; lsn_ < lsn; ++lsn_) {
      if (change_ == writes_[write_]->changes.size()) ++write_, change_ = 0;
      Apply(writes_[write_]->changes[change_++], &model_);
    }
    return model_;
  }

 private:
  const std::vector<const Operation*>& writes_;
  size_t write_ = 0, change_ = 0;
  uint64_t lsn_ = 0;
  Oracle model_;
};

}  // namespace

History::History(std::vector<Operation> operations) : by_begin_(std::move(operations)) {
  std::sort(by_begin_.begin(), by_begin_.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (const Operation& op : by_begin_) {
    if (op.is_write()) writes_.push_back(&op);
  }
  std::sort(writes_.begin(), writes_.end(), [](const auto* a, const auto* b) { return a->lsn < b->lsn; });
}

absl::Status History::Check() const {
  AETERNUS_RETURN_IF_ERROR(CheckWrites());
  AETERNUS_RETURN_IF_ERROR(CheckRealTime());
  return CheckReads();
}

absl::Status History::CheckWrites() const {
  uint64_t last = 0;
  for (const Operation* write : writes_) {
    if (write->lsn < write->changes.size() || FirstLsn(*write) != last + 1) {
      return Broken("LSNs are not consecutive: after ", last, " comes ", Describe(*write), " with ",
                    write->changes.size(), " operations");
    }
    last = write->lsn;
  }
  return absl::OkStatus();
}

absl::Status History::CheckRealTime() const {
  std::vector<const Operation*> by_end;
  for (const Operation& op : by_begin_) by_end.push_back(&op);
  std::sort(by_end.begin(), by_end.end(), [](const auto* a, const auto* b) { return a->end < b->end; });

  size_t ended = 0, begun = 0;
  const Operation* largest = nullptr;  // by LSN, of the writes and of the reads of the present that have ended
  for (const Operation& op : by_begin_) {
    for (; ended < by_end.size() && by_end[ended]->end < op.begin; ++ended) {
      const Operation* past = by_end[ended];
      if (!past->as_of.has_value() && (largest == nullptr || past->lsn > largest->lsn)) largest = past;
    }
    if (op.as_of.has_value() || largest == nullptr) continue;
    if (op.is_write() ? FirstLsn(op) <= largest->lsn : op.lsn < largest->lsn) {
      return Broken("what came later is at an earlier LSN: ", Describe(*largest), ", and after it ", Describe(op));
    }
  }
  // Nobody reads what nobody has begun to write.
  uint64_t newest = 0;
  for (const Operation* op : by_end) {
    for (; begun < by_begin_.size() && by_begin_[begun].begin < op->end; ++begun) {
      if (by_begin_[begun].is_write()) newest = std::max(newest, by_begin_[begun].lsn);
    }
    if (op->lsn > newest) return Broken("an LSN before its write: ", Describe(*op));
  }
  return absl::OkStatus();
}

bool History::IsBoundary(uint64_t lsn) const {
  if (lsn == 0) return true;
  const auto at =
      std::lower_bound(writes_.begin(), writes_.end(), lsn, [](const auto* w, uint64_t l) { return w->lsn < l; });
  return at != writes_.end() && (*at)->lsn == lsn;
}

absl::Status History::CheckReads() const {
  std::vector<const Operation*> reads;
  for (const Operation& op : by_begin_) {
    if (op.is_write()) continue;
    if (op.as_of.has_value() && *op.as_of != op.lsn) {
      return Broken("a read at another LSN than that of its snapshot, ", *op.as_of, ": ", Describe(op));
    }
    if (!IsBoundary(op.lsn)) return Broken("an LSN inside a batch: ", Describe(op));
    if (op.reading.has_value()) reads.push_back(&op);
  }
  std::stable_sort(reads.begin(), reads.end(), [](const auto* a, const auto* b) { return a->lsn < b->lsn; });
  Replay replay(writes_);
  for (const Operation* read : reads) {
    const Oracle::Pairs expected = replay.At(read->lsn).VisiblePairs(read->reading->start, read->reading->end);
    if (read->reading->rows == expected) continue;
    return Broken("not what is there at its LSN: ", Describe(*read), " found ", Describe(read->reading->rows),
                  ", and there is ", Describe(expected));
  }
  return absl::OkStatus();
}

absl::Status History::CheckSurvivors(const Oracle::Pairs& found, bool lost_power, uint64_t begin, uint64_t end) const {
  uint64_t at_least = 0, at_most = 0, shown = 0;
  for (const Operation& op : by_begin_) {
    if (op.end < begin) shown = std::max(shown, op.lsn);
    if (op.is_write() && op.begin < end) at_most = std::max(at_most, op.lsn);
  }
  for (const Operation* write : writes_) {
    if (write->lsn <= shown && (write->is_synced || !lost_power)) at_least = write->lsn;
  }
  Replay replay(writes_);
  for (uint64_t lsn = at_least; lsn <= at_most; ++lsn) {
    if (IsBoundary(lsn) && replay.At(lsn).VisiblePairs("", kEndOfKeys) == found) return absl::OkStatus();
  }
  return Broken(lost_power ? "lost power" : "a killed process", " between ", begin, " and ", end, " left ",
                Describe(found), ", which is there at no LSN from ", at_least, " to ", at_most, "; at ", at_least,
                " there is ", Describe(Replay(writes_).At(at_least).VisiblePairs("", kEndOfKeys)));
}

Oracle::Pairs History::Final() const {
  return Replay(writes_).At(writes_.empty() ? 0 : writes_.back()->lsn).VisiblePairs("", kEndOfKeys);
}

std::string History::ToString() const {
  std::string text;
  for (const Operation& op : by_begin_) {
    absl::StrAppend(&text, "  ", Describe(op));
    if (op.reading.has_value()) absl::StrAppend(&text, " found ", Describe(op.reading->rows));
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace aeternus::stress
