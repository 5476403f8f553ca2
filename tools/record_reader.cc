#include "tools/record_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/entry.h"
#include "base/status.h"
#include "tools/json.h"
#include "tools/text.h"

namespace aeternus::tools {
namespace {

constexpr size_t kReadSizeBytes = size_t{64} << 10;

absl::Status ParseTsv(std::string_view line, Record* record) {
  const size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return absl::InvalidArgumentError("no tab between key and value");
  const std::string_view value = line.substr(tab + 1);
  if (value.find('\t') != std::string_view::npos) {
    return absl::InvalidArgumentError("more than one tab (write a tab inside a key or value as \\t)");
  }
  absl::StatusOr<std::string> key_bytes = UnescapeBytes(line.substr(0, tab));
  if (!key_bytes.ok()) return Annotate(key_bytes.status(), "in the key");
  absl::StatusOr<std::string> value_bytes = UnescapeBytes(value);
  if (!value_bytes.ok()) return Annotate(value_bytes.status(), "in the value");
  record->key = *std::move(key_bytes);
  record->value = *std::move(value_bytes);
  return absl::OkStatus();
}

// Gives `field` to `target` if it is called `name` or `name`_base64.
absl::StatusOr<bool> TakeField(JsonField& field, std::string_view name, std::optional<std::string>* target) {
  const bool is_base64 = field.name == absl::StrCat(name, "_base64");
  if (field.name != name && !is_base64) return false;
  if (target->has_value()) return absl::InvalidArgumentError(absl::StrCat("the ", name, " is given twice"));
  if (!is_base64) {
    *target = std::move(field.value);
  } else if (!absl::Base64Unescape(field.value, &target->emplace())) {
    return absl::InvalidArgumentError(absl::StrCat(field.name, " is not valid base64"));
  }
  return true;
}

absl::Status ParseJson(std::string_view line, Record* record) {
  AETERNUS_ASSIGN_OR_RETURN(std::vector<JsonField> fields, ParseFlatJsonObject(line));
  std::optional<std::string> key;
  std::optional<std::string> value;
  for (JsonField& field : fields) {
    AETERNUS_ASSIGN_OR_RETURN(bool taken, TakeField(field, "key", &key));
    if (!taken) {
      AETERNUS_ASSIGN_OR_RETURN(taken, TakeField(field, "value", &value));
    }
    if (!taken) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown field ", Quote(field.name), " (known: key, key_base64, value, value_base64)"));
    }
  }
  if (!key.has_value()) return absl::InvalidArgumentError("no field \"key\" or \"key_base64\"");
  if (!value.has_value()) return absl::InvalidArgumentError("no field \"value\" or \"value_base64\"");
  record->key = *std::move(key);
  record->value = *std::move(value);
  return absl::OkStatus();
}

}  // namespace

absl::Status ParseRecord(RecordFormat format, std::string_view line, Record* record) {
  AETERNUS_RETURN_IF_ERROR(format == RecordFormat::kJson ? ParseJson(line, record) : ParseTsv(line, record));
  if (record->key.empty()) return absl::InvalidArgumentError("the key is empty");
  if (record->key.size() > kMaxKeySizeBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key has ", record->key.size(), " bytes, the limit is ", kMaxKeySizeBytes));
  }
  if (record->value.size() > kMaxValueSizeBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the value has ", record->value.size(), " bytes, the limit is ", kMaxValueSizeBytes));
  }
  return absl::OkStatus();
}

RecordReader::RecordReader(std::istream* in, RecordFormat format, uint64_t max_line_size_bytes)
    : in_(in), format_(format), max_line_size_bytes_(max_line_size_bytes) {}

absl::StatusOr<bool> RecordReader::Next(Record* record) {
  while (true) {
    AETERNUS_ASSIGN_OR_RETURN(const bool found, NextLine());
    if (!found) return false;
    if (line_.empty()) continue;
    if (absl::Status parsed = ParseRecord(format_, line_, record); !parsed.ok()) {
      return Annotate(parsed, absl::StrCat("line ", line_number_));
    }
    return true;
  }
}

absl::StatusOr<bool> RecordReader::NextLine() {
  line_.clear();
  AETERNUS_ASSIGN_OR_RETURN(bool more, Fill());
  if (!more) return false;
  ++line_number_;
  bool ended = false;
  while (more && !ended) {
    const size_t newline = buffer_.find('\n', at_);
    ended = newline != std::string::npos;
    const size_t end = ended ? newline : buffer_.size();
    line_.append(buffer_, at_, end - at_);
    const size_t next = ended ? end + 1 : end;
    bytes_read_ += next - at_;
    at_ = next;
    if (line_.size() > max_line_size_bytes_) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number_, ": longer than the limit of ", max_line_size_bytes_, " bytes"));
    }
    if (!ended) {
      AETERNUS_ASSIGN_OR_RETURN(more, Fill());
    }
  }
  if (ended && !line_.empty() && line_.back() == '\r') line_.pop_back();
  return true;
}

absl::StatusOr<bool> RecordReader::Fill() {
  if (at_ < buffer_.size()) return true;
  at_ = 0;
  buffer_.clear();
  // peek waits for at least one byte, and then only what has arrived is taken: a slow pipe is read as it comes.
  if (in_->peek() != std::istream::traits_type::eof()) {
    const auto available = static_cast<size_t>(std::max<std::streamsize>(in_->rdbuf()->in_avail(), 1));
    buffer_.resize(std::min(available, kReadSizeBytes));
    in_->read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.resize(static_cast<size_t>(in_->gcount()));
  }
  if (in_->bad()) {
    return absl::InternalError(absl::StrCat("line ", line_number_ + 1, ": the input cannot be read"));
  }
  return !buffer_.empty();
}

}  // namespace aeternus::tools
