// A directory of the real file system that is empty at first and gone at the end.
#ifndef AETERNUS_STRESS_TEMP_DIRECTORY_H_
#define AETERNUS_STRESS_TEMP_DIRECTORY_H_

#include <string>

namespace aeternus::stress {

class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_TEMP_DIRECTORY_H_
