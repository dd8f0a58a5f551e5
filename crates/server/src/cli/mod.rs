//! The command line. Each command is a file; this one is their index and says how they end.

mod app;
mod app_shown;
mod backup;
mod check_config;
mod dev;
mod events;
mod explain;
mod findings;
mod key;
mod metadata;
mod open;
mod output;
mod profile;
mod refused;
mod render_pages;
mod serve;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::Environment;
use crate::flow::saml::metadata::Validity;
use crate::store::StoreError;
use output::Output;

/// Avouch: an identity provider for SAML 2.0.
#[derive(Parser)]
#[command(name = "avouch", version, about, max_term_width = 100)]
pub struct Cli {
    /// The configuration file; without one, defaults and the environment count.
    #[arg(long, short, global = true, value_name = "FILE", env = "AVOUCH_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON for machines instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve sign-ons until a signal says to stop.
    Serve {
        /// Bring the database to this version's schema first.
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the database to this version's schema.
    Migrate {
        /// Only say what would be done: exit code 0 when nothing, 5 when something.
        #[arg(long)]
        check: bool,
    },
    /// Write a copy of the SQLite database to a new file, while servers go on.
    Backup {
        /// The file to make; it must not exist.
        file: PathBuf,
    },
    /// Check a copy made by `backup` and put it in the place of the SQLite database, which is kept
    /// beside it. No server may run on it.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// An identity provider to develop a service provider against: no set-up, sample users.
    Dev(dev::Dev),
    /// Check the configuration and say what is in force.
    CheckConfig,
    /// Users: add, list, set a password, deactivate.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Profiles and permission sets: what users have and apps are assigned to.
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// Connected apps: add, list, show, edit, remove.
    #[command(subcommand)]
    App(app::AppCommand),
    /// The keys Avouch signs with: list, add, activate, retire.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Print Avouch's own metadata, signed.
    Metadata {
        /// As this app (its API name) is to see Avouch.
        #[arg(long)]
        app: Option<String>,
        /// Without an end, for a service provider that is handed the file once and never reads it
        /// anew. After a change of keys it needs another.
        #[arg(long)]
        no_end: bool,
    },
    /// What happened: sign-ons, logins and changes, newest first.
    Events(events::Events),
    /// Say everything that is known about a reference code.
    Explain {
        /// The code as the user read it out, such as 7F3K-Q2MD.
        code: String,
    },
    /// Write every page with sample data to a folder, to look at without a server.
    RenderPages {
        /// The folder; made if it is missing.
        folder: PathBuf,
    },
}

/// Why a command ended without doing its work: said on standard error, with an exit code for
/// scripts.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct CommandError {
    text: String,
    code: u8,
}

/// What was asked cannot be done. (2 is for arguments that make no sense.)
const REFUSED: u8 = 1;
/// The configuration is refused.
const CONFIGURATION: u8 = 3;
/// The database cannot be reached: trying later may help.
const UNREACHABLE: u8 = 4;
/// A check found that there is something to do.
const TO_BE_DONE: u8 = 5;
/// What was named is not there.
const NOT_FOUND: u8 = 6;
/// A value cannot be taken; the sentence says what was expected.
const INVALID: u8 = 7;

/// The word for an exit code, in JSON.
const fn kind_of(code: u8) -> &'static str {
    match code {
        CONFIGURATION => "configuration",
        UNREACHABLE => "unreachable",
        TO_BE_DONE => "to_be_done",
        NOT_FOUND => "not_found",
        INVALID => "invalid",
        _ => "refused",
    }
}

impl CommandError {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: REFUSED,
        }
    }

    fn coded(self, code: u8) -> Self {
        Self { code, ..self }
    }
}

impl From<crate::config::ConfigError> for CommandError {
    fn from(error: crate::config::ConfigError) -> Self {
        Self {
            text: error.to_string(),
            code: CONFIGURATION,
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self {
            code: if error.is_unavailable() {
                UNREACHABLE
            } else {
                REFUSED
            },
            text: error.to_string(),
        }
    }
}

impl From<crate::keys::KeyringError> for CommandError {
    fn from(error: crate::keys::KeyringError) -> Self {
        match error {
            crate::keys::KeyringError::Store(error) => error.into(),
            other => Self {
                text: other.to_string(),
                code: CONFIGURATION,
            },
        }
    }
}

macro_rules! said_as_is {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for CommandError {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        })*
    };
}
said_as_is!(crate::directory::password::HashError, std::io::Error,);

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    // A variable of the environment is meant for the server; the option is meant for this command.
    let named_config = matches.value_source("config") == Some(ValueSource::CommandLine);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let output = Output::new(cli.json);
    let environment = Environment::of_process();
    let place = open::Place {
        config: cli.config.as_deref(),
        environment: &environment,
    };
    let done = match cli.command {
        Command::Serve { migrate } => serve::run(&place, migrate),
        Command::Migrate { check: false } => open::migrate(&place, &output),
        Command::Migrate { check: true } => match open::check_migrations(&place, &output) {
            Ok(true) => return ExitCode::from(TO_BE_DONE),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        },
        Command::Backup { file } => backup::backup(&file, &place, &output),
        Command::Restore { file } => backup::restore(&file, &place, &output),
        Command::Dev(dev) => dev::run(&dev, named_config, &output),
        Command::CheckConfig => check_config::run(&place, &output),
        Command::User(command) => user::run(command, &place, &output),
        Command::Profile(command) => profile::run(command, &place, &output),
        Command::App(command) => app::run(command, &place, &output),
        Command::Key(command) => key::run(command, &place, &output),
        Command::Metadata { app, no_end } => {
            let validity = if no_end {
                Validity::WithoutEnd
            } else {
                Validity::AsConfigured
            };
            metadata::run(app.as_deref(), validity, &place, &output)
        }
        Command::Events(wanted) => events::run(&wanted, &place, &output),
        Command::Explain { code } => explain::run(&code, &place, &output),
        Command::RenderPages { folder } => render_pages::run(&folder, &output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error.to_string(), error.code);
            ExitCode::from(error.code)
        }
    }
}
