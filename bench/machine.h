// Which machine this is, in one line, for reports: numbers of one mean nothing beside those of another.
#ifndef AETERNUS_BENCH_MACHINE_H_
#define AETERNUS_BENCH_MACHINE_H_

#include <string>

namespace aeternus::bench {

// Date, processor, cores, memory, kernel, the file system that `directory` is on, and how busy the machine is.
std::string DescribeMachine(const std::string& directory);

}  // namespace aeternus::bench

#endif  // AETERNUS_BENCH_MACHINE_H_
