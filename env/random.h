// Randomness, for the identity of a new database; nothing else in the store draws any.
#ifndef AETERNUS_ENV_RANDOM_H_
#define AETERNUS_ENV_RANDOM_H_

#include <cstdint>

namespace aeternus::env {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual uint64_t Next() = 0;
};

}  // namespace aeternus::env

#endif  // AETERNUS_ENV_RANDOM_H_
