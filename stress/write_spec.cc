#include "stress/write_spec.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace aeternus::stress {

std::string ValueSpec::Bytes() const {
  std::string bytes = absl::StrCat(number);
  bytes.resize(size_bytes, static_cast<char>('a' + number % 26));
  return bytes;
}

WriteBatch BatchOf(const std::vector<WriteSpec>& writes) {
  WriteBatch batch;
  for (const WriteSpec& write : writes) {
    switch (write.kind) {
      case WriteSpec::Kind::kPut:
        batch.Put(write.key, write.value.Bytes());
        break;
      case WriteSpec::Kind::kDelete:
        batch.Delete(write.key);
        break;
      case WriteSpec::Kind::kDeleteRange:
        batch.DeleteRange(write.key, write.end);
        break;
    }
  }
  return batch;
}

void Apply(const std::vector<WriteSpec>& writes, std::map<std::string, std::string>& model) {
  for (const WriteSpec& write : writes) {
    switch (write.kind) {
      case WriteSpec::Kind::kPut:
        model[write.key] = write.value.Bytes();
        break;
      case WriteSpec::Kind::kDelete:
        model.erase(write.key);
        break;
      case WriteSpec::Kind::kDeleteRange:
        model.erase(model.lower_bound(write.key), model.lower_bound(write.end));
        break;
    }
  }
}

std::string Describe(const WriteSpec& write) {
  switch (write.kind) {
    case WriteSpec::Kind::kPut:
      return absl::StrFormat("put %s = %d (%d bytes)", Quoted(write.key), write.value.number, write.value.size_bytes);
    case WriteSpec::Kind::kDelete:
      return absl::StrCat("delete ", Quoted(write.key));
    case WriteSpec::Kind::kDeleteRange:
      return absl::StrCat("delete range [", Quoted(write.key), ", ", Quoted(write.end), ")");
  }
  return "";
}

std::string Quoted(std::string_view bytes) {
  constexpr size_t kLongRun = 12;
  std::string text = "\"";
  for (size_t at = 0; at < bytes.size();) {
    size_t end = bytes.find_first_not_of(bytes[at], at);
    if (end == std::string_view::npos) end = bytes.size();
    const size_t run = end - at;
    const std::string escaped = absl::CEscape(bytes.substr(at, run < kLongRun ? run : 1));
    if (run < kLongRun) {
      text += escaped;
    } else {
      absl::StrAppend(&text, "{", run, " x ", escaped, "}");
    }
    at = end;
  }
  return text + "\"";
}

}  // namespace aeternus::stress
