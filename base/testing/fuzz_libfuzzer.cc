// A fuzz_test under --config=fuzz: the entry points of libFuzzer, and the flags that fit a `bazel test`. What is found
// is printed, and stored in the outputs of the test (bazel-testlogs/.../test.outputs).
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/testing/fuzz.h"

namespace {

std::string FromEnvironment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

// The arguments with ours in front, so that those of the command line win. libFuzzer keeps the pointers.
std::vector<std::string> ArgumentsWithDefaults(int argc, char** argv) {
  const std::string scratch = FromEnvironment("TEST_TMPDIR", std::filesystem::temp_directory_path());
  const std::string found_inputs = scratch + "/corpus";  // the first folder gets what libFuzzer finds worth keeping
  std::filesystem::create_directories(found_inputs);
  std::vector<std::string> arguments = {
      argv[0],
      "-max_total_time=" + FromEnvironment("AETERNUS_FUZZ_SECONDS", "20"),
      "-seed=" + FromEnvironment("AETERNUS_SEED", "0"),  // 0: libFuzzer chooses and prints one
      "-malloc_limit_mb=64",
      "-rss_limit_mb=2048",
      "-timeout=20",
      "-print_final_stats=1",
      "-artifact_prefix=" + FromEnvironment("TEST_UNDECLARED_OUTPUTS_DIR", scratch) + "/",
  };
  const bool is_replay = argc > 1 && std::filesystem::is_regular_file(argv[argc - 1]);
  if (!is_replay) arguments.push_back(found_inputs);
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  return arguments;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::vector<std::string>* const arguments = new std::vector<std::string>(ArgumentsWithDefaults(*argc, *argv));
  static std::vector<char*>* const pointers = new std::vector<char*>;
  for (std::string& argument : *arguments) pointers->push_back(argument.data());
  *argc = static_cast<int>(pointers->size());
  pointers->push_back(nullptr);
  *argv = pointers->data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  aeternus::fuzzing::DecodeWithinLimits({reinterpret_cast<const char*>(data), size});
  return 0;
}
