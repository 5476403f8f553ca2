// A process of its own, started by a test, that says on its standard output what it does, in messages, and can be
// killed at any moment: what it had said by then is still read, to the last whole message.
//
//   ChildProcess child({"stress/process_writer", "--dir=/tmp/x"});
//   while (std::optional<Message> m = child.Next()) ...
//   child.Kill();                                     // as kill -9 does
//
// A message on the pipe: its kind (1 byte), the size of its text (4 bytes, the machine's order), the text.
//
// Thread safety: ChildProcess one thread at a time; Say any number.
#ifndef AETERNUS_STRESS_CHILD_PROCESS_H_
#define AETERNUS_STRESS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aeternus::stress {

struct Message {
  char kind = 0;
  std::string text;
};

// Called by the child. One that is no longer than a pipe's atomic write (4 KiB) comes in one piece, whichever threads
// speak at once; longer ones are for times when there is only one. Ends the process when nobody listens any more.
void Say(char kind, std::string_view text);
// Called by the child: waits until the parent closes the child's standard input or is gone.
void WaitForParent();

class ChildProcess {
 public:
  // Starts `arguments[0]`. Ends the test program when that is impossible.
  explicit ChildProcess(const std::vector<std::string>& arguments);
  // Kills it, unless it has ended.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next message; waits for it. nullopt when the child has ended and all that it said was read.
  std::optional<Message> Next();
  // Sends SIGKILL.
  void Kill();
  // Lets WaitForParent return.
  void CloseInput();
  // Waits for its end: "exit 0", "signal 9".
  std::string Wait();

 private:
  // Whether `size` bytes could be read; false at the end of the pipe.
  bool Read(char* data, size_t size);

  pid_t pid_ = -1;
  int output_ = -1;  // what the child says
  int input_ = -1;
  std::string end_;  // empty until it was waited for
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_CHILD_PROCESS_H_
