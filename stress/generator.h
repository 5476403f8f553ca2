// The generator of the seed workloads: a 64-bit linear congruential generator, and one database operation drawn from
// it. The numbers are fixed for good: a seed means the same run today and in ten years.
//
//   Lcg lcg(42);
//   Operation operation = DrawOperation(lcg, {.key_count = 500, .mix = {60, 20, 15}, .range_width_max = 20});
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_GENERATOR_H_
#define AETERNUS_STRESS_GENERATOR_H_

#include <cstdint>
#include <string>

namespace aeternus::stress {

class Lcg {
 public:
  explicit Lcg(uint64_t seed) : state_(seed) {}
  uint64_t NextU64() { return state_ = state_ * 6364136223846793005u + 1442695040888963407u; }
  uint64_t Next(uint64_t bound) { return NextU64() % bound; }

 private:
  uint64_t state_;
};

// Shares in percent; what they leave over is overwrites.
struct Mix {
  uint64_t put = 0;
  uint64_t point_delete = 0;
  uint64_t range_delete = 0;
};

struct OperationShape {
  uint64_t key_count = 0;
  Mix mix;
  uint64_t range_width_max = 0;  // the widest range that one range delete covers, in keys
};

struct Operation {
  enum class Kind { kPut, kDelete, kDeleteRange, kOverwrite };
  Kind kind = Kind::kPut;
  uint64_t index = 0;      // of the key
  uint64_t end_index = 0;  // kDeleteRange: of the key behind the range; at most key_count
  uint64_t random = 0;     // kPut, kOverwrite: what makes the value unlike any other
};

// Draws, in this order: the kind, the key, and the width of a range delete or the random part of a value.
Operation DrawOperation(Lcg& lcg, const OperationShape& shape);

// "key_0042".
std::string KeyName(uint64_t index);

// How a workload names its values.
enum class ValueNaming {
  kPlain,    // v7_99        ow7_99
  kVerbose,  // val_7_r99    overwrite_7_r99
  kRound,    // v7_r3_99     ow7_r3_99     (written in round 3)
};
// The value that `operation`, a put or an overwrite, writes. `round` matters to kRound only.
std::string ValueOf(const Operation& operation, ValueNaming naming, uint64_t round);

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_GENERATOR_H_
