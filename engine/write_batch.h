// A batch of writes that becomes visible and durable as a whole or not at all (invariant 2).
//
//   aeternus::WriteBatch batch;
//   batch.Put("account/1", "90");
//   batch.Put("account/2", "110");
//   batch.DeleteRange("draft/", "draft0");
//   absl::Status s = db->Write(batch);
//
// Operations apply in the order they were added. Keys and values are copied into the batch. Nothing is checked until it
// is written; then one bad operation refuses the whole batch.
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_ENGINE_WRITE_BATCH_H_
#define AETERNUS_ENGINE_WRITE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aeternus {

class WriteBatch {
 public:
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  // Deletes every key in [start, end).
  void DeleteRange(std::string_view start, std::string_view end);
  void Clear();

  uint32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Bytes of the encoded operations.
  size_t size_bytes() const { return operations_.size(); }

 private:
  friend class BatchAccess;
  std::string operations_;  // engine/batch_format.h
  uint32_t count_ = 0;
};

}  // namespace aeternus

#endif  // AETERNUS_ENGINE_WRITE_BATCH_H_
