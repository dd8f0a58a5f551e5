# Every target sets up what it needs by itself; none asks for a step by hand.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Incremental artifacts and debug info only cost time in a run that starts from nothing.
ifdef CI
export CARGO_INCREMENTAL := 0
export CARGO_PROFILE_DEV_DEBUG := 0
export CARGO_PROFILE_TEST_DEBUG := 0
endif
export AVOUCH_BIN ?= $(CURDIR)/target/debug/avouch

.PHONY: help setup setup-build build demo test lint unit interop browser fuzz checklist bench

help: ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup-build: ## Install what building needs (Debian packages)
	@tests/support/install.sh --build

setup: ## Install what building and testing need
	@tests/support/install.sh

build: setup-build ## Build the avouch binary
	cargo build --locked --bin avouch

demo: ## Install, build, start Avouch with a sample app, print where to click
	@tests/support/install.sh --build
	cargo build --locked --release --bin avouch --example sp
	@examples/demo.sh

lint: setup-build ## Formatting and clippy
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

unit: setup ## Tests of both crates, on SQLite and PostgreSQL
	cargo test --locked
	AVOUCH_TEST_DATABASE=postgres cargo test --locked --test server

interop: setup build ## Real service providers
	tests/interop/run.sh

browser: setup build ## Headless Chromium
	cargo build --locked --example sp
	tests/browser/run.sh

fuzz: setup-build ## Each parser for a minute
	crates/saml/fuzz/run.sh

checklist: ## Rows of the definition of done with and without a test
	@python3 tests/checklist/checklist.py --strict

test: setup lint unit interop browser fuzz checklist ## Everything CI checks

bench: setup-build ## Cost of a sign-on, start, memory; see benches/README.md
	benches/run.sh $(ARGS)
