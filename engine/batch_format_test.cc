#include "engine/batch_format.h"

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/testing/test_seed.h"
#include "engine/testing/status.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using testing::FailsWith;

// What a reader said about some bytes: the operations, copied, and how it ended.
struct Decoded {
  struct Operation {
    EntryKind kind;
    std::string key, value;
    std::optional<std::string> end;
    friend bool operator==(const Operation&, const Operation&) = default;
  };
  std::vector<Operation> operations;
  absl::Status status;
};

Decoded Decode(std::string_view bytes) {
  Decoded decoded;
  BatchReader reader(bytes, "000007.log", 64);
  while (true) {
    const auto operation = reader.Next();
    decoded.status = operation.status();
    if (!operation.ok() || !operation->has_value()) return decoded;
    const BatchOperation& o = **operation;
    decoded.operations.push_back({.kind = o.kind,
                                  .key = std::string(o.key),
                                  .value = std::string(o.value),
                                  .end = o.end ? std::optional<std::string>(*o.end) : std::nullopt});
  }
}

struct Encoded {
  std::string bytes;
  std::vector<Decoded::Operation> operations;
};

Encoded RandomBatch(std::mt19937_64& random, size_t count) {
  Encoded batch;
  for (size_t i = 0; i < count; ++i) {
    const std::string key = RandomBytes(random, 1 + random() % 20);
    switch (random() % 4) {
      case 0: {
        const std::string value = RandomBytes(random, random() % 200);  // empty, and longer than one length byte tells
        EncodePut(&batch.bytes, key, value);
        batch.operations.push_back({EntryKind::kPut, key, value, std::nullopt});
        break;
      }
      case 1:
        EncodeDelete(&batch.bytes, key);
        batch.operations.push_back({EntryKind::kDelete, key, "", std::nullopt});
        break;
      case 2:
        EncodeDeleteRange(&batch.bytes, key, std::nullopt);
        batch.operations.push_back({EntryKind::kRangeDelete, key, "", std::nullopt});
        break;
      default:
        EncodeDeleteRange(&batch.bytes, key, key + "z");
        batch.operations.push_back({EntryKind::kRangeDelete, key, "", key + "z"});
    }
  }
  return batch;
}

TEST(BatchFormat, DecodesToWhatWasEncoded) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    const Encoded batch = RandomBatch(random, random() % 10);
    const Decoded decoded = Decode(batch.bytes);
    EXPECT_OK(decoded.status);
    ASSERT_EQ(decoded.operations, batch.operations);
  }
}

TEST(BatchFormat, ABatchCutShortHoldsTheOperationsBeforeTheCutAndThenSaysThatItIsDamaged) {
  std::mt19937_64 random(TestSeed());
  const Encoded batch = RandomBatch(random, 8);
  for (size_t size = 0; size < batch.bytes.size(); ++size) {
    const Decoded decoded = Decode(std::string_view(batch.bytes).substr(0, size));
    ASSERT_LT(decoded.operations.size(), batch.operations.size());
    for (size_t i = 0; i < decoded.operations.size(); ++i) ASSERT_EQ(decoded.operations[i], batch.operations[i]);
    // At the boundary of an operation nothing is wrong that a reader of operations could see.
    ASSERT_TRUE(decoded.status.ok() || FailsWith(decoded.status, absl::StatusCode::kDataLoss, {"000007.log"}))
        << decoded.status;
  }
}

TEST(BatchFormat, AnyFlippedBitIsAnErrorOrOtherOperationsAndNeverReadsOutside) {
  std::mt19937_64 random(TestSeed());
  const Encoded batch = RandomBatch(random, 8);
  for (size_t bit = 0; bit < 8 * batch.bytes.size(); ++bit) {
    std::string damaged = batch.bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const Decoded decoded = Decode(damaged);
    if (!decoded.status.ok()) {
      ASSERT_TRUE(absl::IsDataLoss(decoded.status)) << decoded.status;
      continue;
    }
    ASSERT_NE(decoded.operations, batch.operations) << "bit " << bit << " means nothing";
    for (const Decoded::Operation& operation : decoded.operations) {
      ASSERT_TRUE(operation.kind == EntryKind::kPut || operation.kind == EntryKind::kDelete ||
                  operation.kind == EntryKind::kRangeDelete);
    }
  }
}

