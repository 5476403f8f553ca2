// A value of 1 GiB, the largest there is, through put, recovery, flush and get; one byte more is refused. Apart from
// the other limits, because it takes several GiB of memory and disk.
#include <memory>
#include <optional>
#include <string>

#include "aeternus/engine.h"
#include "aeternus/options.h"
#include "aeternus/pinned_value.h"
#include "base/entry.h"
#include "gtest/gtest.h"
#include "stress/temp_directory.h"

namespace aeternus::stress {
namespace {

// Unlike everywhere, so that a block in the wrong place shows; cheap to compare, because nothing is kept of it.
char ByteAt(size_t i) { return static_cast<char>(i * 31 + (i >> 12)); }

std::string LargestValue() {
  std::string value(kMaxValueSizeBytes, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = ByteAt(i);
  return value;
}

void ExpectLargestValue(Engine& engine) {
  PinnedValue value;
  const absl::StatusOr<bool> found = engine.Get({}, "large", &value);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(*found);
  ASSERT_EQ(value.view().size(), kMaxValueSizeBytes);
  size_t differences = 0;
  for (size_t i = 0; i < value.view().size(); ++i) differences += value.view()[i] != ByteAt(i);
  EXPECT_EQ(differences, 0u);
}

TEST(LargeValueTest, AValueOf1GiBIsStoredRecoveredAndFlushedAndOneByteMoreIsRefused) {
  const TempDirectory dir;
  std::unique_ptr<Engine> engine = Engine::Open(dir.path(), {}).value();
  {
    std::string value = LargestValue();
    const absl::Status put = engine->Put("large", value);
    ASSERT_TRUE(put.ok()) << put;
    value += "!";
    EXPECT_EQ(engine->Put("larger", value).code(), absl::StatusCode::kResourceExhausted);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectLargestValue(*engine));
  engine.reset();
  engine = Engine::Open(dir.path(), {}).value();
  ASSERT_NO_FATAL_FAILURE(ExpectLargestValue(*engine));
  ASSERT_TRUE(engine->FreezeMemtable().ok());
  const absl::StatusOr<bool> flushed = engine->FlushAllFrozen();
  ASSERT_TRUE(flushed.ok()) << flushed.status();
  ASSERT_NO_FATAL_FAILURE(ExpectLargestValue(*engine));
  EXPECT_EQ(engine->Get("larger").value(), std::nullopt);
  ASSERT_TRUE(engine->Put("small", "v").ok());
  EXPECT_EQ(engine->Get("small").value(), "v");
}

}  // namespace
}  // namespace aeternus::stress
