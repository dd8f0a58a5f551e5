#!/usr/bin/env bash
# Starts Avouch for developers with the sample app, says where to click, and stops both on Ctrl-C.
# The binaries come from target/release, or from the folder in AVOUCH_TARGET. AVOUCH_PORT and
# SAMPLE_APP_PORT choose ports; without them 8080 and 8081 are taken if they are free.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
binaries=${AVOUCH_TARGET:-target/release}
for binary in "$binaries/avouch" "$binaries/examples/sp"; do
  if [ ! -x "$binary" ]; then
    echo "demo: $binary is missing; run \`make demo\`, which builds it" >&2
    exit 1
  fi
done

# A port nobody listens on: the first of those wanted, or the next above it.
free_port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((port + 2))
  done
  echo "$port"
}

avouch_port=${AVOUCH_PORT:-$(free_port 8080)}
sp_port=${SAMPLE_APP_PORT:-$(free_port 8081)}
# `localhost` and `127.0.0.1` are two sites to a browser, as Avouch and an app are in real life.
avouch=http://localhost:$avouch_port
sp=http://127.0.0.1:$sp_port

# Whether http://127.0.0.1:PORT/PATH answers without an error.
answers() {
  local status
  status=$( (exec 3<>"/dev/tcp/127.0.0.1/$1" &&
    printf 'GET /%s HTTP/1.0\r\nHost: localhost:%s\r\n\r\n' "$2" "$1" >&3 &&
    read -r _ code _ <&3 && echo "$code") 2>/dev/null) || return 1
  [ "$status" -lt 400 ]
}

started=()
stop() {
  trap - EXIT INT TERM
  for process in "${started[@]}"; do
    kill "$process" 2>/dev/null || true
  done
  wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 0' INT TERM

"$binaries/examples/sp" --listen "127.0.0.1:$sp_port" --idp "$avouch/saml/metadata" >/dev/null &
started+=($!)
"$binaries/avouch" dev --listen "127.0.0.1:$avouch_port" --sp "$sp/metadata" >/dev/null &
started+=($!)

# Both are up, and Avouch has read the sample app's metadata, when its launch URL is known.
tries=0
until answers "$sp_port" "" && answers "$avouch_port" launch/sample-app; do
  tries=$((tries + 1))
  for process in "${started[@]}"; do
    kill -0 "$process" 2>/dev/null || { echo "demo: a server ended by itself" >&2; exit 1; }
  done
  [ "$tries" -lt 200 ] || { echo "demo: the servers did not come up" >&2; exit 1; }
  sleep 0.1
done

cat <<WELCOME

  Avouch is running with a sample app.

    Sign in to the sample app     $sp/
    Watch what happens            $avouch/dev
    Administer Avouch             $avouch/admin      (as admin)

  Sample users sign in by one click, or with the password "sample".
  Ctrl-C stops both.

WELCOME
wait -n "${started[@]}" || true
