// Appending frames to a log on the real disk, without syncs: as mapped stores, or by write(2). Beside it, what copying
// and summing up the same bytes costs. Argument: bytes of payload. The logs lie in the current directory.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "absl/log/check.h"
#include "base/crc32c.h"
#include "base/file_identity.h"
#include "base/types.h"
#include "benchmark/benchmark.h"
#include "env/env.h"
#include "env/file_system.h"
#include "wal/frame.h"
#include "wal/writer.h"

namespace aeternus::wal {
namespace {

constexpr uint64_t kLogBytes = uint64_t{64} << 20;
constexpr char kLogPath[] = "writer_benchmark.log";

std::unique_ptr<Writer> NewLog(env::FileSystem* file_system) {
  file_system->DeleteFile(kLogPath).IgnoreError();  // of the log before
  const FileIdentity identity{.kind = FileKind::kLog, .database_id = DatabaseId(1), .number = FileNumber(1)};
  auto writer = Writer::Create(file_system, kLogPath, identity, kLogBytes);
  CHECK_OK(writer.status());
  return *std::move(writer);
}

void Append(benchmark::State& state, env::LogFile::Next next) {
  env::FileSystem* const file_system = env::Env::Posix()->file_system;
  const std::string payload(static_cast<size_t>(state.range(0)), 'p');
  std::unique_ptr<Writer> log = NewLog(file_system);
  uint64_t lsn = 0;
  for (auto _ : state) {
    if (log->size_bytes() + FrameSizeBytes(payload.size()) > kLogBytes) {
      state.PauseTiming();
      log = NewLog(file_system);
      state.ResumeTiming();
    }
    const Frame frame{.first_lsn = Lsn(++lsn), .lsn_count = 1, .payload = payload};
    CHECK_OK(log->Append({&frame, 1}, next));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  log.reset();
  file_system->DeleteFile(kLogPath).IgnoreError();
}
void BM_AppendMapped(benchmark::State& state) { Append(state, env::LogFile::Next::kMore); }
void BM_AppendWritten(benchmark::State& state) { Append(state, env::LogFile::Next::kSync); }
BENCHMARK(BM_AppendMapped)->Arg(32)->Arg(128)->Arg(4'096);
BENCHMARK(BM_AppendWritten)->Arg(32)->Arg(128)->Arg(4'096);

void BM_CopyAndSumUp(benchmark::State& state) {
  const std::string payload(static_cast<size_t>(state.range(0)), 'p');
  std::string log(kLogBytes, '\1');
  size_t at = 0;
  for (auto _ : state) {
    if (at + payload.size() > log.size()) at = 0;
    std::memcpy(log.data() + at, payload.data(), payload.size());
    benchmark::DoNotOptimize(Crc32c({log.data() + at, payload.size()}));
    at += payload.size();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_CopyAndSumUp)->Arg(32)->Arg(128)->Arg(4'096);

}  // namespace
}  // namespace aeternus::wal
