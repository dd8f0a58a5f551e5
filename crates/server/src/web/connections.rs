//! What a connection may cost: how long a peer that does not read is waited for, and how many there may
//! be.

use std::net::TcpListener;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files kept for what is no connection: the database, its log, assets of the system.
const OTHER_FILES: u64 = 128;

/// Has the system give up connections whose peer takes nothing of what was written for so long, whether
/// it is gone or just does not read: what is written waits in the kernel's memory and in ours. Accepted
/// connections inherit it.
///
/// # Errors
/// The operating system.
pub(super) fn bound_stalls(listener: &TcpListener, longest: Duration) -> std::io::Result<()> {
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(longest))
}

/// How many connections each of `workers` may have, so that files are left for everything else. Raises
/// what this process may open to the most that it is allowed to raise it to.
pub(super) fn most_connections(workers: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        // What the server takes by itself.
        return 25_000;
    };
    let raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    let files = if raised { hard } else { soft };
    each(files, workers)
}

fn each(files: u64, workers: usize) -> usize {
    // With few files half of them is better than none.
    let for_connections = files.saturating_sub(OTHER_FILES).max(files / 2);
    let for_connections = usize::try_from(for_connections).unwrap_or(usize::MAX);
    (for_connections / workers.max(1)).clamp(1, 25_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardening_08_files_are_left_for_everything_else() {
        assert_eq!(each(256, 2), 64);
        assert_eq!(each(1024, 2), 448);
        assert_eq!(each(1_048_576, 2), 25_000);
        assert_eq!(each(10, 16), 1);
    }
}
