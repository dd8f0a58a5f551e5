//! The `avouch` binary: the command line and nothing else.

fn main() -> std::process::ExitCode {
    avouch_server::cli::run()
}
