#!/usr/bin/env bash
# Runs the service providers against the avouch binary named by AVOUCH_BIN.
# Arguments go to pytest: `tests/interop/run.sh -k shibboleth`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export AVOUCH_BIN=${AVOUCH_BIN:-$root/target/debug/avouch}
[ -x "$AVOUCH_BIN" ] || { echo "no avouch binary at $AVOUCH_BIN: run 'make build'" >&2; exit 1; }
[ -x "$root/.cache/interop-venv/bin/python" ] || { echo "run 'make setup' first" >&2; exit 1; }
cd "$here"
exec "$root/.cache/interop-venv/bin/python" -B -m pytest "$@"
