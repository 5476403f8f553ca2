#!/bin/bash
# Lists every path below ROOT (default: /, without other file systems) as records for `aeternus load`:
#
#   path<TAB>size mode mtime        size in bytes, permissions in octal, seconds since the Unix epoch
#
# Directories that may not be read are passed over. Needs find and perl, which every Debian has.
#
#   list_paths.sh /usr | aeternus load /tmp/db -
set -euo pipefail
root=${1:-/}

[ -e "$root" ] || { echo "list_paths: there is no $root" >&2; exit 2; }
for tool in find perl; do
  command -v "$tool" > /dev/null || { echo "list_paths: $tool is missing; install it (Debian: findutils, perl-base)" >&2; exit 1; }
done

# A name may hold any byte but / and NUL, so records travel NUL-terminated and are escaped on the way. The last tab is
# ours: what stands behind it holds none. find fails for unreadable directories, which is no failure of ours; one that
# finds nothing at all is.
{ find "$root" -xdev -printf '%p\t%s %m %T@\0' 2> /dev/null || true; } |
  LC_ALL=C perl -0 -ne '
    chomp;
    /^(.*)\t([^\t]*?)(?:\.\d+)?$/s or die "list_paths: unexpected output of find\n";
    my ($path, $facts) = ($1, $2);
    $path =~ s/\\/\\\\/g;
    $path =~ s/\t/\\t/g;
    $path =~ s/\n/\\n/g;
    $path =~ s/\r/\\r/g;
    print "$path\t$facts\n";
    END { exit($. > 0 ? 0 : 1) }'
