#include "stress/process_history.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "stress/generator.h"

namespace aeternus::stress {
namespace {

constexpr uint64_t kKeysOfAWriter = 150;

// A generator that is at the beginning of one write.
Lcg DrawsOf(uint64_t seed, int writer, uint64_t number) {
  Lcg lcg(seed ^ (number * 0x9E3779B97F4A7C15u) ^ static_cast<uint64_t>(writer));
  lcg.NextU64();
  return lcg;
}

std::string KeyOf(int writer, uint64_t index) { return absl::StrFormat("%d/key/%04d", writer, index); }

WriteSpec DrawWrite(Lcg& lcg, int writer, uint64_t number) {
  // The low bits of the generator are poor: a draw is taken from the high ones.
  const auto draw = [&](uint64_t bound) { return (lcg.NextU64() >> 20) % bound; };
  const uint64_t kind = draw(20), index = draw(kKeysOfAWriter);
  if (kind == 0) {
    return {
        .kind = WriteSpec::Kind::kDeleteRange, .key = KeyOf(writer, index), .end = KeyOf(writer, index + 1 + draw(20))};
  }
  if (kind < 4) return {.kind = WriteSpec::Kind::kDelete, .key = KeyOf(writer, index)};
  const uint64_t size = draw(40) == 0 ? 3000 : draw(60);
  return {.key = KeyOf(writer, index), .value = {.number = number, .size_bytes = static_cast<uint32_t>(size)}};
}

}  // namespace

std::string ProcessHistory::CountKey(int writer) { return absl::StrCat(writer, "/count"); }

std::vector<WriteSpec> ProcessHistory::WriteOf(int writer, uint64_t number) const {
  Lcg lcg = DrawsOf(seed_, writer, number);
  WriteSpec own = DrawWrite(lcg, writer, number);
  const auto digits = static_cast<uint32_t>(absl::StrCat(number).size());
  return {{.key = CountKey(writer), .value = {.number = number, .size_bytes = digits}}, std::move(own)};
}

bool ProcessHistory::IsSynced(int writer, uint64_t number) const {
  return (DrawsOf(seed_, writer, number).NextU64() >> 40) % 8 == 0;
}

}  // namespace aeternus::stress
