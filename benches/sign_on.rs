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

use std::path::PathBuf;
use std::time::Instant;

use process::Signatures;
use scenario::{Scenario, SigningKey, Written};

/// Sign-ons per measured CPU figure.
const MEASURED: u32 = 6_000;
/// How often what is compared takes its turn.
const TURNS: u32 = 9;
/// Connections that sign on at once.
const AT_ONCE: [usize; 2] = [8, 16];
/// Sign-ons before a measurement.
const WARM_UP: u32 = 500;
/// Sign-ons for the memory figure.
const MEMORY_RUN: u32 = 100_000;

fn main() {
    let given = |word: &str| std::env::args().any(|a| a == word);
    let quick = given("--quick");
    // Another build of `avouch`, to be measured by turns with this one.
    let other = std::env::args().find_map(|a| Some(PathBuf::from(a.strip_prefix("--beside=")?)));
    let (measured, memory_run) = if quick {
        (1_000, 5_000)
    } else {
        (MEASURED, MEMORY_RUN)
    };

    println!("figure                                              value");
    if given("--changes") {
        changes_figures(measured);
        return;
    }
    for key in [SigningKey::Rsa2048, SigningKey::P256] {
        let mut scenario = Scenario::start(key, 0);
        let mut other = other
            .as_ref()
            .map(|binary| Scenario::start_another(binary, key, 3));
        let letter = if key == SigningKey::Rsa2048 { "a" } else { "b" };
        let mut compared = vec![&mut scenario];
        compared.extend(&mut other);
        for (at, costs) in costs_in_turns(&mut compared, key, measured)
            .into_iter()
            .enumerate()
        {
            let whose = if at == 0 { "" } else { " (the other)" };
            row(
                &format!("({letter}) CPU per sign-on / signature, {key:?}{whose}"),
                &costs.alone.to_string(),
            );
            for (connections, cost) in AT_ONCE.iter().zip(&costs.at_once) {
                row(
                    &format!("({letter}) the same, {connections} connections at once{whose}"),
                    &cost.to_string(),
                );
            }
            row("    p99 of those in turns, ms", &costs.p99());
            for (name, calls) in &costs.calls {
                row(&format!("    of the kernel, a sign-on, {name}"), calls);
            }
        }
        drop(other);
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
    changes_figures(measured);
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
    let signatures = Signatures::with(SigningKey::Rsa2048);
    let mut few = Scenario::start(SigningKey::Rsa2048, 2);
    let mut many = Scenario::start_with_aggregate(SigningKey::Rsa2048, &file);
    drop(file);
    few.sign_on_many(WARM_UP);
    many.sign_on_many(WARM_UP);
    // In turns, so that whatever else the machine does falls on both.
    let (mut ratios, mut of_few) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let signature = signatures.cost(SigningKey::Rsa2048.in_a_turn());
        let with_few = cost_of(&mut few, measured / 5);
        let with_many = cost_of(&mut many, measured / 5);
        ratios.push(with_many / signature);
        of_few.push(with_many / with_few);
    }
    row(
        "(f) the ratio of (a) with 10,000 apps registered",
        &format!(
            "{:.3}, {:.3} of (a) measured in turns with it",
            median(&ratios),
            median(&of_few)
        ),
    );
}

/// What it costs when a user changes before each sign-on, in turns with the same number of other
/// writes.
fn changes_figures(measured: u32) {
    let mut scenario = Scenario::start(SigningKey::Rsa2048, 3);
    scenario.sign_on_many(WARM_UP);
    let (mut other_user, mut user) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let mut cost = |written| {
            let before = scenario.cpu_us();
            scenario.sign_on_many_after(written, measured / TURNS);
            (scenario.cpu_us() - before) / f64::from(measured / TURNS)
        };
        // Forth and back, so that a machine that slows down favours neither.
        let order = if turn % 2 == 0 {
            [Written::Unrelated, Written::OtherUser, Written::User]
        } else {
            [Written::User, Written::OtherUser, Written::Unrelated]
        };
        let costs = order.map(|written| (written, cost(written)));
        let of = |written| {
            costs
                .iter()
                .find(|(w, _)| *w == written)
                .map_or(0.0, |c| c.1)
        };
        other_user.push(of(Written::OtherUser) / of(Written::Unrelated));
        user.push(of(Written::User) / of(Written::Unrelated));
    }
    row(
        "(g) another user changed before each, of unchanged",
        &format!("{:.3}", median(&other_user)),
    );
    row(
        "(g) the user who signs on changed, of unchanged",
        &format!("{:.3}", median(&user)),
    );
}

