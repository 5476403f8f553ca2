// A fuzz_test in ordinary builds: replays seeds and corpus, and every seed with a hostile length in each of its places.
//
//   x_fuzz CORPUS                  runs the tests; CORPUS is a folder below the workspace
//   x_fuzz CORPUS --write_seeds    replaces the seeds in the source tree; for `bazel run`
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/testing/fuzz.h"
#include "gtest/gtest.h"

namespace aeternus::fuzzing {
namespace {

namespace fs = std::filesystem;

// Files of the corpus whose names begin so are Seeds(); the others were found by fuzzing and are kept.
constexpr std::string_view kSeedPrefix = "seed-";

std::string corpus_path;  // from the command line

std::string ReadWholeFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// File names with their bytes.
std::map<std::string, std::string> SeedFiles() {
  std::map<std::string, std::string> files;
  for (const Seed& seed : Seeds()) files[std::string(kSeedPrefix) + seed.name] = seed.bytes;
  return files;
}

std::map<std::string, std::string> CorpusFiles() {
  std::map<std::string, std::string> files;
  if (!fs::is_directory(corpus_path)) return files;
  for (const fs::directory_entry& entry : fs::directory_iterator(corpus_path)) {
    files[entry.path().filename()] = ReadWholeFile(entry.path());
  }
  return files;
}

TEST(FuzzReplayTest, EverySeedDecodes) {
  const std::vector<Seed> seeds = Seeds();
  EXPECT_EQ(SeedFiles().size(), seeds.size()) << "two seeds have one name";
  for (const Seed& seed : seeds) EXPECT_TRUE(DecodeWithinLimits(seed.bytes)) << seed.name;
  std::printf("seeds: %zu\n", seeds.size());
}

TEST(FuzzReplayTest, TheCorpusHoldsTheSeeds) {
  std::map<std::string, std::string> checked_in = CorpusFiles();
  std::erase_if(checked_in, [](const auto& file) { return !file.first.starts_with(kSeedPrefix); });
  EXPECT_TRUE(checked_in == SeedFiles()) << "the format or the seeds have changed; run this target with --write_seeds "
                                            "(docs/testing.md) and commit "
                                         << corpus_path;
}

TEST(FuzzReplayTest, TheCorpusIsDecodedOrRefused) {
  size_t decoded = 0;
  const std::map<std::string, std::string> files = CorpusFiles();
  for (const auto& [name, bytes] : files) decoded += DecodeWithinLimits(bytes);
  EXPECT_GE(decoded, Seeds().size());
  std::printf("corpus: %zu, decoded: %zu\n", files.size(), decoded);
}

// Numbers that a length, a count or an offset would rather not be, for an input of `size` bytes.
std::vector<uint64_t> HostileNumbers(size_t size) {
  return {uint64_t{1} << 63, UINT64_MAX, UINT32_MAX, uint64_t{1} << 31, uint64_t{1} << 30, uint64_t{1} << 16,
          size + 1,          size,       0};
}

// `input` with `number` in the place of what stands at `at`: as 4 bytes, as 8 bytes, and as a varint in the place of
// one byte, which is what a length in a small input takes.
std::vector<std::string> WithNumberAt(const std::string& input, size_t at, uint64_t number) {
  std::string fixed;
  PutU64(&fixed, number);
  std::string varint;
  PutVarint64(&varint, number);
  std::vector<std::string> inputs = {std::string(input).replace(at, 1, varint)};
  for (const size_t width : {sizeof(uint32_t), sizeof(uint64_t)}) {
    if (at + width <= input.size()) inputs.push_back(std::string(input).replace(at, width, fixed, 0, width));
  }
  return inputs;
}

TEST(FuzzReplayTest, HostileLengthsCostNoMemory) {
  size_t inputs = 0;
  for (const Seed& seed : Seeds()) {
    for (size_t at = 0; at < seed.bytes.size(); ++at) {
      for (const uint64_t number : HostileNumbers(seed.bytes.size())) {
        for (const std::string& hostile : WithNumberAt(seed.bytes, at, number)) {
          DecodeWithinLimits(hostile);
          ++inputs;
        }
      }
    }
  }
  EXPECT_GT(inputs, 0u);
  std::printf("hostile lengths: %zu\nlargest allocation, bytes: %zu\n", inputs, LargestAllocationBytes());
}

int WriteSeeds() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr) {
    std::fprintf(stderr, "--write_seeds works under `bazel run`\n");
    return 1;
  }
  const fs::path folder = fs::path(workspace) / corpus_path;
  fs::create_directories(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(kSeedPrefix)) fs::remove(entry.path());
  }
  const std::map<std::string, std::string> files = SeedFiles();
  for (const auto& [name, bytes] : files) std::ofstream(folder / name, std::ios::binary) << bytes;
  std::printf("wrote %zu seeds to %s\n", files.size(), folder.c_str());
  return 0;
}

}  // namespace

int Main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  bool write_seeds = false;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--write_seeds") {
      write_seeds = true;
    } else {
      corpus_path = argv[i];
    }
  }
  return write_seeds ? WriteSeeds() : RUN_ALL_TESTS();
}

}  // namespace aeternus::fuzzing

int main(int argc, char** argv) { return aeternus::fuzzing::Main(argc, argv); }
