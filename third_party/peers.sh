#!/bin/bash
# Builds the stores that //bench:compare runs ours against, from Debian's source packages and in release mode: Debian's
# binary RocksDB has assertions and sync points on its hot path, and beating that would prove nothing. RocksDB takes a
# quarter of an hour on two cores. ./bazelw calls this when it is asked for //bench:compare; no other build needs it.
#
#   third_party/peers.sh                   does nothing, silently, when all of them are there
#   third_party/peers.sh --print rocksdb   prints the directory of one (include/, lib/ and FLAGS), building nothing
#
# They are kept in ~/.cache/aeternus/peers, under names that change with the pin, the way they are built and this
# machine's processor, since they are built for exactly that one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# peer | Debian source package | suite | upstream version | SHA-256 of the .orig tarball
pins=(
  "leveldb|leveldb|bookworm|1.23|9a37f8a6174f09bd622bc723b55881dc541cd50747cbd08831c2a82d620f6d76"
  "lmdb|lmdb|bookworm|0.9.24|8e7200fdc9bb09b0cfad1d4eee8b20d539e43fe05c7ef9406247d64659c4a480"
  "rocksdb|rocksdb|trixie|9.10.0|fdccab16133c9d927a183c2648bcea8d956fb41eb1df2aacaa73eb0b95e43724"
)
packages=(cmake g++ liblz4-dev make)
cache=$HOME/.cache/aeternus/peers
flags="-O3 -DNDEBUG -march=native"

# shellcheck source=third_party/debian_sources.sh
. "$here/debian_sources.sh"

install_missing_packages() {
  local missing
  missing=$(for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || echo "$package"
  done | paste -sd' ')
  [ -n "$missing" ] || return 0
  local install="apt-get install -y --no-install-recommends $missing"
  [ "$(id -u)" = 0 ] || { say "not installed: $missing. Run: sudo sh -c 'apt-get update && $install'"; exit 1; }
  say "installing $missing"
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
  apt-get -qq update >&2
  # shellcheck disable=SC2086  # a list of words
  $install -qq -o Dpkg::Use-Pty=0 >&2
}

# CMake's release build of library `$1` in sources `$2`, installed into `$3`; the rest are options.
cmake_release() {
  local target=$1 source=$2 prefix=$3
  shift 3
  rm -rf "$work/build"
  cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="$flags" \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF "$@" &&
    cmake --build "$work/build" --parallel "$(nproc)" --target "$target" &&
    cmake --install "$work/build"
}

# What no row uses (compression but LZ4, io_uring, the tools) is left out; what makes a store faster is not.
build_rocksdb() {
  cmake_release rocksdb "$1" "$2" -DCMAKE_UNITY_BUILD=ON -DPORTABLE=0 -DFAIL_ON_WARNINGS=OFF -DROCKSDB_BUILD_SHARED=OFF \
    -DWITH_GFLAGS=OFF -DWITH_TESTS=OFF -DWITH_ALL_TESTS=OFF -DWITH_BENCHMARK_TOOLS=OFF -DWITH_CORE_TOOLS=OFF \
    -DWITH_TOOLS=OFF -DWITH_TRACE_TOOLS=OFF -DWITH_LIBURING=OFF -DWITH_LZ4=ON
}

# Debian has no crc32c library for it to find. Its place is taken by //third_party/crc32c, when //bench:compare is linked,
# so that LevelDB has a checksum in hardware as the others do.
build_leveldb() {
  cmake_release leveldb "$1" "$2" -DLEVELDB_BUILD_TESTS=OFF -DLEVELDB_BUILD_BENCHMARKS=OFF -DHAVE_SNAPPY=OFF \
    -DHAVE_CRC32C=ON -DCMAKE_CXX_FLAGS="-I$here/crc32c/include"
}

build_lmdb() {
  local sources=$1/libraries/liblmdb
  # shellcheck disable=SC2086  # a list of words
  mkdir -p "$2/include" "$2/lib" && (cd "$sources" && gcc -pthread -w $flags -c mdb.c midl.c) &&
    ar rcs "$2/lib/liblmdb.a" "$sources/mdb.o" "$sources/midl.o" && cp "$sources/lmdb.h" "$2/include"
}

# Where the build of a pin is kept.
directory_of() {
  local peer=$1 version=$4 sha256=$5 build
  build=$( (echo "$sha256 $flags"; declare -f cmake_release "build_$peer"; g++ -march=native -Q --help=target) |
    sha256sum | cut -c1-12)
  echo "$cache/$peer-$version-$build"
}

# Fetches and builds one pin, and puts it in place when it is complete.
provide() {
  local peer=$1 package=$2 suite=$3 version=$4 sha256=$5 directory=$6 log
  log=$cache/$peer.log
  rm -rf "$work/peer" "$work/prefix"
  fetch "$package" "$suite" "$version" "$sha256" "$work/peer"
  say "building $peer $version; what it says is in $log"
  mkdir "$work/prefix"
  "build_$peer" "$work/peer" "$work/prefix" > "$log" 2>&1 || { tail -n 20 "$log" >&2; say "$peer did not build"; exit 1; }
  echo "$flags" > "$work/prefix/FLAGS"
  mv "$work/prefix" "$directory"
}

print_directory() {
  local pin directory
  for pin in "${pins[@]}"; do
    IFS='|' read -ra pin <<< "$pin"
    [ "${pin[0]}" = "$1" ] || continue
    directory=$(directory_of "${pin[@]}")
    [ -d "$directory" ] || { say "$1 is not built yet; run third_party/peers.sh, which does (RocksDB takes 15 minutes)"; exit 1; }
    echo "$directory"
    return
  done
  say "there is no peer named '$1'"
  exit 1
}

main() {
  if [ "${1:-}" = --print ]; then
    print_directory "$2"
    return
  fi
  local pin directory
  for pin in "${pins[@]}"; do
    IFS='|' read -ra pin <<< "$pin"
    directory=$(directory_of "${pin[@]}")
    [ ! -d "$directory" ] || continue
    install_missing_packages
    [ -n "${work:-}" ] || lock_cache
    [ -d "$directory" ] || provide "${pin[@]}" "$directory"  # another checkout may have just done so
  done
}

main "$@"
