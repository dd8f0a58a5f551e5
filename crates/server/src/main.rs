//! The `avouch` binary: the command line and nothing else.

/// A sign-on makes several hundred small allocations; glibc's allocator took a tenth of its time.
/// SQLite and OpenSSL allocate here too (the crate's feature `override`): glibc gave memory back to
/// the system after every other sign-on and asked for it again at the next.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    avouch_server::cli::run()
}
