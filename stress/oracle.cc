#include "stress/oracle.h"

#include <optional>
#include <string>
#include <string_view>

namespace aeternus::stress {

void Oracle::Put(std::string_view key, std::string_view value) {
  values_.insert_or_assign(std::string(key), std::string(value));
}

void Oracle::Delete(std::string_view key) { values_.insert_or_assign(std::string(key), std::nullopt); }

void Oracle::DeleteRange(std::string_view start, std::string_view end) {
  for (auto it = values_.lower_bound(start); it != values_.end() && it->first < end; ++it) it->second.reset();
}

std::optional<std::string> Oracle::Get(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? std::nullopt : it->second;
}

Oracle::Pairs Oracle::VisiblePairs(std::string_view start, std::string_view end) const {
  Pairs pairs;
  for (auto it = values_.lower_bound(start); it != values_.end() && it->first < end; ++it) {
    if (it->second.has_value()) pairs.emplace_back(it->first, *it->second);
  }
  return pairs;
}

}  // namespace aeternus::stress
