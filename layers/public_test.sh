#!/bin/bash
# Only the database itself and the simulated machine, for crash tests of users' own, are public; every other target says
# which packages may use it. $1 lists the public targets among all libraries.
set -euo pipefail
if uninvited=$(grep -v -e '^//engine:' -e '^//env/testing:' "$1"); then
  echo "These targets are public; name their consumers instead:"
  echo "$uninvited"
  exit 1
fi
[ -s "$1" ] || { echo "nothing is public, not even //engine"; exit 1; }
echo "only //engine and //env/testing are public"
