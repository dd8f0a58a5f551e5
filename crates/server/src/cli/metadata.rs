//! `avouch metadata`: what Avouch says about itself, as `/saml/metadata` serves it.

use serde_json::json;

use super::CommandError;
use super::open::{Place, not_found, now};
use super::output::Output;
use crate::flow::saml::metadata;
use crate::services::Services;
use crate::store;

/// Prints the document; with `app`, as that app is to see Avouch.
pub(super) fn run(
    app: Option<&str>,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let (settings, db, keyring) = place.keyring()?;
    let services = Services::new(settings, db, keyring)?;
    let document = metadata::document(&services, now(), app)
        .map_err(|error| CommandError::new(error.for_the_log()))?;
    let Some(document) = document else {
        let known = services
            .db
            .read_one(|c| store::apps::list(c, "", None, 10_000))?
            .into_iter()
            .map(|line| line.api_name)
            .collect::<Vec<_>>();
        return Err(not_found("app", app.unwrap_or_default(), &known));
    };
    let text = String::from_utf8_lossy(&document).into_owned();
    output.document(&json!({ "metadata": text }), &text);
    Ok(())
}
