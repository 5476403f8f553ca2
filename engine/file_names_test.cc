#include "engine/file_names.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "base/testing/test_seed.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

TEST(FileNames, AreSixDigitsAtLeast) {
  EXPECT_EQ(LogName(FileNumber(12)), "000012.log");
  EXPECT_EQ(TableName(FileNumber(1234567)), "1234567.sst");
}

TEST(FileNames, ANameGivesBackItsNumber) {
  std::mt19937_64 random(TestSeed());
  for (int shift = 0; shift < 64; ++shift) {
    const FileNumber number((random() | uint64_t{1} << 63) >> shift);
    EXPECT_EQ(ParseLogName(LogName(number)), number);
    EXPECT_EQ(ParseTableName(TableName(number)), number);
    EXPECT_EQ(ParseLogName(TableName(number)), std::nullopt);
    EXPECT_EQ(ParseTableName(LogName(number)), std::nullopt);
  }
}

TEST(FileNames, EveryOtherNameIsForeign) {
  for (const std::string name : {"",
                                 ".log",
                                 "12.log",
                                 "00012.log",
                                 "000000.log",
                                 "0000012.log",
                                 "-00012.log",
                                 "+00012.log",
                                 " 00012.log",
                                 "00001x.log",
                                 "0x0012.log",
                                 "000012.LOG",
                                 "000012.log.bak",
                                 "x000012.log",
                                 "000012log",
                                 "000012.",
                                 "18446744073709551616.log",
                                 "99999999999999999999999.log",
                                 "CURRENT",
                                 "LOCK",
                                 "MANIFEST-000012"}) {
    EXPECT_EQ(ParseLogName(name), std::nullopt) << name;
  }
  EXPECT_EQ(ParseLogName(std::string("000012.log\0", 11)), std::nullopt);
}

}  // namespace
}  // namespace aeternus
