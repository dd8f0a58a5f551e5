//! The `avouch` binary: the command line and nothing else.

/// A sign-on makes several hundred small allocations; glibc's allocator took a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    avouch_server::cli::run()
}
