#!/bin/sh
# A PostgreSQL of one's own: no port, a socket in a folder that is removed at the end. It ends when
# standard input does, so that nothing is left behind however the caller ends.
# Usage: postgres.sh BIN-FOLDER; prints the socket's folder, then obeys `stop` and `start`.
set -eu
bin=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/avouch-postgres.XXXXXX")
pid=
stop() {
    [ -z "$pid" ] || { kill -INT "$pid"; wait "$pid" || true; }
    pid=
}
trap 'stop; rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -U avouch -A trust -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1 ||
    { cat "$dir/log" >&2; exit 1; }
start() {
    "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off \
        -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 \
        >>"$dir/log" 2>&1 </dev/null &
    pid=$!
    tries=0
    until "$bin/pg_isready" -q -h "$dir" -U avouch; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$pid"; then
            cat "$dir/log" >&2
            exit 1
        fi
        sleep 0.1
    done
}
start
echo "$dir"
while read -r wish; do
    "$wish"
    echo "$wish"
done
