#!/usr/bin/env bash
# Builds the release binary and measures. Quiet neighbours make honest figures: run nothing beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo bench --locked --bench sign_on -- "$@"
