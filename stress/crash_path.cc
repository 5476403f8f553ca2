#include "stress/crash_path.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status.h"

namespace aeternus::stress {

using env::testing::CrashMode;
using env::testing::CrashOptions;
using env::testing::ItemFate;
using env::testing::UnsyncedItem;

namespace {

constexpr std::string_view kFateLetters = "dktzg";  // by the number of the fate

constexpr ItemFate kAllFates[] = {ItemFate::kDropped, ItemFate::kKept, ItemFate::kTorn, ItemFate::kZeroed,
                                  ItemFate::kGarbage};

std::string FormatOptions(const CrashOptions& options) {
  switch (options.mode) {
    case CrashMode::kDropAll:
      return "D";
    case CrashMode::kKeepAll:
      return "K";
    case CrashMode::kRandom:
      return absl::StrCat("R", options.seed);
    case CrashMode::kChosen:
      break;
  }
  if (options.fates.empty()) return "-";
  std::string text;
  for (const ItemFate fate : options.fates) text.push_back(kFateLetters[static_cast<size_t>(fate)]);
  return text;
}

absl::StatusOr<CrashOptions> ParseOptions(std::string_view text) {
  if (text == "D") return CrashOptions{.mode = CrashMode::kDropAll};
  if (text == "K") return CrashOptions{.mode = CrashMode::kKeepAll};
  CrashOptions options{.mode = CrashMode::kChosen};
  if (text == "-") return options;
  if (!text.empty() && text[0] == 'R' && absl::SimpleAtoi(text.substr(1), &options.seed)) {
    options.mode = CrashMode::kRandom;
    return options;
  }
  for (const char letter : text) {
    const size_t fate = kFateLetters.find(letter);
    if (fate == std::string_view::npos) return absl::InvalidArgumentError(absl::StrCat("no fates: ", text));
    options.fates.push_back(kAllFates[fate]);
  }
  return options;
}

absl::StatusOr<CrashChoice> ParseChoice(std::string_view text) {
  CrashChoice choice;
  const std::vector<std::string_view> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  if (parts.size() == 2) choice.steps_after = std::string(parts[1]);
  const std::vector<std::string_view> place = absl::StrSplit(parts[0], absl::MaxSplits('.', 1));
  if (place.size() != 2 || !absl::SimpleAtoi(place[0], &choice.call)) {
    return absl::InvalidArgumentError(absl::StrCat("not CALL.FATES: ", text));
  }
  AETERNUS_ASSIGN_OR_RETURN(choice.options, ParseOptions(place[1]));
  return choice;
}

size_t FatesOf(const UnsyncedItem& item) { return item.may_be_damaged ? std::size(kAllFates) : 2; }

// The number of combinations when item i has `fates(i)` fates, or kMostCombinations + 1 if there are more.
template <typename Fates>
size_t Combinations(size_t items, Fates fates) {
  size_t combinations = 1;
  for (size_t i = 0; i < items; ++i) {
    combinations *= fates(i);
    if (combinations > kMostCombinations) return kMostCombinations + 1;
  }
  return combinations;
}

CrashOptions Chosen(std::vector<ItemFate> fates) { return {.mode = CrashMode::kChosen, .fates = std::move(fates)}; }

// Every combination, the first fate of each first.
template <typename Fates>
void AddCombinations(size_t items, Fates fates, std::vector<CrashOptions>* crashes) {
  std::vector<size_t> digits(items);
  while (true) {
    std::vector<ItemFate> chosen;
    for (const size_t digit : digits) chosen.push_back(kAllFates[digit]);
    crashes->push_back(Chosen(std::move(chosen)));
    size_t i = 0;
    while (i < items && ++digits[i] == fates(i)) digits[i++] = 0;
    if (i == items) return;
  }
}

void AddRandom(size_t n, uint64_t seed, std::vector<CrashOptions>* crashes) {
  for (size_t i = 0; i < n; ++i) crashes->push_back({.mode = CrashMode::kRandom, .seed = (seed + i) % 1'000'000});
}

// One item apart from all the others.
void AddSingles(size_t items, std::vector<CrashOptions>* crashes) {
  for (const ItemFate others : {ItemFate::kDropped, ItemFate::kKept}) {
    for (size_t i = 0; i < std::min(items, kMostSingles); ++i) {
      std::vector<ItemFate> fates(items, others);
      fates[i] = others == ItemFate::kKept ? ItemFate::kDropped : ItemFate::kKept;
      crashes->push_back(Chosen(std::move(fates)));
    }
  }
}

}  // namespace

std::string FormatCrashPath(const CrashPath& path) {
  std::string text = path.steps;
  for (const CrashChoice& crash : path.crashes) {
    absl::StrAppend(&text, "@", crash.call, ".", FormatOptions(crash.options));
    if (!crash.steps_after.empty()) absl::StrAppend(&text, "/", crash.steps_after);
  }
  return text;
}

absl::StatusOr<CrashPath> ParseCrashPath(std::string_view text) {
  const std::vector<std::string_view> parts = absl::StrSplit(text, '@');
  CrashPath path{.steps = std::string(parts[0]), .crashes = {}};
  for (size_t i = 1; i < parts.size(); ++i) {
    AETERNUS_ASSIGN_OR_RETURN(CrashChoice choice, ParseChoice(parts[i]));
    path.crashes.push_back(std::move(choice));
  }
  if (path.crashes.empty()) return absl::InvalidArgumentError(absl::StrCat("no crash in ", text));
  return path;
}

std::vector<CrashOptions> CrashesToTry(const std::vector<UnsyncedItem>& items, uint64_t seed) {
  const auto all_fates = [&items](size_t i) { return FatesOf(items[i]); };
  const auto two_fates = [](size_t) { return size_t{2}; };
  std::vector<CrashOptions> crashes;
  if (Combinations(items.size(), all_fates) <= kMostCombinations) {
    AddCombinations(items.size(), all_fates, &crashes);
  } else if (Combinations(items.size(), two_fates) <= kMostCombinations) {
    AddCombinations(items.size(), two_fates, &crashes);
    AddRandom(8, seed, &crashes);
  } else {
    crashes = {{.mode = CrashMode::kDropAll}, {.mode = CrashMode::kKeepAll}};
    AddSingles(items.size(), &crashes);
    AddRandom(8 + items.size(), seed, &crashes);
  }
  return crashes;
}

}  // namespace aeternus::stress
