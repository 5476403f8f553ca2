#!/bin/bash
# Runs the house rules over the real source tree, found through the file that Bazel links to.
set -euo pipefail
layers/tidy.sh "$(dirname "$(realpath WORKSPACE)")" layers/tidy_exceptions.txt
echo "the sources are tidy"
