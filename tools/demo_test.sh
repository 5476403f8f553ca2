#!/bin/bash
# Runs the demonstration on a small tree and looks at what it said.
set -euo pipefail
demo=$PWD/tools/demo
dir=$TEST_TMPDIR/demo
tree="$TEST_TMPDIR/tree (odd.name) [é]"
mkdir -p "$tree/conf" "$tree/odd"$'\t'"name" "$tree/zoo"
for i in 1 2 3 4 5 6 7; do
  echo "$i" > "$tree/conf/app$i.conf"
  echo "$i" > "$tree/odd"$'\t'"name/file$i"
  echo "$i" > "$tree/zoo/animal$i"
done

"$demo" "$dir" "$tree" > "$TEST_TMPDIR/said" 2>&1 || { cat "$TEST_TMPDIR/said"; exit 1; }
cat "$TEST_TMPDIR/said"

expect() { grep -qE -- "$1" "$TEST_TMPDIR/said" || { echo "demo_test: not said: $1"; exit 1; }; }
expect '^25 paths, '
expect '^loaded 25 records, '
expect '^\$ aeternus get '
expect '^scanned [0-9]+ of range \[.*\), matched [1-5]$'
expect '/conf/app1\.conf	2 [0-7]+ [0-9]+$'
expect 'matched 0$'
expect '^after:  1 table, '
expect '^ok: every byte checked; 1 table, '
expect '^state: healthy'

if "$demo" "$dir" "$tree" > "$TEST_TMPDIR/again" 2>&1; then
  echo "demo_test: a second run into the same directory must be refused"
  exit 1
fi
grep -q 'is there already' "$TEST_TMPDIR/again"
