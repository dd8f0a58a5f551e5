//! CPU time and memory as the kernel counts them.

use std::fs;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;

use crate::scenario::SigningKey;

/// User and system time of a process with all its living threads, in microseconds, to the
/// nanosecond: `/proc/PID/stat` counts in ticks of 10 ms.
pub(crate) fn cpu_us(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let nanoseconds: u64 = tasks
        .map(|task| task.expect("a thread").path().join("schedstat"))
        // A thread may end between being listed and being read.
        .filter_map(|file| fs::read_to_string(file).ok())
        .map(|text| {
            let running = text.split(' ').next().expect("a first field");
            running.parse::<u64>().expect("a number")
        })
        .sum();
    nanoseconds as f64 / 1e3
}

fn status_mib(pid: &str, field: &str) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/status"))
        .expect("the process runs")
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.trim_start_matches(':').split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .expect("a size in kB")
        / 1024
}

/// Resident memory of a process, in MiB.
pub(crate) fn resident_mib(pid: u32) -> u64 {
    status_mib(&pid.to_string(), "VmRSS")
}

/// Resident memory of this process, in MiB.
pub(crate) fn own_resident_mib() -> u64 {
    status_mib("self", "VmRSS")
}

/// The most memory this process ever held, in MiB.
pub(crate) fn own_peak_resident_mib() -> u64 {
    status_mib("self", "VmHWM")
}

/// CPU time of one signature with the same OpenSSL the server links, in microseconds: the median
/// of nine runs.
pub(crate) fn cpu_per_signature(key: SigningKey) -> f64 {
    let key: PKey<Private> = key.generate();
    let sign = || {
        let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
        signer
            .sign_oneshot_to_vec(b"the octets of a SignedInfo")
            .expect("a signature")
    };
    let me = std::process::id();
    let mut count = 64_u32;
    // Long enough for the ticks.
    loop {
        let before = cpu_us(me);
        (0..count).for_each(|_| drop(sign()));
        if cpu_us(me) - before > 300_000.0 {
            break;
        }
        count *= 2;
    }
    let mut runs: Vec<f64> = (0..9)
        .map(|_| {
            let before = cpu_us(me);
            (0..count).for_each(|_| drop(sign()));
            (cpu_us(me) - before) / f64::from(count)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[4]
}
