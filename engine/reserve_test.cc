#include "engine/reserve.h"

#include <cstdint>
#include <string>

#include "env/testing/sim_file_system.h"
#include "gtest/gtest.h"

namespace aeternus {
namespace {

using env::testing::Fault;
using env::testing::FileCall;
using env::testing::FileOp;
using env::testing::SimFileSystem;

constexpr char kPath[] = "/db/RESERVE";
constexpr uint64_t kBytes = 1000;
constexpr SpaceReserve::Amount kAmount{.bytes = kBytes, .covered_bytes = 100};

class SpaceReserveTest : public ::testing::Test {
 protected:
  SpaceReserveTest() {
    EXPECT_TRUE(disk_.CreateDirectory("/db").ok());
    disk_.SetFreeSpace(kBytes);
    reserve_.Renew(kAmount);
  }

  bool IsThere() { return *disk_.FileExists(kPath); }
  // Whether a file of that size could be made now.
  bool HasRoom(uint64_t bytes) {
    const bool has_room = disk_.NewLogFile("/db/probe", bytes).ok();
    if (has_room) {
      EXPECT_TRUE(disk_.DeleteFile("/db/probe").ok());
    }
    return has_room;
  }

  SimFileSystem disk_;
  SpaceReserve reserve_{&disk_, kPath};
};

TEST_F(SpaceReserveTest, KeepsSpaceBackThatALoanGives) {
  EXPECT_EQ(reserve_.size_bytes(), kBytes);
  EXPECT_EQ(*disk_.FileSize(kPath), kBytes);
  EXPECT_FALSE(HasRoom(1));
  const SpaceReserve::Loan loan = reserve_.Borrow();
  EXPECT_TRUE(loan);
  EXPECT_TRUE(reserve_.is_lent());
  EXPECT_EQ(reserve_.size_bytes(), 0u);
  EXPECT_TRUE(HasRoom(kBytes));
}

TEST_F(SpaceReserveTest, IsNotMadeAgainWhileALoanIsOut) {
  SpaceReserve::Loan first = reserve_.Borrow();
  SpaceReserve::Loan second = reserve_.Borrow();  // somebody else who ran out of space just then
  EXPECT_TRUE(second);
  EXPECT_FALSE(reserve_.Restore(kAmount));
  first = {};
  EXPECT_FALSE(reserve_.Restore(kAmount));
  second = {};
  EXPECT_TRUE(reserve_.Restore(kAmount));
  EXPECT_FALSE(reserve_.is_lent());
  EXPECT_FALSE(HasRoom(1));
}

TEST_F(SpaceReserveTest, HasNothingMoreToLendOnceItIsSpent) {
  { EXPECT_TRUE(reserve_.Borrow()); }
  ASSERT_TRUE(disk_.NewLogFile("/db/000001.log", 10).ok());
  EXPECT_FALSE(reserve_.Borrow());
  EXPECT_FALSE(reserve_.Restore(kAmount)) << "there is no room for all of it";
  EXPECT_TRUE(reserve_.is_lent());
  EXPECT_FALSE(IsThere());
  ASSERT_TRUE(disk_.DeleteFile("/db/000001.log").ok());
  EXPECT_TRUE(reserve_.Restore(kAmount));
  EXPECT_FALSE(reserve_.Restore(kAmount)) << "it is there";
}

TEST_F(SpaceReserveTest, ThatNeverHadRoomIsAbsentAndMissedByNobody) {
  disk_.SetFreeSpace(0);
  SpaceReserve reserve(&disk_, "/db/OTHER");
  reserve.Renew(kAmount);
  EXPECT_FALSE(reserve.is_lent());
  EXPECT_EQ(reserve.size_bytes(), 0u);
  EXPECT_FALSE(reserve.Borrow());
  disk_.SetFreeSpace(kBytes);
  EXPECT_FALSE(reserve.Restore(kAmount)) << "it was not lent";
  EXPECT_EQ(reserve.size_bytes(), kBytes) << "but is kept from now on";
}

TEST_F(SpaceReserveTest, LendsWhatAnEarlierLifeLeft) {
  SpaceReserve next(&disk_, kPath);
  const SpaceReserve::Loan loan = next.Borrow();
  EXPECT_TRUE(loan);
  EXPECT_FALSE(IsThere());
}

TEST_F(SpaceReserveTest, RenewTakesNothingOnTrust) {
  ASSERT_TRUE(disk_.SetContents(kPath, "what a copy, a crash or a stranger left").ok());
  disk_.SetFreeSpace(uint64_t{1} << 20);
  SpaceReserve next(&disk_, kPath);
  next.Renew(kAmount);
  EXPECT_EQ(*disk_.Contents(kPath), std::string(kBytes, '\0'));
  SpaceReserve last(&disk_, kPath);
  last.Renew({});
  EXPECT_FALSE(IsThere());
  EXPECT_FALSE(last.Borrow());
}

TEST_F(SpaceReserveTest, WhatHasNoRoomForItsSuccessorIsLent) {
  reserve_.Renew({.bytes = kBytes + 1});
  EXPECT_TRUE(reserve_.is_lent());
  EXPECT_TRUE(HasRoom(kBytes));
  EXPECT_TRUE(reserve_.Restore(kAmount));
}

TEST_F(SpaceReserveTest, WhatCannotBeMadeAgainForAnotherReasonThanSpaceIsAbsent) {
  { EXPECT_TRUE(reserve_.Borrow()); }
  disk_.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kCreate ? Fault::kIoError : Fault::kNone; });
  EXPECT_FALSE(reserve_.Restore(kAmount));
  EXPECT_FALSE(reserve_.is_lent());
  disk_.SetFaultRule(nullptr);
  EXPECT_FALSE(reserve_.Restore(kAmount)) << "nobody had it";
  EXPECT_EQ(reserve_.size_bytes(), kBytes);
}

