#!/usr/bin/env bash
# Drives headless Chromium against the avouch binary named by AVOUCH_BIN.
# Arguments go to node's test runner: `tests/browser/run.sh --test-name-pattern keyboard`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export AVOUCH_BIN=${AVOUCH_BIN:-$root/target/debug/avouch}
[ -x "$AVOUCH_BIN" ] || { echo "no avouch binary at $AVOUCH_BIN: run 'make build'" >&2; exit 1; }
[ -d "$here/node_modules/playwright-core" ] || { echo "run 'make setup' first" >&2; exit 1; }
cd "$here"
# One file at a time: each brings a server and a browser, and two cores are enough for one.
exec timeout 1200 node --test --test-concurrency=1 --test-reporter=spec "$@" *.test.js
