//! Avouch as a version to come would be, as far as its rows go: see the feature `later-stored-form`.

fn main() -> std::process::ExitCode {
    avouch_server::cli::run()
}
