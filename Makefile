# Every target sets up what it needs by itself; none asks for a step by hand.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

ifdef CI
# Incremental artifacts and debug info only cost time in a run that starts from nothing.
export CARGO_INCREMENTAL := 0
export CARGO_PROFILE_DEV_DEBUG := 0
export CARGO_PROFILE_TEST_DEBUG := 0
# Clippy's driver is the compiler with more lints. Where it compiles our crates, what is linted is
# what is then tested, and nothing is gone through twice.
export RUSTC_WORKSPACE_WRAPPER := clippy-driver
export RUSTFLAGS := -D warnings
endif
export AVOUCH_BIN ?= $(CURDIR)/target/debug/avouch

# Runs targets two at a time, shows the output of each in one piece when it ends, and fails when
# one of them did, after the others have ended.
SIDE_BY_SIDE = +@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs=2
HEADING = @printf '\n==== %s ====\n' '$@'

.PHONY: help setup setup-build build binaries demo test lint compile unit unit-sqlite unit-postgres \
	interop browser fuzz fuzz-build checklist dependencies bench

help: ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup-build: ## Install what building needs (Debian packages)
	@tests/support/install.sh --build

setup: setup-build ## Install what building and testing need
	@tests/support/install.sh

build: setup-build ## Build the avouch binary
	cargo build --locked --bin avouch

demo: ## Install, build, start Avouch with a sample app, print where to click
	@tests/support/install.sh --build
	cargo build --locked --release --bin avouch --example sp
	@examples/demo.sh

lint: setup-build ## Formatting and clippy
	$(HEADING)
	cargo fmt --check
ifdef CI
	cargo test --locked --all-targets --no-run
else
	cargo clippy --locked --all-targets -- -D warnings
endif

compile: setup-build
	cargo test --locked --no-run

# With the example, cargo chooses the features that the tests have, and compiles nothing anew.
# The later version's binary is tests/server/two_versions.rs's, which makes it where it is not there.
binaries: setup-build
	cargo build --locked --bin avouch-later --example sp --features later-stored-form
	cargo build --locked --bin avouch --example sp

unit: unit-sqlite unit-postgres ## Tests of both crates, on SQLite and PostgreSQL

unit-sqlite: setup
	$(HEADING)
	cargo test --locked

unit-postgres: setup
	$(HEADING)
	AVOUCH_TEST_DATABASE=postgres cargo test --locked --test server

interop: setup binaries ## Real service providers
	$(HEADING)
	tests/interop/run.sh

browser: setup binaries ## Headless Chromium
	$(HEADING)
	tests/browser/run.sh

fuzz-build: setup-build
	$(HEADING)
	crates/saml/fuzz/run.sh --build

fuzz: setup-build ## Every parser; MINUTES=n (4) for all of them together
	$(HEADING)
	FUZZ_MINUTES=$(or $(MINUTES),4) crates/saml/fuzz/run.sh

checklist: ## Rows of the definition of done with and without a test
	$(HEADING)
	@python3 tests/checklist/checklist.py --strict

dependencies: ## Whether what is built in is what deny.toml allows
	$(HEADING)
	@tests/support/dependencies.py

test: setup-build ## Everything CI checks
	$(SIDE_BY_SIDE) lint setup
	+@$(MAKE) --no-print-directory dependencies checklist compile binaries
	$(SIDE_BY_SIDE) browser unit-sqlite interop unit-postgres fuzz-build
	+@$(MAKE) --no-print-directory fuzz

bench: setup-build ## Cost of a sign-on, start, memory; see benches/README.md
	benches/run.sh $(ARGS)