TEST_F(SpaceReserveTest, GrowsAndShrinksWithWhatItHasToCover) {
  disk_.SetFreeSpace(10 * kBytes);
  EXPECT_EQ(reserve_.covered_bytes(), 100u);
  EXPECT_TRUE(reserve_.Resize({.bytes = 5 * kBytes, .covered_bytes = 500}));
  EXPECT_EQ(*disk_.FileSize(kPath), 5 * kBytes);
  EXPECT_EQ(reserve_.size_bytes(), 5 * kBytes);
  EXPECT_EQ(reserve_.covered_bytes(), 500u);
  EXPECT_TRUE(reserve_.Resize(kAmount));
  EXPECT_EQ(*disk_.FileSize(kPath), kBytes);
  EXPECT_EQ(reserve_.covered_bytes(), 100u);
}

TEST_F(SpaceReserveTest, StaysAsItWasWhereItHasNoRoomToGrow) {
  EXPECT_FALSE(reserve_.Resize({.bytes = kBytes + 1, .covered_bytes = 101}));
  EXPECT_EQ(*disk_.FileSize(kPath), kBytes);
  EXPECT_EQ(reserve_.covered_bytes(), 100u);
  EXPECT_FALSE(reserve_.is_lent());
}

TEST_F(SpaceReserveTest, IsLentWhenSomebodyTakesItsRoomWhileItWouldGrow) {
  disk_.SetFaultRule([made = 0](const FileCall& call) mutable {
    return call.op == FileOp::kCreate && ++made <= 2 ? Fault::kNoSpace : Fault::kNone;
  });
  EXPECT_FALSE(reserve_.Resize({.bytes = kBytes + 1, .covered_bytes = 101}));
  EXPECT_TRUE(reserve_.is_lent());
  EXPECT_EQ(reserve_.covered_bytes(), 0u);
  EXPECT_TRUE(reserve_.Restore(kAmount));
  EXPECT_EQ(reserve_.covered_bytes(), 100u);
}

TEST_F(SpaceReserveTest, IsNotResizedWhileItIsLent) {
  const SpaceReserve::Loan loan = reserve_.Borrow();
  EXPECT_TRUE(reserve_.Resize({.bytes = 10, .covered_bytes = 1}));
  EXPECT_TRUE(reserve_.is_lent());
  EXPECT_FALSE(IsThere());
}

TEST_F(SpaceReserveTest, AFileThatCannotBeDeletedIsNotLent) {
  disk_.SetFaultRule([](const FileCall& call) { return call.op == FileOp::kDelete ? Fault::kIoError : Fault::kNone; });
  EXPECT_FALSE(reserve_.Borrow());
  EXPECT_FALSE(reserve_.is_lent());
  disk_.SetFaultRule(nullptr);
  EXPECT_TRUE(reserve_.Borrow());
}

}  // namespace
}  // namespace aeternus
