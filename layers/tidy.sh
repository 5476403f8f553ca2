#!/bin/bash
# Reads the C++ sources under a directory and reports what the house rules forbid and no compiler does; the rules are
# listed in tidy.awk.
#
#   tidy.sh ROOT EXCEPTIONS
#
# Prints "path:line: [rule] text" for each breach and fails if there is one. EXCEPTIONS excuses whole files, one
# "rule path" a line, the reason in the comment above it; one that excuses nothing is itself a breach.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$1
exceptions=$(realpath "$2")

cd "$root"
mapfile -t sources < <(find . \( -name .git -o -name 'bazel-*' \) -prune -o -type f \( -name '*.cc' -o -name '*.h' \) -print |
  sed 's|^\./||' | LC_ALL=C sort)
[ "${#sources[@]}" -gt 0 ] || { echo "no sources under $root"; exit 1; }

LC_ALL=C awk -f "$here/tidy.awk" "${sources[@]}" |
  awk -v exceptions_file="$exceptions" '
    BEGIN {
      while ((getline line < exceptions_file) > 0)
        if (line !~ /^ *(#|$)/) { split(line, word, " "); excused["[" word[1] "] " word[2]] = 1 }
    }
    {
      path = $1
      sub(/:.*/, "", path)
      key = $2 " " path
      if (key in excused) { used[key] = 1; next }
      print
      breaches++
    }
    END {
      for (key in excused)
        if (!(key in used)) { print "tidy_exceptions.txt: excuses nothing: " key; breaches++ }
      exit breaches > 0
    }'
