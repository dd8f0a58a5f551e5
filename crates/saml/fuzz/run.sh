#!/usr/bin/env bash
# run.sh [TARGET...]: fuzzes each parser, or these, for FUZZ_SECONDS (60), two at a time, from its
# corpus in tests/vectors/fuzz. What it finds lies in target/fuzz/found; put it into that corpus,
# where a plain test replays it. The files `found-*` there are what earlier runs reached beyond the
# seeds, chosen from a minimised corpus (`-merge=1`) for the most new edges in the fewest octets.
# Coverage-guided on the stable toolchain: the flags below are what cargo-fuzz would pass, less
# the address sanitizer, which needs nightly; the unsafe code of the crate is one small file.
# The server's own parsers of what strangers send (forms, forwarding headers, cookies, rows, one entity
# out of a federation) are small and stand on this crate; each is tested by properties beside its code,
# since building the whole server with instrumentation would take longer than all targets run.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${FUZZ_SECONDS:-60}
root=$(cd ../../.. && pwd)
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR="$root/target/fuzz"
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
# --target keeps the instrumentation away from build scripts and macros. Not --locked: when the crate
# changes what it depends on, the lock beside this file follows by itself.
cargo build --release --target "$host" --bins

targets=${*:-$(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | grep -v '^avouch-saml-fuzz$')}
status=0
run_one() {
    local work="$root/target/fuzz/corpus/$1" seeds="$root/tests/vectors/fuzz/$1"
    mkdir -p "$work" "$seeds" "$root/target/fuzz/found"
    local log="$root/target/fuzz/$1.log"
    if "$CARGO_TARGET_DIR/$host/release/$1" "$work" "$seeds" -dict=saml.dict \
        -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$root/target/fuzz/found/$1-" >"$log" 2>&1; then
        echo "fuzz $1: $(sed -n 's/^Done \(.*\)$/\1/p' "$log")"
    else
        echo "fuzz $1: FAILED"
        tail -40 "$log"
        return 1
    fi
}
running=()
for target in $targets; do
    run_one "$target" &
    running+=($!)
    if [ "${#running[@]}" -eq 2 ]; then
        for pid in "${running[@]}"; do wait "$pid" || status=1; done
        running=()
    fi
done
for pid in "${running[@]}"; do wait "$pid" || status=1; done
exit "$status"
