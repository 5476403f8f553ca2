#!/bin/bash
# Compares the dependencies between packages with the checked-in picture.
#
#   edges.sh GRAPH EDGES     fails, saying how to mend it, unless GRAPH has exactly the edges of EDGES
#   edges.sh --print GRAPH   prints the edges of GRAPH, to become EDGES
#
# GRAPH is the output of `bazel query --output=graph`: lines of the form "//a:x" -> "//b:y". An edge is "a b": some target
# of package a depends on one of package b. Outside code and //third_party, its only door, are left out.
set -euo pipefail

# No one of these may reach another, directly or not: the engine alone pairs a log with a memtable or a table.
strangers="wal memtable sstable"

package_edges() {
  awk -F'"' '
    function package(label) {
      sub(/^@*\/\//, "", label)
      sub(/:.*/, "", label)
      return label
    }
    / -> / && $2 ~ /^\/\// && $4 ~ /^\/\// {
      from = package($2)
      to = package($4)
      if (from != to && from != "third_party" && to != "third_party") print from, to
    }' "$1" | sort -u
}

# "a b" for every pair of strangers of which a reaches b.
meetings() {
  awk -v strangers="$strangers" '
    function visit(from, at,    i) {
      if ((from, at) in seen) return
      seen[from, at] = 1
      for (i = 1; i <= count[at]; i++) visit(from, next_of[at, i])
    }
    { next_of[$1, ++count[$1]] = $2 }
    END {
      n = split(strangers, name, " ")
      for (i = 1; i <= n; i++) visit(name[i], name[i])
      for (i = 1; i <= n; i++)
        for (j = 1; j <= n; j++)
          if (i != j && (name[i], name[j]) in seen) print name[i], name[j]
    }'
}

if [ "$1" = --print ]; then
  package_edges "$2"
  exit
fi

actual=$(package_edges "$1")
expected=$(sed '/^#/d' "$2" | sort -u)
failures=0
if ! difference=$(diff <(echo "$expected") <(echo "$actual")); then
  echo "The dependencies between packages are not those of layers/edges.txt (< listed, > real):"
  echo "$difference"
  echo "If the new picture is meant: bazel build //layers:graph && layers/edges.sh --print bazel-bin/layers/graph"
  echo "prints it; put it into layers/edges.txt, and say why in the commit."
  failures=1
fi
if ! cycle=$(tsort <<< "$actual" 2>&1 >/dev/null); then
  echo "The dependencies between packages form a cycle:"
  echo "$cycle"
  failures=1
fi
met=$(meetings <<< "$actual")
if [ -n "$met" ]; then
  echo "These packages must not know one another (left reaches right):"
  echo "$met"
  failures=1
fi
exit "$failures"
