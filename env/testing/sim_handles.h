// The open files of a simulated disk: thin, each call goes to the disk.
#ifndef AETERNUS_ENV_TESTING_SIM_HANDLES_H_
#define AETERNUS_ENV_TESTING_SIM_HANDLES_H_

#include <memory>
#include <string>

#include "env/file_system.h"
#include "env/testing/sim_disk.h"

namespace aeternus::env::testing {

std::unique_ptr<RandomAccessFile> NewSimRandomAccessFile(std::shared_ptr<SimDisk> disk, OpenFile file);
std::unique_ptr<WritableFile> NewSimWritableFile(std::shared_ptr<SimDisk> disk, OpenFile file);
std::unique_ptr<LogFile> NewSimLogFile(std::shared_ptr<SimDisk> disk, OpenFile file);
std::unique_ptr<PatchFile> NewSimPatchFile(std::shared_ptr<SimDisk> disk, OpenFile file);
// Unlocks when destroyed.
std::unique_ptr<FileLock> NewSimFileLock(std::shared_ptr<SimDisk> disk, std::string path);

}  // namespace aeternus::env::testing

#endif  // AETERNUS_ENV_TESTING_SIM_HANDLES_H_
