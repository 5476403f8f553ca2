#include "bench/measure.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace aeternus::bench {
namespace {

// The number behind `name` in a file of lines "name: number ..."; 0 if there is none.
uint64_t Field(const char* path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  uint64_t number = 0;
  while (file >> word) {
    if (word == name + ":" && file >> number) return number;
  }
  return 0;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Usage Usage::Now() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return {.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime),
          .written_bytes = Field("/proc/self/io", "write_bytes")};
}

uint64_t ResidentBytes() { return Field("/proc/self/status", "VmRSS") * 1024; }
uint64_t PeakResidentBytes() { return Field("/proc/self/status", "VmHWM") * 1024; }
void ResetPeakResident() { std::ofstream("/proc/self/clear_refs") << "5"; }

DiskUse DiskUseOf(const std::string& directory) {
  DiskUse use;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    struct stat info = {};
    if (stat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    use.bytes += static_cast<uint64_t>(info.st_blocks) * 512;
    ++use.files;
  }
  return use;
}

double OpTimer::NanosPerTick() const {
  return last_ > first_ ? seconds_ * 1e9 / static_cast<double>(last_ - first_) : 0;
}

}  // namespace aeternus::bench
