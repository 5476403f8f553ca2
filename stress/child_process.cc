#include "stress/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

extern char** environ;

namespace aeternus::stress {

void Say(char kind, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  std::string bytes(1, kind);
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes.append(text);
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data() + at, bytes.size() - at);
    if (written > 0) at += static_cast<size_t>(written);
    if (written < 0 && errno != EINTR) _exit(1);
  }
}

void WaitForParent() {
  char byte = 0;
  ssize_t got = 0;
  do {
    got = read(STDIN_FILENO, &byte, 1);
  } while (got > 0 || (got < 0 && errno == EINTR));
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
  int output[2], input[2];
  CHECK_EQ(pipe2(output, O_CLOEXEC), 0);
  CHECK_EQ(pipe2(input, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  CHECK_EQ(posix_spawn_file_actions_init(&actions), 0);
  CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO), 0);
  CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO), 0);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int error = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  CHECK_EQ(error, 0) << "cannot start " << arguments[0] << ": " << std::strerror(error);
  posix_spawn_file_actions_destroy(&actions);
  close(output[1]);
  close(input[0]);
  output_ = output[0];
  input_ = input[1];
}

ChildProcess::~ChildProcess() {
  if (end_.empty()) {
    Kill();
    Wait();
  }
  CloseInput();
  close(output_);
}

bool ChildProcess::Read(char* data, size_t size) {
  while (size > 0) {
    const ssize_t got = read(output_, data, size);
    if (got == 0) return false;
    if (got < 0) {
      CHECK_EQ(errno, EINTR);
      continue;
    }
    data += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

std::optional<Message> ChildProcess::Next() {
  Message message;
  uint32_t size = 0;
  if (!Read(&message.kind, 1) || !Read(reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  message.text.resize(size);
  if (!Read(message.text.data(), size)) return std::nullopt;
  return message;
}

void ChildProcess::Kill() { CHECK_EQ(kill(pid_, SIGKILL), 0); }

void ChildProcess::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

std::string ChildProcess::Wait() {
  if (!end_.empty()) return end_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) CHECK_EQ(errno, EINTR);
  end_ = WIFSIGNALED(status) ? absl::StrCat("signal ", WTERMSIG(status)) : absl::StrCat("exit ", WEXITSTATUS(status));
  return end_;
}

}  // namespace aeternus::stress
