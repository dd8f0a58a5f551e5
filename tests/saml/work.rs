//! What a test costs the processor, whatever else the machine does meanwhile.

use std::time::Duration;

/// Work of this thread, counted from [`Work::begin`].
pub(crate) struct Work(Duration);

impl Work {
    pub(crate) fn begin() -> Self {
        Self(so_far())
    }

    /// Processor time since then, to a few milliseconds.
    pub(crate) fn spent(&self) -> Duration {
        so_far() - self.0
    }
}

/// The kernel's count for this thread: the first number is nanoseconds of running.
fn so_far() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts");
    let running = text.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(running.expect("a number"))
}

#[test]
fn work_is_counted() {
    let work = Work::begin();
    let began = std::time::Instant::now();
    let mut digest = [0; 32];
    while work.spent() < Duration::from_millis(20) {
        digest = openssl::sha::sha256(&digest);
    }
    // To a tick of the kernel, no more than what passed meanwhile.
    assert!(began.elapsed() >= Duration::from_millis(10));
}
