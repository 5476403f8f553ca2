// Writes as data, so that the same ones can be given to a database and to a model of it, and printed.
//
//   std::vector<WriteSpec> writes = {{.key = "a", .value = {.number = 17, .size_bytes = 40}}};
//   db->Write(BatchOf(writes));
//   Apply(writes, model);
#ifndef AETERNUS_STRESS_WRITE_SPEC_H_
#define AETERNUS_STRESS_WRITE_SPEC_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aeternus/write_batch.h"

namespace aeternus::stress {

// A value that tells which write it came from: its number, filled up to its size. Sizes below that of the number cut
// it off; size 0 is the empty value.
struct ValueSpec {
  uint64_t number = 0;
  uint32_t size_bytes = 0;

  std::string Bytes() const;
};

struct WriteSpec {
  enum class Kind { kPut, kDelete, kDeleteRange };
  Kind kind = Kind::kPut;
  std::string key;  // kDeleteRange: the first of the range
  std::string end;  // kDeleteRange: behind the range; > key
  ValueSpec value;  // kPut
};

// All of them in one batch, in this order.
WriteBatch BatchOf(const std::vector<WriteSpec>& writes);
// Does to a model what they do to a database.
void Apply(const std::vector<WriteSpec>& writes, std::map<std::string, std::string>& model);

// One line: put "a\000" = 17 (40 bytes)
std::string Describe(const WriteSpec& write);
// A key or value in quotes, escaped; long runs of one byte are told by their length.
std::string Quoted(std::string_view bytes);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_WRITE_SPEC_H_
