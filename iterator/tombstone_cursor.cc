#include "iterator/tombstone_cursor.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "base/key_order.h"

namespace aeternus {
namespace {

using Fragment = FragmentedTombstones::Fragment;

bool EndsBehind(const Fragment& fragment, std::string_view key) {
  return !fragment.end.has_value() || CompareKeys(key, *fragment.end) < 0;
}

}  // namespace

TombstoneCursor::TombstoneCursor(std::vector<std::shared_ptr<const FragmentedTombstones>> layers, Lsn snapshot)
    : snapshot_(snapshot) {
  for (auto& layer : layers) {
    if (layer != nullptr && !layer->empty()) layers_.emplace_back().tombstones = std::move(layer);
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

void TombstoneCursor::LocateIn(Layer* layer, std::string_view key) const {
  MoveTo(key, layer);
  layer->known = true;
  layer->lower = {};
  layer->upper = std::nullopt;
  layer->covering = kMinLsn;
  const absl::Span<const Fragment> fragments = layer->tombstones->fragments();
  if (layer->at > 0) layer->lower = *fragments[layer->at - 1].end;
  if (layer->at == fragments.size()) return;
  const Fragment& fragment = fragments[layer->at];
  if (CompareKeys(key, fragment.start) < 0) {
    layer->upper = fragment.start;
  } else {
    layer->lower = fragment.start;
    if (fragment.end.has_value()) layer->upper = *fragment.end;
    layer->covering = FragmentedTombstones::MaxVisible(fragment, snapshot_);
  }
}

Lsn TombstoneCursor::Locate(std::string_view key) {
  known_ = true;
  lower_ = {};
  upper_ = std::nullopt;
  covering_ = kMinLsn;
  for (Layer& layer : layers_) {
    if (!layer.IsKnown(key)) LocateIn(&layer, key);
    if (CompareKeys(layer.lower, lower_) > 0) lower_ = layer.lower;
    if (layer.upper.has_value() && IsBelowUpper(*layer.upper)) upper_ = layer.upper;
    covering_ = std::max(covering_, layer.covering);
  }
  return covering_;
}

}  // namespace aeternus
