#include "iterator/tombstone_cursor.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"

namespace aeternus {
namespace {

using Fragment = FragmentedTombstones::Fragment;

bool EndsBehind(const Fragment& fragment, std::string_view key) {
  return !fragment.end.has_value() || key < *fragment.end;
}

}  // namespace

TombstoneCursor::TombstoneCursor(std::vector<std::shared_ptr<const FragmentedTombstones>> layers, Lsn snapshot)
    : snapshot_(snapshot) {
  for (auto& layer : layers) {
    if (layer != nullptr && !layer->empty()) layers_.push_back({std::move(layer)});
  }
}

// Walks a few fragments either way, as a scan does; farther, it searches.
void TombstoneCursor::MoveTo(std::string_view key, Layer* layer) {
  constexpr int kStepsMax = 4;
  const absl::Span<const Fragment> fragments = layer->tombstones->fragments();
  for (int steps = 0; steps < kStepsMax; ++steps) {
    if (layer->at < fragments.size() && !EndsBehind(fragments[layer->at], key)) {
      ++layer->at;
    } else if (layer->at > 0 && EndsBehind(fragments[layer->at - 1], key)) {
      --layer->at;
    } else {
      return;
    }
  }
  const Fragment* found = layer->tombstones->FindAtOrAfter(key);
  layer->at = found == nullptr ? fragments.size() : static_cast<size_t>(found - fragments.data());
}

Lsn TombstoneCursor::Locate(std::string_view key) {
  known_ = true;
  lower_ = {};
  upper_ = std::nullopt;
  covering_ = kMinLsn;
  const auto narrow_upper = [this](std::string_view bound) {
    if (!upper_.has_value() || bound < *upper_) upper_ = bound;
  };
  for (Layer& layer : layers_) {
    MoveTo(key, &layer);
    const absl::Span<const Fragment> fragments = layer.tombstones->fragments();
    if (layer.at > 0) lower_ = std::max<std::string_view>(lower_, *fragments[layer.at - 1].end);
    if (layer.at == fragments.size()) continue;
    const Fragment& fragment = fragments[layer.at];
    if (key < fragment.start) {
      narrow_upper(fragment.start);
    } else {
      lower_ = std::max<std::string_view>(lower_, fragment.start);
      if (fragment.end.has_value()) narrow_upper(*fragment.end);
      covering_ = std::max(covering_, FragmentedTombstones::MaxVisible(fragment, snapshot_));
    }
  }
  return covering_;
}

}  // namespace aeternus
