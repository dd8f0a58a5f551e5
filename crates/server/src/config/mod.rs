//! The configuration: one TOML file, each value overridable by `AVOUCH_<SECTION>_<KEY>`, read once
//! and checked whole. A name that no section knows refuses to start: a security switch that is
//! misspelt would otherwise be off without a word.

pub mod base_url;
pub mod database;
pub mod events;
pub mod idp;
pub mod keys;
pub mod login;
pub mod logs;
pub mod saml;
pub mod server;

mod environment;
mod exposed;
mod reader;
mod secret;
#[cfg(test)]
mod tests;
mod value;

use std::path::Path;

pub use base_url::BaseUrl;
pub use environment::Environment;
pub use reader::Problem;
pub use secret::Secret;

use crate::apps::effective::{Organisation, OwnKey};
use reader::Reader;

/// The whole configuration, checked.
#[derive(Clone)]
pub struct Settings {
    /// `[server]`.
    pub server: server::Server,
    /// `[database]`.
    pub database: database::Database,
    /// `[keys]`.
    pub keys: keys::Keys,
    /// `[idp]`.
    pub idp: idp::Idp,
    /// `[login]`.
    pub login: login::Login,
    /// `[saml]`.
    pub saml: saml::Saml,
    /// `[events]`.
    pub events: events::Events,
    /// `[logs]`.
    pub logs: logs::Logs,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {file}: {cause}")]
    File {
        /// Its path.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {file} is not TOML: {detail}")]
    Toml {
        /// Its path.
        file: String,
        /// Where and why.
        detail: String,
    },
    /// Settings are wrong: all of them at once.
    #[error("the configuration is refused:\n{}", lines(.0))]
    Problems(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("  {problem}"))
        .collect::<Vec<_>>()
        .join("\n")
}

impl Settings {
    /// What apps get of the organisation that has these keys.
    pub fn organisation(&self, keys: Vec<OwnKey>) -> Organisation<'_> {
        Organisation {
            saml: &self.saml.defaults,
            entity_id: &self.idp.entity_id,
            url: self.idp.organisation_url.as_deref(),
            scope: self.idp.scopes.first().map(String::as_str),
            keys,
        }
    }

    /// Reads the file, or none when `file` is `None`, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`]: say it and do not start.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let Some(path) = file else {
            return Self::from_text("", "defaults", environment);
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::File {
            file: name.clone(),
            cause,
        })?;
        Self::from_text(&text, &name, environment)
    }

    /// Reads TOML; `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_text(
        text: &str,
        name: &str,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let sections = value::parse(text).map_err(|detail| ConfigError::Toml {
            file: name.to_owned(),
            detail,
        })?;
        let mut reader = Reader::new(sections, name, environment);
        let settings = Self::read(&mut reader, environment);
        let problems = reader.finish();
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(ConfigError::Problems(problems)),
        }
    }

    /// Every setting there is, as section and key.
    pub fn keys() -> Vec<(&'static str, &'static str)> {
        let environment = Environment::default();
        let mut reader = Reader::new(Default::default(), "", &environment);
        let _ = Self::read(&mut reader, &environment);
        reader.keys().to_vec()
    }

    /// What an operator should be reminded of at every start, and an admin on the console.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.server.base_url.is_https() && !self.server.is_loopback() {
            warnings.push(format!(
                "server.insecure_http is on, the base URL is {} and others can reach it: \
                 passwords, sessions and assertions travel in the clear; use this in closed test \
                 labs only",
                self.server.base_url
            ));
        }
        warnings
    }

    // Every section is read even when an earlier one failed, so that all problems are told at once.
    fn read(reader: &mut Reader<'_>, environment: &Environment) -> Option<Self> {
        let server = server::Server::read(&mut reader.section("server"));
        let fallback = BaseUrl::parse("http://localhost:8080").expect("is a base URL");
        let base_url = server.as_ref().map_or(&fallback, |s| &s.base_url);
        let data_dir = server
            .as_ref()
            .map_or_else(|| "data".into(), |s| s.data_dir.clone());
        let database =
            database::Database::read(&mut reader.section("database"), environment, &data_dir);
        let keys = keys::Keys::read(&mut reader.section("keys"), &data_dir);
        let idp = idp::Idp::read(&mut reader.section("idp"), base_url);
        let login = login::Login::read(&mut reader.section("login"));
        let saml = saml::Saml::read(&mut reader.section("saml"));
        let events = events::Events::read(&mut reader.section("events"));
        let logs = logs::Logs::read(&mut reader.section("logs"));
        Some(Self {
            server: server?,
            database: database?,
            keys,
            idp: idp?,
            login,
            saml,
            events,
            logs,
        })
    }
}
