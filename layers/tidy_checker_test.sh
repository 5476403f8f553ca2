#!/bin/bash
# The tidy checker must find what it is there to find, and nothing else: planted sources, and what it says of them.
set -uo pipefail
tidy=$(realpath layers/tidy.sh)
tree=$(mktemp -d "${TEST_TMPDIR:-/tmp}/tidy.XXXXXX")
failures=0

# Runs the checker on a tree that holds only $1 with the lines of stdin; prints what it says.
say_of() {
  rm -rf "$tree"
  mkdir -p "$tree/$(dirname "$1")"
  cat > "$tree/$1"
  : > "$tree/exceptions"
  "$tidy" "$tree" "$tree/exceptions" 2>&1
}

fail() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}

breach() {  # rule, path, line of code
  local said
  said=$(say_of "$2" <<< "$3") && fail "[$1] in $2: passed: $3"
  [[ $said == *"[$1]"* ]] || fail "[$1] in $2: not found in: $3 -> $said"
}

fine() {  # path, line of code
  local said
  said=$(say_of "$1" <<< "$2") || fail "$1: refused: $2 -> $said"
}

header() {  # path, guard, include
  printf '// What it is.\n#ifndef %s\n#define %s\n%s\n#endif\n' "$2" "$2" "${3:-}" | say_of "$1"
}

# The machine belongs to env.
for code in 'int fd = ::open(p, 0);' 'if (::fsync(fd) != 0) {' 'return ::pread(fd, p, n, 0);' '::rename(a, b);' \
    'void* p = ::mmap(0, n, 1, 1, fd, 0);' '#include <unistd.h>' '#include <fcntl.h>' '#include <sys/stat.h>' \
    '#include <fstream>' '#include <filesystem>' 'FILE* f = fopen("x", "r");' 'const char* v = getenv("X");'; do
  breach os-call wal/writer.cc "$code"
  fine env/posix_file_system.cc "$code"
done
for code in '#include <thread>' '#include <mutex>' '#include <condition_variable>' 'std::mutex mu_;' 'std::thread t(f);' \
    'absl::Mutex mu_;' 'absl::CondVar cv_;' 'absl::Notification done;' '#include "absl/synchronization/mutex.h"' \
    'state_.notify_all();'; do
  breach blocks engine/core.cc "$code"
  fine env/mutex.cc "$code"
done
breach clock compaction/planner.cc '#include <chrono>'
breach clock compaction/planner.cc 'auto t = std::chrono::steady_clock::now();'
breach clock cache/frame_cache.cc 'absl::Time t = absl::Now();'
breach random memtable/entry_tree.cc '#include <random>'
breach random memtable/entry_tree.cc 'std::random_device entropy;'
breach prints engine/core.cc 'std::cerr << "odd";'
breach prints engine/core.cc 'std::fprintf(stderr, "odd");'
breach exceptions sstable/table.cc 'throw std::runtime_error("odd");'

# Programs and tests have threads, clocks and standard I/O, but leave files alone.
fine tools/demo.cc '#include <chrono>'
fine stress/runner.cc 'std::thread t(f);'
fine engine/db_test.cc 'std::thread t(f);'
fine bench/driver.cc 'std::printf("%d", 1);'
breach os-call tools/demo.cc '::unlink(path);'
breach os-call engine/db_test.cc '::fsync(fd);'
breach sleep engine/db_test.cc 'absl::SleepFor(absl::Seconds(1));'
breach sleep stress/runner.cc 'std::this_thread::sleep_for(x);'
breach disabled-test wal/reader_test.cc 'TEST(Reader, DISABLED_Reads) {}'
breach disabled-test wal/reader_test.cc 'GTEST_SKIP();'
breach disabled-test engine/db_test.cc 'if (!env::kSyncPointsAreCompiledIn) return;'

# Words are not deeds.
fine wal/writer.cc '// Unlike ::open(path), std::mutex and throw, this is a comment.'
fine wal/writer.cc 'return Error("::open( failed; see std::mutex");'
fine wal/writer.cc 'absl::Status s = File::open(path);'
fine wal/writer.cc 'std::snprintf(buffer, 9, "x");'
fine wal/writer.cc 'executor->Schedule([] {});'

# The house.
breach unfinished wal/writer.cc '// TODO: later'
breach unfinished wal/writer.cc 'int x;  // FIXME'
breach using-namespace wal/writer.cc 'using namespace std;'
breach opening-comment wal/writer.h '#ifndef AETERNUS_WAL_WRITER_H_'
breach guard wal/writer.h '// What it is.'
header wal/writer.h AETERNUS_WAL_WRITER_H_ > /dev/null || fail "a right guard was refused"
header env/testing/sim_env.h AETERNUS_ENV_TESTING_SIM_ENV_H_ > /dev/null || fail "a right guard was refused"
[[ $(header wal/writer.h WAL_WRITER_H) == *"[guard]"* ]] || fail "a wrong guard passed"
breach public-include tools/demo.cc '#include "engine/db.h"'
breach public-include tools/demo.cc '#include "aeternus/core.h"'
fine tools/demo.cc '#include "aeternus/db.h"'
[[ $(header engine/db.h AETERNUS_ENGINE_DB_H_ '#include "base/types.h"') == *"[public-include]"* ]] ||
  fail "an internal include of a public header passed"

said=$(seq 501 | sed 's/.*/int x;/' | say_of wal/writer.cc)
[[ $said == *"wal/writer.cc:501: [long-file]"* ]] || fail "a file of 501 lines passed: $said"
said=$({ echo 'int Long(int a) {'; seq 59 | sed 's/.*/  a++;/'; echo '}'; } | say_of wal/writer.cc)
[[ $said == *"wal/writer.cc:1: [long-function] 61 lines"* ]] || fail "a function of 61 lines passed: $said"
said=$({ echo 'namespace x {'; echo 'int Short(int a) {'; seq 58 | sed 's/.*/  a++;/'; echo '}'; echo '}'; } | say_of wal/writer.cc) ||
  fail "a function of 60 lines was refused: $said"

# Exceptions excuse one rule for one file, and must be needed.
say_of wal/writer.cc <<< 'std::mutex mu_;' > /dev/null
echo 'blocks wal/writer.cc' > "$tree/exceptions"
"$tidy" "$tree" "$tree/exceptions" > /dev/null || fail "an exception was not heeded"
echo 'clock wal/writer.cc' >> "$tree/exceptions"
said=$("$tidy" "$tree" "$tree/exceptions") && fail "a needless exception passed"
[[ $said == *"excuses nothing: [clock] wal/writer.cc"* ]] || fail "a needless exception was not named: $said"

rm -rf "$tree"
[ "$failures" = 0 ] && echo "all planted sources judged rightly"
exit $((failures > 0))
