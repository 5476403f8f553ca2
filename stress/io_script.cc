#include "stress/io_script.h"

#include "absl/strings/str_cat.h"
#include "stress/rng.h"

namespace aeternus::stress {
namespace {

std::string Key(uint64_t i) { return absl::StrCat("k", 10 + i); }

void PutSome(uint64_t begin, uint64_t end, std::string_view what, IoScript* script) {
  for (uint64_t i = begin; i < end; ++i) {
    script->push_back({Act::kPut, Key(i), absl::StrCat(what, i, std::string(40, '.')), i % 2 == 0});
  }
}

// Keys so long that the bounds of a few tables outgrow a manifest, which is then written anew.
void OutgrowTheManifest(IoScript* script) {
  for (int i = 0; i < 3; ++i) {
    script->push_back({Act::kPut, absl::StrCat("z", i, std::string(60'000, 'z')), "v"});
    script->push_back({Act::kFlush});
  }
  script->push_back({Act::kDeleteRange, "z", "zzzz"});
  script->push_back({Act::kFlush});
  script->push_back({Act::kMajorCompact});
}

}  // namespace

std::string_view ActName(Act act) {
  switch (act) {
    case Act::kOpen:
      return "open";
    case Act::kPut:
      return "put";
    case Act::kDelete:
      return "delete";
    case Act::kDeleteRange:
      return "delete range";
    case Act::kBatch:
      return "batch";
    case Act::kFlush:
      return "flush";
    case Act::kMinorCompact:
      return "minor compaction";
    case Act::kTombstoneCompact:
      return "tombstone compaction";
    case Act::kMajorCompact:
      return "major compaction";
    case Act::kVerify:
      return "verify";
    case Act::kHold:
      return "hold";
    case Act::kResume:
      return "resume";
    case Act::kKill:
      return "kill";
    case Act::kClose:
      return "close";
  }
  return "unknown";
}

IoScript WrittenScript() {
  IoScript script = {{Act::kOpen}};
  PutSome(0, 6, "first", &script);
  OutgrowTheManifest(&script);
  for (uint64_t round = 0; round < 3; ++round) {
    PutSome(2 * round, 2 * round + 5, absl::StrCat("round", round), &script);
    script.push_back({Act::kDelete, Key(3 * round)});
    script.push_back({Act::kFlush});
  }
  script.push_back({Act::kHold});
  script.push_back({Act::kMinorCompact});
  script.push_back({Act::kBatch, Key(4), "batched"});
  script.push_back({Act::kTombstoneCompact});
  script.push_back({Act::kVerify});
  script.push_back({Act::kResume});
  script.push_back({Act::kClose});
  script.push_back({Act::kOpen});
  PutSome(6, 9, "second", &script);
  script.push_back({Act::kDeleteRange, Key(2), Key(5), /*sync=*/false});
  script.push_back({Act::kKill});
  script.push_back({Act::kOpen});
  script.push_back({Act::kVerify});
  PutSome(9, 30, "third", &script);  // more than a write buffer
  script.push_back({Act::kFlush});
  script.push_back({Act::kMajorCompact});
  PutSome(1, 3, "last", &script);
  script.push_back({Act::kClose});
  return script;
}

IoScript RandomScript(uint64_t seed, int steps) {
  Rng rng(seed);
  IoScript script = {{Act::kOpen}};
  for (int i = 0; i < steps; ++i) {
    const std::string key = Key(rng.Below(20));
    const std::string value(10 + rng.Below(60), static_cast<char>('a' + rng.Below(26)));
    const bool sync = rng.OneIn(2);
    switch (rng.Below(16)) {
      case 0:
        script.push_back({Act::kFlush});
        break;
      case 1:
        script.push_back({Act::kMinorCompact});
        break;
      case 2:
        script.push_back({Act::kTombstoneCompact});
        break;
      case 3:
        script.push_back({Act::kMajorCompact});
        break;
      case 4:
        script.push_back({rng.OneIn(2) ? Act::kKill : Act::kClose});
        script.push_back({Act::kOpen});
        break;
      case 5:
        script.push_back({Act::kDeleteRange, key, absl::StrCat(key, "~"), sync});
        break;
      case 6:
        script.push_back({Act::kBatch, key, value, sync});
        break;
      case 7:
      case 8:
        script.push_back({Act::kDelete, key, "", sync});
        break;
      default:
        script.push_back({Act::kPut, key, value, sync});
    }
  }
  script.push_back({Act::kClose});
  return script;
}

}  // namespace aeternus::stress
