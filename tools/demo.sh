#!/bin/bash
# The demonstration: stores the path of every file on this machine in a database, and asks questions about them.
#
#   demo [DIR [ROOT]]     DIR: where to put the database (default: a new directory below $TMPDIR)
#                         ROOT: which part of the machine to list (default: /)
#
# Shows each command before it runs it. DIR is kept, so that you can go on asking.
set -euo pipefail
tools=$(cd "$(dirname "$0")" && pwd)
cd "${BUILD_WORKING_DIRECTORY:-.}"

dir=${1:-$(mktemp -d "${TMPDIR:-/tmp}/aeternus-demo.XXXXXX")}
root=$(realpath "${2:-/}")
mkdir -p "$dir"
cd "$dir"
unset BUILD_WORKING_DIRECTORY  # from here on, paths are relative to DIR
[ ! -e db ] || { echo "demo: $PWD/db is there already; name another directory, or remove it" >&2; exit 2; }
echo "working in $PWD"

say() { printf '\n== %s\n' "$*"; }

# Runs the tool, showing the command as one would type it.
aeternus() {
  local word shown=
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./=:,@%+-]+$ ]] || word=${word@Q}
    shown+=" $word"
  done
  echo "\$ aeternus$shown"
  "$tools/aeternus" "$@"
}

say "List every path below $root"
echo "\$ list_paths $root > paths.tsv"
"$tools/list_paths" "$root" > paths.tsv
count=$(wc -l < paths.tsv)
echo "$count paths, $(du -h paths.tsv | cut -f1)"

say "Load them, with a small write buffer, so that there is a tree to look at"
aeternus load db paths.tsv --write_buffer_mb=4
aeternus stats db

# The middle one of the list exists for sure, and so does what stands above it.
some_path=$(sed -n "$(((count + 1) / 2))p" paths.tsv | cut -f1)
directory=${some_path%/*}/

say "Get one"
aeternus get db "$some_path" --escaped --format=tsv

say "Scan by a regular expression: it begins with ^, so only that range is read"
pattern="^$(printf '%s' "$root" | sed 's/[][\\.*+?(){}|^$]/\\&/g; s,/*$,,')/[a-f].*\\.(so|conf|txt|h)(\\.[0-9]+)*\$"
aeternus scan db --match="$pattern" --limit=5

say "The last three, in reverse"
aeternus scan db --reverse --limit=3

say "Delete a whole directory at once: one range tombstone"
aeternus scan db --prefix="$directory" --escaped --limit=3 --verbose
aeternus delete-range db "$directory" "${directory%/}0" --escaped   # 0 is the character behind /
aeternus scan db --prefix="$directory" --escaped --verbose

say "Compact: everything into one table, and what was deleted is gone"
aeternus compact db

say "Verify every byte"
aeternus verify db

say "The tree as it is now"
aeternus stats db

say "Done. Go on with: $tools/aeternus help"
echo "The database is $PWD/db; remove it all with: rm -r $PWD"
