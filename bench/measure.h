// What a process can find out about its own use of the machine, on Linux.
//
//   const Usage before = Usage::Now();
//   ...
//   double seconds = Usage::Now().cpu_seconds - before.cpu_seconds;
//
// Thread safety: any number of threads, but OpTimer one.
#ifndef AETERNUS_BENCH_MEASURE_H_
#define AETERNUS_BENCH_MEASURE_H_

#include <x86intrin.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "bench/histogram.h"

namespace aeternus::bench {

struct Usage {
  double cpu_seconds = 0;      // user and system, of all threads
  uint64_t written_bytes = 0;  // pages made dirty, and direct writes (/proc/self/io)

  static Usage Now();
};

// Bytes of memory that are resident now, mapped files included.
uint64_t ResidentBytes();
// The most that were since the last call of ResetPeakResident.
uint64_t PeakResidentBytes();
void ResetPeakResident();

struct DiskUse {
  uint64_t bytes = 0;  // allocated, which is less than the size of a file with holes
  uint64_t files = 0;
};
// Of everything under `directory`.
DiskUse DiskUseOf(const std::string& directory);

// Times operations that follow one another by one reading of the processor's time-stamp counter for each, some 10 ns:
// the end of one is the beginning of the next. What the counter counts is found out by a clock over the whole run.
class OpTimer {
 public:
  using Clock = std::chrono::steady_clock;

  void Start() {
    begin_ = Clock::now();
    first_ = last_ = __rdtsc();
  }
  // An operation is done.
  void Lap() {
    const uint64_t now = __rdtsc();
    latencies_.Add(now - last_);
    last_ = now;
  }
  void Stop() { seconds_ = std::chrono::duration<double>(Clock::now() - begin_).count(); }

  Clock::time_point begin() const { return begin_; }
  // Since Start. After Stop.
  double seconds() const { return seconds_; }
  const Histogram& latencies() const { return latencies_; }  // in ticks
  double NanosPerTick() const;

 private:
  Clock::time_point begin_;
  double seconds_ = 0;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  Histogram latencies_;
};

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_MEASURE_H_
