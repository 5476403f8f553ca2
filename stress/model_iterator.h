// What a database iterator must do, on a copy of the contents cut to the bounds.
#ifndef AETERNUS_STRESS_MODEL_ITERATOR_H_
#define AETERNUS_STRESS_MODEL_ITERATOR_H_

#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "aeternus/iterator.h"
#include "stress/sim_database.h"

namespace aeternus::stress {

class ModelIterator {
 public:
  ModelIterator(const Contents& contents, const IteratorOptions& bounds) {
    for (const auto& [key, value] : contents) {
      if (bounds.lower_bound.has_value() && key < *bounds.lower_bound) continue;
      if (bounds.upper_bound.has_value() && key >= *bounds.upper_bound) continue;
      contents_.emplace(key, value);
    }
  }

  bool Valid() const { return at_.has_value(); }
  const std::string& key() const { return *at_; }
  const std::string& value() const { return contents_.at(*at_); }

  void SeekToFirst() { SetTo(contents_.begin()); }
  void SeekToLast() { SetToLastBefore(contents_.end()); }
  void Seek(std::string_view target) { SetTo(contents_.lower_bound(std::string(target))); }
  void SeekForPrev(std::string_view target) { SetToLastBefore(contents_.upper_bound(std::string(target))); }
  void Next() { SetTo(contents_.upper_bound(*at_)); }
  void Prev() { SetToLastBefore(contents_.lower_bound(*at_)); }

 private:
  void SetTo(Contents::const_iterator it) {
    at_ = it == contents_.end() ? std::nullopt : std::optional(std::string(it->first));
  }
  void SetToLastBefore(Contents::const_iterator it) {
    at_ = it == contents_.begin() ? std::nullopt : std::optional(std::string(std::prev(it)->first));
  }

  Contents contents_;
  std::optional<std::string> at_;  // the key it stands on; the position survives copies of the model
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_MODEL_ITERATOR_H_
