#!/bin/bash
# count_tests on planted build events and XML files: what counts as a pass, and what must never.
set -uo pipefail
count=$(realpath .ci/count_tests)
cd "$(mktemp -d "${TEST_TMPDIR:-/tmp}/count.XXXXXX")"
failures=0

# event LABEL SHARD ATTEMPT STATUS [XML BODY]: one finished test run.
event() {
  local xml=$PWD/$((++files)).xml
  [ -z "${5:-}" ] || printf '<?xml version="1.0"?>\n<testsuites>%s</testsuites>\n' "$5" > "$xml"
  printf '{"id":{"testResult":{"label":"%s","run":1,"shard":%s,"attempt":%s}},"testResult":{"testActionOutput":[{"name":"test.log","uri":"file:///x"},{"name":"test.xml","uri":"file://%s"}],"status":"%s"}}\n' \
    "$1" "$2" "$3" "$xml" "$4"
}
files=0
pass='<testcase name="a" status="run" result="completed" time="0" />'
fail='<testcase name="b" status="run"><failure message="x"></failure></testcase>'

# expect NAME "N passed, M failed" STATUS: of the events on stdin.
expect() {
  local said status
  said=$("$count" /dev/stdin 2>stderr)
  status=$?
  [ "$said" = "$2" ] && [ "$status" = "$3" ] && return
  echo "FAIL: $1: said '$said' with exit $status, expected '$2' with exit $3; stderr: $(cat stderr)"
  failures=$((failures + 1))
}

event //x:t 1 1 PASSED "$pass$pass$pass" > events
expect "cases of one file" "3 passed, 0 failed" 0 < events
{ event //x:t 1 1 PASSED "$pass"; event //x:t 2 1 PASSED "$pass$pass"; } > events
expect "cases of all shards" "3 passed, 0 failed" 0 < events
event //x:t 1 1 FAILED "$pass$fail" > events
expect "a failed case" "1 passed, 1 failed" 1 < events
event //x:t 1 1 FAILED "$pass<testcase name=\"c\"><error message=\"exit 1\"></error></testcase>" > events
expect "an error is a failed case" "1 passed, 1 failed" 1 < events
{ event //x:t 1 1 PASSED ""; event //x:t 2 1 PASSED "$pass"; } > events
expect "an empty shard beside a full one" "1 passed, 0 failed" 0 < events
{ event //x:t 1 1 PASSED ""; event //x:u 1 1 PASSED "$pass"; } > events
expect "a target without any case is a failure" "1 passed, 1 failed" 1 < events
{ event //x:t 1 1 TIMEOUT "$pass"; event //x:u 1 1 PASSED "$pass"; } > events
expect "a run that timed out is a failure, whatever its XML says" "2 passed, 1 failed" 1 < events
{ event //x:t 1 1 FAILED "$fail"; event //x:t 1 2 PASSED "$pass"; } > events
expect "the last attempt counts" "1 passed, 0 failed" 0 < events
event //x:t 1 1 PASSED "$pass<testcase name=\"d\" status=\"notrun\" result=\"suppressed\" />" > events
expect "a case that was not run is no pass" "1 passed, 0 failed" 0 < events
event //x:t 1 1 PASSED "$pass<system-out><![CDATA[$fail$pass]]></system-out>" > events
expect "what a test printed is not counted" "1 passed, 0 failed" 0 < events
{ event //x:t 1 1 PASSED "$pass"; echo '{"id":{"targetCompleted":{"label":"//x:u"}},"completed":{"failureDetail":{}}}'; } > events
expect "a target that did not build is a failure" "1 passed, 1 failed" 1 < events
{ event //x:t 1 1 PASSED "$pass"; echo '{"id":{"targetCompleted":{"label":"//x:u"}},"completed":{"success":true}}'; } > events
expect "a target that built is none" "1 passed, 0 failed" 0 < events
echo '{"id":{"buildFinished":{}}}' > events
expect "no test at all is no success" "0 passed, 0 failed" 1 < events

[ "$failures" = 0 ] && echo "all planted events counted rightly"
exit $((failures > 0))
