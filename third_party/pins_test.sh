#!/bin/bash
# The pins stand in three places, because no file format is read by all three readers: repositories.bzl (WORKSPACE),
# MODULE.bazel (Bazel 7) and offline.sh (Debian's mirror). This holds them together.
set -uo pipefail
bzl=third_party/repositories.bzl
offline=third_party/offline.sh
module=MODULE.bazel

# What MODULE.bazel pins on purpose to another version; why is said there.
other_version_in_module="com_google_googletest com_github_google_benchmark"

failures=0
fail() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}

# One line per http_archive of a .bzl or .bazel file: name, sha256, strip_prefix.
archives() {
  awk -F'"' '
    /^ *\)/ && name != "" { print name, sha256, prefix; name = "" }
    /http_archive[,(]/ { inside = 1 }
    inside && $1 ~ /^ *name = $/ { name = $2; inside = 0 }
    $1 ~ /^ *sha256 = $/ { sha256 = $2 }
    $1 ~ /^ *strip_prefix = $/ { prefix = $2 }' "$1"
}

# One line per bazel_dep of MODULE.bazel: the name BUILD files use, and the version.
modules() {
  awk -F'"' '/^bazel_dep\(/ {
    name = $2
    for (i = 1; i < NF; i++) {
      if ($i ~ /version = $/) version = $(i + 1)
      if ($i ~ /repo_name = $/) name = $(i + 1)
    }
    print name, version
  }' "$module"
}

check_pin() {
  local repository=$1 version=$2 sha256=$3 repacked=$4 name bzl_sha256 prefix module_version
  read -r name bzl_sha256 prefix < <(archives "$bzl" | grep "^$repository ")
  [ "${name:-}" = "$repository" ] || { fail "$repository: in offline.sh but not in repositories.bzl"; return; }
  [[ $prefix == *-"$version" ]] || fail "$repository: $version in offline.sh, $prefix in repositories.bzl"
  case $repacked in
    same) [ "$sha256" = "$bzl_sha256" ] || fail "$repository: checksums differ, though marked as the same tarball" ;;
    repacked) [ "$sha256" != "$bzl_sha256" ] || fail "$repository: checksums agree, though marked as repacked" ;;
    *) fail "$repository: marked '$repacked' in offline.sh; same or repacked is expected" ;;
  esac

  read -r name module_version < <(modules | grep "^$repository ")
  if [ "${name:-}" = "$repository" ]; then
    case " $other_version_in_module " in
      *" $repository "*) ;;
      *) [ "$module_version" = "$version" ] || fail "$repository: $version in offline.sh, $module_version in MODULE.bazel" ;;
    esac
  elif [ "$(archives "$module" | grep "^$repository ")" != "$repository $bzl_sha256 $prefix" ]; then
    fail "$repository: not in MODULE.bazel as it is in repositories.bzl"
  fi
}

# "repository|package|suite|version|sha256|repacked", as offline.sh lists them.
pins=$(sed -n '/^pins=(/,/^)/s/^ *"\(.*\)"$/\1/p' "$offline")
[ "$(wc -l <<< "$pins")" -ge 5 ] || fail "found no pins in offline.sh"
while IFS='|' read -r repository _ _ version sha256 repacked; do
  check_pin "$repository" "$version" "$sha256" "$repacked"
done <<< "$pins"

# The rest of repositories.bzl are rule sets, which Debian's machines have as packages and offline.sh mends.
while read -r repository sha256 _; do
  [[ $sha256 =~ ^[0-9a-f]{64}$ && ! $sha256 =~ ^0+$ ]] || fail "$repository: '$sha256' is no checksum"
  grep -q "^$repository|" <<< "$pins" || grep -q "\$rules/$repository\"" "$offline" ||
    fail "$repository: in repositories.bzl but not in offline.sh"
done < <(archives "$bzl")

[ "$failures" = 0 ] && echo "the pins agree"
exit $((failures > 0))
