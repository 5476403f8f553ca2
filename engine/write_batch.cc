#include "aeternus/write_batch.h"

#include "base/coding.h"
#include "base/entry.h"
#include "engine/batch_format.h"

namespace aeternus {

void WriteBatch::Put(std::string_view key, std::string_view value) {
  EncodePut(&operations_, key, value);
  ++count_;
}

void WriteBatch::Delete(std::string_view key) {
  EncodeDelete(&operations_, key);
  ++count_;
}

void WriteBatch::DeleteRange(std::string_view start, std::string_view end) {
  EncodeDeleteRange(&operations_, start, end);
  ++count_;
}

void WriteBatch::Clear() {
  operations_.clear();
  count_ = 0;
}

}  // namespace aeternus
