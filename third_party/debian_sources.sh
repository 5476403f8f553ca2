# Source packages from Debian's mirror, checked by SHA-256 and unpacked. Sourced by offline.sh (what every build needs)
# and peers.sh (what //bench:compare alone needs); not a program. Needs apt and dpkg-source, and `set -euo pipefail`.
#
#   cache=$HOME/.cache/aeternus/somewhere                         a directory that all checkouts share
#   lock_cache                                                    first, and once
#   fetch abseil trixie 20240722.0 df6d1f... "$cache/abseil"      as often as needed
#
# A locked cache has `work`, an empty directory for the caller's use, which goes when the script ends.
suites=(bookworm trixie)

say() { echo "$(basename "$0"): $*" >&2; }

# Keeps other checkouts out, which fill the same cache, and makes `work`.
lock_cache() {
  mkdir -p "$cache"
  exec 9> "$cache/.lock"
  flock 9
  work=$(mktemp -d "$cache/tmp.XXXXXX")
  trap 'rm -rf "$work"' EXIT
}

# The addresses of the Debian archives that this machine's apt uses, so that none is written down here. apt itself
# parses its source files, of both formats, and says what it understood.
debian_archives() {
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "Debian" { print $3 }' | sort -u
}

# Runs apt-get with its own configuration, lists and cache, which know nothing but sources of Debian.
apt_private() {
  apt-get -qq -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts="$cache/apt/parts" \
    -o Dir::State::Lists="$cache/apt/lists" -o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Retries=3 "$@" >&2
}

# Sets apt_private up and fetches the lists of sources; once a run.
prepare_apt() {
  [ -z "${apt_is_ready:-}" ] || return 0
  local archives archive suite
  archives=$(debian_archives)
  if [ -z "$archives" ] && [ "$(id -u)" = 0 ]; then
    apt-get -qq update >&2
    archives=$(debian_archives)
  fi
  [ -n "$archives" ] || { say "apt knows no Debian archive; run 'apt-get update' first"; exit 1; }
  mkdir -p "$cache/apt/parts" "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
  for archive in $archives; do
    for suite in "${suites[@]}"; do
      echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main"
    done
  done > "$cache/apt/sources.list"
  apt_private update
  apt_is_ready=1
}

# Downloads, checks and unpacks one pin into `directory`.
fetch() {
  local package=$1 suite=$2 version=$3 sha256=$4 directory=$5
  prepare_apt
  say "fetching $package $version"
  rm -rf "$work/download" "$work/source"
  mkdir "$work/download" "$work/source"
  (cd "$work/download" && apt_private source --download-only --tar-only "$package/$suite")
  local tarball actual
  tarball=$(find "$work/download" -name '*.orig.tar.*' ! -name '*.asc')
  actual=$(sha256sum "$tarball" | cut -d' ' -f1)
  [ "$actual" = "$sha256" ] || { say "$(basename "$tarball") has SHA-256 $actual, expected $sha256"; exit 1; }
  tar -xf "$tarball" -C "$work/source" --strip-components=1
  rm -rf "$directory"
  mv "$work/source" "$directory"
}
