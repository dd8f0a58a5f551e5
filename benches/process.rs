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

/// Signatures with the same OpenSSL the server links.
pub(crate) struct Signatures(PKey<Private>);

impl Signatures {
    /// Makes a key.
    pub(crate) fn with(key: SigningKey) -> Self {
        Self(key.generate())
    }

    /// CPU time of one of so many signatures, in microseconds. The kernel counts a running thread up
    /// to its last tick, so let them take a tenth of a second or more.
    pub(crate) fn cost(&self, count: u32) -> f64 {
        let me = std::process::id();
        let before = cpu_us(me);
        for _ in 0..count {
            let mut signer = Signer::new(MessageDigest::sha256(), &self.0).expect("a signer");
            let signature = signer.sign_oneshot_to_vec(b"the octets of a SignedInfo");
            drop(signature.expect("a signature"));
        }
        (cpu_us(me) - before) / f64::from(count)
    }
}
