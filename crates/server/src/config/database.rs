//! `[database]`: which database, and how it is used.

use std::path::Path;

use super::environment::Environment;
use super::reader::Section;
use crate::store::Address;

/// `[database]`.
#[derive(Clone)]
pub struct Database {
    /// Where it is. Holds the password of a PostgreSQL URL: show [`Address::shown`] only.
    pub address: Address,
    /// The most connections this node opens.
    pub connections: usize,
    /// Whether `serve` brings the schema up to date by itself.
    pub auto_migrate: bool,
}

impl Database {
    pub(super) fn read(
        s: &mut Section<'_, '_>,
        environment: &Environment,
        data_dir: &Path,
    ) -> Option<Self> {
        let mut origin = s.origin("url");
        // The name every hosting platform uses; our own variable is the more explicit one.
        let shared = environment
            .get("DATABASE_URL")
            .filter(|url| !url.is_empty());
        let from_file = s.secret("url");
        let url = match (shared, from_file) {
            (Some(url), _) if environment.get("AVOUCH_DATABASE_URL").is_none() => {
                origin = "DATABASE_URL".to_owned();
                url.to_owned()
            }
            (_, Some(url)) => url.expose().to_owned(),
            _ => format!("sqlite:{}", data_dir.join("avouch.sqlite").display()),
        };
        let address = Address::parse(&url)
            .map_err(|error| s.problem("url", origin, error.to_string()))
            .ok();
        let connections = s.number("connections", 16, 1..=1000);
        let is_sqlite = matches!(address, Some(Address::Sqlite(_)));
        let auto_migrate = s.flag("auto_migrate", is_sqlite);
        Some(Self {
            address: address?,
            connections: usize::try_from(connections).unwrap_or(16),
            auto_migrate,
        })
    }
}
