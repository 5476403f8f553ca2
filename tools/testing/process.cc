#include "tools/testing/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace aeternus::tools {
namespace {

std::string EnvironmentVariable(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

ProcessResult RunProcess(const std::vector<std::string>& command, const ProcessOptions& options) {
  // Through files rather than pipes, so that nobody waits for anybody.
  const std::string dir = NewTestDirectory("process");
  const std::string in = dir + "/in";
  const std::string out = dir + "/out";
  const std::string err = dir + "/err";
  std::ofstream(in, std::ios::binary) << options.input;

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  if (options.error_descriptor >= 0) {
    posix_spawn_file_actions_adddup2(&actions, options.error_descriptor, STDERR_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  }
  std::vector<std::string> arguments = command;
  std::vector<std::string> environment = options.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);

  pid_t pid = 0;
  const int error = posix_spawn(&pid, command[0].c_str(), &actions, nullptr, Pointers(arguments).data(),
                                Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  CHECK_EQ(error, 0) << "cannot run " << command[0];
  int status = 0;
  CHECK_EQ(waitpid(pid, &status, 0), pid);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = ReadWholeFile(out),
          .err = ReadWholeFile(err)};
}

std::string Runfile(std::string_view path) {
  return absl::StrCat(EnvironmentVariable("TEST_SRCDIR", "."), "/", EnvironmentVariable("TEST_WORKSPACE", "."), "/",
                      path);
}

std::string NewTestDirectory(std::string_view name) {
  std::string path = absl::StrCat(EnvironmentVariable("TEST_TMPDIR", "/tmp"), "/", name, ".XXXXXX");
  CHECK(mkdtemp(path.data()) != nullptr) << path;
  return path;
}

}  // namespace aeternus::tools
