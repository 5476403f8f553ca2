#include "bench/machine.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <fstream>
#include <string_view>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace aeternus::bench {
namespace {

std::string Processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

std::string FileSystem(const std::string& directory) {
  struct statfs info = {};
  if (statfs(directory.c_str(), &info) != 0) return "unknown file system";
  switch (static_cast<uint64_t>(info.f_type)) {
    case 0xEF53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683E:
      return "btrfs";
    case 0x794C7630:
      return "overlayfs";
    case 0x01021994:
      return "tmpfs (which syncs nothing: choose another --dir)";
    default:
      return absl::StrFormat("file system %#x", info.f_type);
  }
}

}  // namespace

std::string DescribeMachine(const std::string& directory) {
  utsname name = {};
  uname(&name);
  struct sysinfo info = {};
  sysinfo(&info);
  return absl::StrFormat("%s: %s, %d cores, %d GiB, %s %s, %s, load average %.1f",
                         absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()), Processor(),
                         std::thread::hardware_concurrency(), (info.totalram * info.mem_unit + (1 << 29)) >> 30,
                         name.sysname, name.release, FileSystem(directory),
                         static_cast<double>(info.loads[0]) / (1 << SI_LOAD_SHIFT));
}

}  // namespace aeternus::bench
