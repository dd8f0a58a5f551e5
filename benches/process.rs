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

/// What a process asked of the kernel, which other load on the machine changes little.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Calls {
    /// Reads and writes of files.
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    /// Octets written.
    pub(crate) written: u64,
    /// How often a thread had to wait for something.
    pub(crate) waits: u64,
}

impl Calls {
    /// Since `before`, for one of so many.
    pub(crate) fn each(self, before: Self, count: usize) -> String {
        let each = |now: u64, then: u64| (now - then) as f64 / count as f64;
        format!(
            "{:.1} reads, {:.1} writes of {:.1} KiB, {:.1} waits",
            each(self.reads, before.reads),
            each(self.writes, before.writes),
            each(self.written, before.written) / 1024.0,
            each(self.waits, before.waits)
        )
    }
}

/// What a process has asked of the kernel so far.
pub(crate) fn calls(pid: u32) -> Calls {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).expect("the process runs");
    let field = |text: &str, name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
            .unwrap_or(0)
    };
    let waits = fs::read_dir(format!("/proc/{pid}/task"))
        .expect("the process runs")
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
        .map(|status| field(&status, "voluntary_ctxt_switches:"))
        .sum();
    Calls {
        reads: field(&io, "syscr:"),
        writes: field(&io, "syscw:"),
        written: field(&io, "wchar:"),
        waits,
    }
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
