#!/usr/bin/env bash
# run.sh [TARGET...]: fuzzes each parser, or these, from its corpus in tests/vectors/fuzz. All of them
# together take FUZZ_MINUTES (4), however many there are: one a core at a time, each as long as the
# others. What it finds lies in target/fuzz/found; put it into that corpus, where a plain test replays it.
# The files `found-*` there are what earlier runs reached beyond the seeds, chosen from a minimised corpus
# (`-merge=1`) for the most new edges in the fewest octets. `run.sh --build` only compiles.
# Coverage-guided on the stable toolchain: the flags below are what cargo-fuzz would pass, less
# the address sanitizer, which needs nightly; the unsafe code of the crate is one small file.
# The server's own parsers of what strangers send (forms, forwarding headers, cookies, rows, one entity
# out of a federation) are small and stand on this crate; each is tested by properties beside its code,
# since building the whole server with instrumentation would take longer than all targets run.
set -euo pipefail
cd "$(dirname "$0")"
minutes=${FUZZ_MINUTES:-4}
root=$(cd ../../.. && pwd)
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR="$root/target/fuzz"
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
# --target keeps the instrumentation away from build scripts and macros. Not --locked: when the crate
# changes what it depends on, the lock beside this file follows by itself.
# The compiler itself: a linter in its place would see nothing here that it does not see elsewhere.
env -u RUSTC_WORKSPACE_WRAPPER cargo build --release --target "$host" --bins
[ "${1:-}" != --build ] || exit 0

read -ra targets <<<"${*:-$(sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.toml | grep -v '^avouch-saml-fuzz$' | xargs)}"
cores=$(nproc)
rounds=$(((${#targets[@]} + cores - 1) / cores))
seconds=$((minutes * 60 / rounds))
[ "$seconds" -gt 0 ] || { echo "fuzz: $minutes minutes are too few for ${#targets[@]} targets" >&2; exit 2; }
echo "fuzz: ${#targets[@]} targets, $cores at a time, $seconds seconds each"

fuzz() {
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
status=0
for ((first = 0; first < ${#targets[@]}; first += cores)); do
    running=()
    for target in "${targets[@]:first:cores}"; do
        fuzz "$target" &
        running+=($!)
    done
    for pid in "${running[@]}"; do wait "$pid" || status=1; done
done
exit "$status"
