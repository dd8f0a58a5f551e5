//! `avouch serve`: the server.

use std::sync::Arc;

use super::CommandError;
use super::open::{Place, check_tls, keyring, now, up_to_date};
use crate::services::Services;
use crate::web::server;

/// Serves until a signal says to stop. `migrate` brings the database up to date first.
pub(super) fn run(place: &Place<'_>, migrate: bool) -> Result<(), CommandError> {
    let settings = place.settings()?;
    crate::logging::start(&settings.logs, &[]);
    // An outage is worse than a warning that browsers show: it is said, and the server starts.
    if let Some(problem) = check_tls(&settings)?.and_then(|tls| tls.problem(now())) {
        tracing::error!("{problem}");
    }
    for warning in settings.exposed_files(place.config) {
        tracing::warn!("{warning}");
    }
    let db = up_to_date(&settings, migrate || settings.database.auto_migrate)?;
    let keyring = keyring(&settings, &db)?;
    let base_url = settings.server.base_url.to_string();
    let services = Arc::new(Services::new(settings, db, keyring)?);
    server::serve(services, |started| {
        for address in &started.addresses {
            tracing::info!(%address, base_url, "listening");
        }
    })
    .map_err(|error| CommandError::new(error.to_string()))
}
