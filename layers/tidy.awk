# The house rules, applied line by line to C++ sources (tidy.sh). Comments and string literals are not looked at, except
# by the rules that are about them.
#
# A source belongs to one of three zones:
#   machine   env/: the one package that talks to the operating system, starts threads, reads clocks and blocks
#   outer     programs and tests: standard I/O, clocks and threads are theirs to use, files of the database are not
#   library   everything else: asks env/ for all of these, so that a run over a simulated env replays from its seed

function zone_of(path) {
  if (path ~ /^env\//) return "machine"
  if (path ~ /^(tools|bench|stress|examples)\// || path ~ /(^|\/)testing\// || path ~ /_(test|benchmark|fuzz)\.cc$/)
    return "outer"
  return "library"
}

function report(rule, line, text) { print path ":" line ": [" rule "] " text }

function check(rule, pattern) { if (code ~ pattern) report(rule, FNR, raw) }

function check_include(rule, pattern) { if (raw ~ "^#include " pattern) report(rule, FNR, raw) }

function strip(text) {
  gsub(/\\./, "", text)             # so that an escaped quote ends no literal
  gsub(/'[^']*'/, "''", text)
  gsub(/"[^"]*"/, "\"\"", text)
  sub(/\/\/.*/, "", text)
  return text
}

# What is known only once the whole of a file has been read.
function finish_file() {
  if (path == "") return
  if (lines > 500) report("long-file", lines, "more than 500 lines: usually two ideas in one room")
  if (path ~ /\.h$/ && !guarded) report("guard", 1, "the header guard is not " guard)
}

function start_file() {
  path = FILENAME
  zone = zone_of(path)
  is_test = path ~ /_test\.cc$/
  guard = "AETERNUS_" toupper(path) "_"
  gsub(/[^A-Z0-9_]/, "_", guard)
  guarded = 0
  in_function = 0
  if (path ~ /\.h$/ && $0 !~ /^\/\//) report("opening-comment", 1, "a header opens by saying what it is")
}

# Functions as clang-format lays them out: they begin in the first column and end with a brace there. Short of a parser,
# this misses functions defined inside a class.
function measure_function() {
  if (raw ~ /^[A-Za-z~]/ && !in_function) {
    function_line = FNR
    function_text = raw
  }
  if (!in_function && code ~ /\{ *$/ && function_text !~ /^(namespace|class|struct|enum|union|extern|using)/ && code !~ /= *\{ *$/)
    in_function = 1
  if (raw ~ /^\}/ && in_function) {
    in_function = 0
    if (FNR - function_line >= 60 && !is_test && function_text !~ /^template.*(class|struct)|^TEST/)
      report("long-function", function_line, FNR - function_line + 1 " lines: " function_text)
  }
}

BEGIN {
  public = "(db|engine|iterator|options|pinned_value|snapshot|stats|write_batch)"
  not_name = "(^|[^A-Za-z0-9_>:])"
  changes_files = "(open|openat|creat|write|writev|pwrite|pwritev|fsync|fdatasync|sync_file_range|mmap|munmap|msync" \
    "|truncate|ftruncate|fallocate|posix_fallocate|rename|renameat|link|symlink|unlink|unlinkat|mkdir|rmdir|flock)"
  asks_machine = "(close|read|readv|pread|preadv|lseek|stat|fstat|lstat|opendir|readdir|fcntl|ioctl|madvise|getpid|fork" \
    "|execv|execve|kill|clock_gettime|gettimeofday|time|getenv|sysconf|getrlimit|signal|sigaction)"
}

FNR == 1 {
  finish_file()
  start_file()
}

{
  raw = $0
  code = strip(raw)
  lines = FNR
  measure_function()
}

/^#ifndef / && $2 == guard { guarded = 1 }

raw ~ /(^|[^A-Za-z_])(TODO|FIXME|XXX|HACK)([^A-Za-z_]|$)/ { report("unfinished", FNR, raw) }

{
  check("disabled-test", "DISABLED_|GTEST_SKIP|if \\(!.*AreCompiledIn\\) *return")
  check("using-namespace", "using namespace ")
  if (path !~ /^(tools|bench)\// && zone != "machine")
    check("sleep", "(^|[^A-Za-z_])(sleep_for|sleep_until|SleepFor|usleep|nanosleep|sleep) *\\(")
}

# Public headers are found as aeternus/x.h, and lead to nothing that a consumer cannot include.
raw ~ "^#include \"engine/" public "\\.h\"" { report("public-include", FNR, raw " (aeternus/ is its name)") }
/^#include "aeternus\// && raw !~ "\"aeternus/" public "\\.h\"" { report("public-include", FNR, raw) }
path ~ "^engine/" public "\\.h$" && /^#include "/ && !/^#include "(absl|aeternus)\// { report("public-include", FNR, raw) }

zone != "machine" { check("os-call", not_name "::" changes_files " *\\(") }

zone == "library" {
  check("os-call", not_name "::" asks_machine " *\\(|(^|[^A-Za-z_])(fopen|getenv|std::fopen|std::getenv|pthread_[a-z]+) *\\(")
  check_include("os-call", "<(unistd|fcntl|dirent|pthread|sched|signal|time|sys/[a-z]+|linux/[a-z]+)\\.h>")
  check_include("os-call", "<(fstream|filesystem|csignal)>")

  check_include("blocks", "<(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token)>")
  check_include("blocks", "\"absl/(synchronization/|base/call_once)")
  check("blocks", "std::(thread|jthread|async|this_thread|mutex|shared_mutex|condition_variable|future|promise)[^A-Za-z0-9_]")
  check("blocks", "absl::(Mutex|MutexLock|CondVar|Notification|BlockingCounter|Barrier|call_once)[^A-Za-z0-9_]")
  check("blocks", "\\.notify_(one|all)\\(")

  check_include("clock", "(<chrono>|<ctime>|\"absl/time/clock)")
  check("clock", "(system|steady|high_resolution)_clock|absl::(Now|GetCurrentTimeNanos)\\(")

  check_include("random", "(<random>|\"absl/random/)")
  check("random", "random_device|std::rand *\\(|absl::BitGen")

  check_include("prints", "(<iostream>|\"absl/log/log\\.h)")
  check("prints", "std::(cout|cerr|clog|puts)|(^|[^a-z])(f|v|vf)?printf *\\(|(^|[^A-Z_])LOG *\\(")

  check("exceptions", "(^|[^A-Za-z_])(throw[ ;]|try \\{|catch \\()")
}

END { finish_file() }
