#!/bin/bash
# The checker of the edges must see what it is there to see: planted graphs, and what it has to say about them.
set -uo pipefail
checker=layers/edges.sh
failures=0

# Runs the checker on graph $2 against edge list $3 (both with ';' between lines). $1: the case; $4: "" if it has to
# pass, else words of the complaint.
check() {
  local name=$1 output status
  output=$("$checker" <(tr ';' '\n' <<< "$2") <(tr ';' '\n' <<< "$3") 2>&1)
  status=$?
  if [ -z "$4" ] && [ "$status" = 0 ] && [ -z "$output" ]; then return; fi
  if [ -n "$4" ] && [ "$status" = 1 ] && [[ $output == *"$4"* ]]; then return; fi
  echo "FAIL: $name: exit $status, expected ${4:+a complaint with }'$4'. It said: $output"
  failures=$((failures + 1))
}

graph='"//engine:db" -> "//wal:writer";"//wal:writer" -> "//base:types"'
edges='engine wal;wal base'
check "the same edges pass" "$graph" "$edges" ""
check "comments are no edges" "$graph" "# a picture;$edges" ""
check "edges within a package do not count" "$graph;\"//wal:writer\" -> \"//wal:frame\"" "$edges" ""
check "outside code does not count" "$graph;\"//wal:writer\" -> \"@com_google_absl//absl/status:status\"" "$edges" ""
check "third_party does not count" "$graph;\"//wal:writer\" -> \"//third_party:absl_status\"" "$edges" ""
check "a new edge is seen" "$graph;\"//base:types\" -> \"//env:env\"" "$edges" "> base env"
check "a lost edge is seen" '"//engine:db" -> "//wal:writer"' "$edges" "< wal base"
check "a subpackage is a package of its own" "$graph;\"//wal:x\" -> \"//env/testing:sim\"" "$edges" "> wal env/testing"
check "a listed cycle is still a cycle" "$graph;\"//base:types\" -> \"//engine:db\"" "$edges;base engine" "cycle"
check "wal must not know memtable" "$graph;\"//wal:x\" -> \"//memtable:y\"" "$edges;wal memtable" "must not know"
check "sstable must not reach wal through others" \
  "$graph;\"//sstable:x\" -> \"//manifest:y\";\"//manifest:y\" -> \"//wal:z\"" \
  "$edges;sstable manifest;manifest wal" "sstable wal"

[ "$failures" = 0 ] && echo "all planted graphs judged rightly"
exit $((failures > 0))