/// What a sign-on costs beside a signature: medians over the turns.
struct Cost {
    ratio: f64,
    /// The least and the most ratio of a turn.
    range: (f64, f64),
    sign_on_us: f64,
    signature_us: f64,
}

impl Cost {
    fn of(sign_ons: &[f64], signatures: &[f64]) -> Self {
        let ratios: Vec<f64> = sign_ons
            .iter()
            .zip(signatures)
            .map(|(sign_on, signature)| sign_on / signature)
            .collect();
        Self {
            ratio: median(&ratios),
            range: (
                ratios.iter().copied().fold(f64::INFINITY, f64::min),
                ratios.iter().copied().fold(0.0, f64::max),
            ),
            sign_on_us: median(sign_ons),
            signature_us: median(signatures),
        }
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.2}, turns {:.2} to {:.2}   ({:.0} us / {:.0} us)",
            self.ratio, self.range.0, self.range.1, self.sign_on_us, self.signature_us
        )
    }
}

/// What the sign-ons of one server cost.
struct Costs {
    alone: Cost,
    /// With each of [`AT_ONCE`] connections.
    at_once: Vec<Cost>,
    /// The median over the turns, with each of [`AT_ONCE`] connections.
    p99_ms: Vec<f64>,
    /// What a sign-on asked of the kernel in the last turn.
    calls: Vec<(String, String)>,
}

impl Costs {
    fn p99(&self) -> String {
        let each = AT_ONCE.iter().zip(&self.p99_ms);
        each.map(|(connections, ms)| format!("{connections} at once: {ms:.1}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Signatures, sign-ons one after the other, and sign-ons at once, in turns: on a shared machine,
/// speed changes within minutes, and a ratio of what was measured apart with it. Several servers are
/// compared by turns too.
fn costs_in_turns(servers: &mut [&mut Scenario], key: SigningKey, measured: u32) -> Vec<Costs> {
    #[derive(Default)]
    struct Seen {
        alone: Vec<f64>,
        at_once: [Vec<f64>; AT_ONCE.len()],
        p99_ms: [Vec<f64>; AT_ONCE.len()],
        calls: Vec<(String, String)>,
    }
    let reference = Signatures::with(key);
    let mut signatures = Vec::new();
    let mut seen: Vec<Seen> = servers.iter().map(|_| Seen::default()).collect();
    for server in &mut *servers {
        server.sign_on_many(WARM_UP);
    }
    for _ in 0..TURNS {
        signatures.push(reference.cost(key.in_a_turn()));
        for (server, seen) in servers.iter_mut().zip(&mut seen) {
            seen.calls.clear();
            let before = server.calls();
            seen.alone.push(cost_of(server, measured / TURNS));
            let calls = server.calls().each(before, (measured / TURNS) as usize);
            seen.calls.push(("alone".to_owned(), calls));
            for (at, connections) in AT_ONCE.into_iter().enumerate() {
                let (before, calls) = (server.cpu_us(), server.calls());
                let load = server.closed_loop(connections, 1);
                let cost = (server.cpu_us() - before) / load.count as f64;
                let calls = server.calls().each(calls, load.count);
                seen.calls.push((format!("{connections} at once"), calls));
                seen.at_once[at].push(cost);
                seen.p99_ms[at].push(load.p99_ms);
            }
        }
    }
    seen.into_iter()
        .map(|seen| Costs {
            alone: Cost::of(&seen.alone, &signatures),
            at_once: seen
                .at_once
                .iter()
                .map(|costs| Cost::of(costs, &signatures))
                .collect(),
            p99_ms: seen.p99_ms.iter().map(|ms| median(ms)).collect(),
            calls: seen.calls,
        })
        .collect()
}

/// The server's CPU time for one of so many sign-ons, one after the other, in microseconds.
fn cost_of(scenario: &mut Scenario, count: u32) -> f64 {
    let before = scenario.cpu_us();
    scenario.sign_on_many(count);
    (scenario.cpu_us() - before) / f64::from(count)
}

fn median(runs: &[f64]) -> f64 {
    let mut runs = runs.to_vec();
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

fn load_figures(scenario: &Scenario, seconds: u64) {
    let mut per_second = 0.0;
    for connections in AT_ONCE {
        let full = scenario.closed_loop(connections, seconds);
        row(
            &format!("(c) at saturation, {connections} connections"),
            &format!(
                "{:.0} sign-ons/s, p50 {:.2} ms, p99 {:.2} ms",
                full.per_second, full.p50_ms, full.p99_ms
            ),
        );
        per_second = full.per_second;
    }
    let half = scenario.open_loop(per_second / 2.0, seconds);
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