TEST(BatchFormat, WhatNoWriterOfThisFormatWritesIsRefused) {
  const auto bytes = [](std::initializer_list<int> values) { return std::string(values.begin(), values.end()); };
  const struct {
    std::string what, bytes;
  } kCases[] = {
      {"operation kind 0", bytes({0, 0, 1, 'k'})},
      {"operation kind 4", bytes({4, 0, 1, 'k', 0})},      // reserved
      {"operation kind 129", bytes({129, 0, 1, 'k', 0})},  // a put with an extension
      {"keyspace 1", bytes({2, 1, 1, 'k'})},
      {"range end flag 2", bytes({3, 0, 1, 'k', 2})},
      {"key", bytes({2, 0, 200, 200, 200, 1, 'k'})},  // longer than the batch
  };
  for (const auto& c : kCases) {
    EXPECT_TRUE(FailsWith(Decode(c.bytes).status, absl::StatusCode::kDataLoss, {c.what})) << c.what;
  }
}

TEST(WriteBatch, CountsItsOperationsAndTheirBytes) {
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.Put("a", "1");
  batch.Delete("b");
  batch.DeleteRange("c", "d");
  EXPECT_EQ(batch.count(), 3u);
  EXPECT_EQ(batch.size_bytes(), BatchAccess::Operations(batch).size());
  EXPECT_EQ(Decode(BatchAccess::Operations(batch)).operations.size(), 3u);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.size_bytes(), 0u);
}

TEST(CheckBatch, AcceptsEverythingWithinTheLimits) {
  const std::string longest(kMaxKeySizeBytes, 'k');
  WriteBatch batch;
  batch.Put(longest, "");
  batch.Delete(std::string(1, '\0'));
  batch.DeleteRange("a", longest);
  batch.DeleteRange("a", std::string("a\0", 2));
  EXPECT_OK(CheckBatch(batch));
}

TEST(CheckBatch, RefusesEachBadOperationWithItsOwnCode) {
  const std::string too_long(kMaxKeySizeBytes + 1, 'k');
  using Code = absl::StatusCode;
  const struct {
    std::function<void(WriteBatch&)> add;
    Code code;
    std::string_view word;
  } kCases[] = {
      {[](WriteBatch& b) { b.Put("", "v"); }, Code::kInvalidArgument, "key is empty"},
      {[](WriteBatch& b) { b.Delete(""); }, Code::kInvalidArgument, "key is empty"},
      {[](WriteBatch& b) { b.DeleteRange("", "b"); }, Code::kInvalidArgument, "start of the range is empty"},
      {[](WriteBatch& b) { b.DeleteRange("a", ""); }, Code::kInvalidArgument, "end of the range is empty"},
      {[](WriteBatch& b) { b.DeleteRange("b", "a"); }, Code::kInvalidArgument, "[\"b\", \"a\")"},
      {[](WriteBatch& b) { b.DeleteRange("a", "a"); }, Code::kInvalidArgument, "empty or reversed"},
      {[&](WriteBatch& b) { b.Put(too_long, "v"); }, Code::kResourceExhausted, "65537"},
      {[&](WriteBatch& b) { b.Delete(too_long); }, Code::kResourceExhausted, "65537"},
      {[&](WriteBatch& b) { b.DeleteRange(too_long, "z"); }, Code::kResourceExhausted, "start"},
      {[&](WriteBatch& b) { b.DeleteRange("a", too_long); }, Code::kResourceExhausted, "end"},
  };
  for (const auto& c : kCases) {
    WriteBatch alone;
    c.add(alone);
    EXPECT_TRUE(FailsWith(CheckBatch(alone), c.code, {c.word}));

    WriteBatch among_others;
    among_others.Put("good", "v");
    among_others.Delete("good");
    c.add(among_others);
    among_others.Put("good", "v");
    EXPECT_TRUE(FailsWith(CheckBatch(among_others), c.code, {"operation 2 of the batch", c.word}));
  }
}

TEST(CheckOperation, RefusesAValueBeyondTheLimit) {
  // Never touched: only its size is looked at.
  const std::string_view value("v", kMaxValueSizeBytes);
  EXPECT_OK(CheckOperation({.kind = EntryKind::kPut, .key = "k", .value = value, .end = {}}));
  EXPECT_TRUE(FailsWith(
      CheckOperation(
          {.kind = EntryKind::kPut, .key = "k", .value = std::string_view("v", kMaxValueSizeBytes + 1), .end = {}}),
      absl::StatusCode::kResourceExhausted, {"value", "1073741825"}));
}

TEST(BatchFormatTest, BatchesAreBoundedByTheFrameThatHoldsThem) {
  EXPECT_OK(CheckBatchSize(kMaxBatchSizeBytes));
  EXPECT_EQ(CheckBatchSize(kMaxBatchSizeBytes + 1).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CheckBatchSize(UINT64_MAX).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace aeternus
