//! What a warm SP-initiated sign-on costs, as a ratio to one signature of the same OpenSSL in
//! the same run. See `benches/README.md` for what each figure means.
//!
//! Run by `make bench`, which builds the release binary first.

#![allow(
    clippy::print_stdout,
    reason = "a benchmark's product is what it prints"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod client;
mod process;
mod scenario;

use std::time::Instant;

use scenario::{Scenario, SigningKey};

/// Sign-ons per measured CPU figure.
const MEASURED: u32 = 6_000;
/// Sign-ons before a measurement.
const WARM_UP: u32 = 500;
/// Sign-ons for the memory figure.
const MEMORY_RUN: u32 = 100_000;

fn main() {
    let given = |word: &str| std::env::args().any(|a| a == word);
    let quick = given("--quick");
    let (measured, memory_run) = if quick {
        (1_000, 5_000)
    } else {
        (MEASURED, MEMORY_RUN)
    };

    println!("figure                                              value");
    for key in [SigningKey::Rsa2048, SigningKey::P256] {
        let signature = process::cpu_per_signature(key);
        let mut scenario = Scenario::start(key, 0);
        scenario.sign_on_many(WARM_UP);
        let ratio = cost_ratio(&mut scenario, measured, signature);
        let letter = if key == SigningKey::Rsa2048 { "a" } else { "b" };
        row(
            &format!("({letter}) CPU per sign-on / signature, {key:?}"),
            &format!(
                "{ratio:.3}   ({:.0} us / {:.0} us)",
                ratio * signature,
                signature
            ),
        );
        let busy = busy_cost_ratio(&scenario, if quick { 2 } else { 10 }, signature);
        row(
            &format!("({letter}) the same with 8 connections at once"),
            &format!(
                "{busy:.3}   ({:.0} us / {signature:.0} us)",
                busy * signature
            ),
        );
        if given("--cost") {
            continue;
        }
        if key == SigningKey::Rsa2048 {
            load_figures(&scenario, if quick { 2 } else { 10 });
            row(
                "(d) resident memory, idle after start",
                &format!("{} MiB", Scenario::start(key, 0).resident_mib()),
            );
            scenario.sign_on_many(memory_run);
            row(
                &format!("(d) resident memory after {memory_run} sign-ons"),
                &format!("{} MiB", scenario.resident_mib()),
            );
            let mut best = u128::MAX;
            let mut worst = 0;
            for _ in 0..5 {
                let took = scenario.restart_until_login_page().as_millis();
                best = best.min(took);
                worst = worst.max(took);
            }
            row(
                "(e) start to first login page served",
                &format!("{best} to {worst} ms over five starts"),
            );
        }
    }

    if given("--cost") {
        return;
    }
    let (file, count) = scenario::aggregate_of_10_000();
    let from = Instant::now();
    let before = process::own_resident_mib();
    let read = scenario::read_aggregate(&file);
    row(
        &format!(
            "(f) read an aggregate of {count} SPs, {} MiB",
            file.len() >> 20
        ),
        &format!(
            "{:.2} s, {read} usable, {} MiB beyond the file",
            from.elapsed().as_secs_f64(),
            process::own_peak_resident_mib().saturating_sub(before)
        ),
    );
    let signature = process::cpu_per_signature(SigningKey::Rsa2048);
    let mut few = Scenario::start(SigningKey::Rsa2048, 2);
    let mut many = Scenario::start_with_aggregate(SigningKey::Rsa2048, &file);
    drop(file);
    few.sign_on_many(WARM_UP);
    many.sign_on_many(WARM_UP);
    // In turns, so that whatever else the machine does falls on both.
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        with_few.push(cost_of(&mut few, measured / 5));
        with_many.push(cost_of(&mut many, measured / 5));
    }
    let (with_few, with_many) = (median(with_few), median(with_many));
    row(
        "(f) the ratio of (a) with 10,000 apps registered",
        &format!(
            "{:.3}, {:.3} of (a) measured in turns with it",
            with_many / signature,
            with_many / with_few
        ),
    );
}

/// The median of five runs, each against a signature measured before the loop.
fn cost_ratio(scenario: &mut Scenario, measured: u32, signature_us: f64) -> f64 {
    median((0..5).map(|_| cost_of(scenario, measured / 5)).collect()) / signature_us
}

/// The server's CPU time for one of so many sign-ons, one after the other, in microseconds.
fn cost_of(scenario: &mut Scenario, count: u32) -> f64 {
    let before = scenario.cpu_us();
    scenario.sign_on_many(count);
    (scenario.cpu_us() - before) / f64::from(count)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// As [`cost_ratio`], while several browsers sign on at once.
fn busy_cost_ratio(scenario: &Scenario, seconds: u64, signature_us: f64) -> f64 {
    let before = scenario.cpu_us();
    let load = scenario.closed_loop(8, seconds);
    (scenario.cpu_us() - before) / load.count as f64 / signature_us
}

fn load_figures(scenario: &Scenario, seconds: u64) {
    let full = scenario.closed_loop(8, seconds);
    row(
        "(c) at saturation, 8 connections",
        &format!(
            "{:.0} sign-ons/s, p50 {:.2} ms, p99 {:.2} ms",
            full.per_second, full.p50_ms, full.p99_ms
        ),
    );
    let half = scenario.open_loop(full.per_second / 2.0, seconds);
    row(
        "(c) at half that load",
        &format!(
            "{:.0} sign-ons/s, p50 {:.2} ms, p99 {:.2} ms",
            half.per_second, half.p50_ms, half.p99_ms
        ),
    );
}

fn row(figure: &str, value: &str) {
    println!("{figure:52}{value}");
}
