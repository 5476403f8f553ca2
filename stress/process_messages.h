// What process_writer says to //stress:process_test. In this order: kOpening; kPair for every pair of the database that
// it opened; kOpened; kAcknowledged for every write. kPaused when it reached the call that it was told to stop at, and
// kFailed, with the reason, instead of anything that went wrong.
//
//   kPair            size of the key (4 bytes, the machine's order), key, value
//   kAcknowledged    Acknowledgement, as it is in memory
//   kFailed          a status in words
#ifndef AETERNUS_STRESS_PROCESS_MESSAGES_H_
#define AETERNUS_STRESS_PROCESS_MESSAGES_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace aeternus::stress {

enum ProcessMessage : char {
  kOpening = 'o',
  kPair = 'p',
  kOpened = 'r',
  kAcknowledged = 'a',
  kPaused = 'w',
  kFailed = 'f',
};

struct Acknowledgement {
  int writer = 0;
  uint64_t number = 0;
};

inline std::string EncodePair(std::string_view key, std::string_view value) {
  const auto size = static_cast<uint32_t>(key.size());
  std::string text(reinterpret_cast<const char*>(&size), sizeof size);
  text.append(key);
  text.append(value);
  return text;
}

inline std::pair<std::string, std::string> DecodePair(const std::string& text) {
  uint32_t size = 0;
  std::memcpy(&size, text.data(), sizeof size);
  return {text.substr(sizeof size, size), text.substr(sizeof size + size)};
}

inline std::string EncodeAcknowledgement(const Acknowledgement& acknowledgement) {
  return {reinterpret_cast<const char*>(&acknowledgement), sizeof acknowledgement};
}

inline Acknowledgement DecodeAcknowledgement(const std::string& text) {
  Acknowledgement acknowledgement;
  std::memcpy(&acknowledgement, text.data(), sizeof acknowledgement);
  return acknowledgement;
}

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_PROCESS_MESSAGES_H_
