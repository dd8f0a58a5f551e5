//! `avouch metadata`: what Avouch says about itself, as `/saml/metadata` serves it.

use serde_json::json;

use super::CommandError;
use super::open::{Place, now};
use super::output::Output;
use crate::flow::admin::apps;
use crate::flow::saml::metadata::{self, Validity};
use crate::services::Services;

/// Prints the document; with `app`, as that app is to see Avouch.
pub(super) fn run(
    app: Option<&str>,
    validity: Validity,
    place: &Place<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    let (desk, keyring) = place.keyring()?;
    if let Some(app) = app {
        // It says which one is near, when there is none of this name.
        apps::show(&desk.admin(), app)?;
    }
    let services = Services::new(desk.settings, desk.db, keyring)?;
    let document = metadata::document(&services, now(), app, validity)
        .map_err(|error| CommandError::new(error.for_the_log()))?;
    let Some(document) = document else {
        return Err(CommandError::new(format!(
            "expected the API name of an app, received {:?}; `avouch app list` shows them",
            app.unwrap_or_default()
        )));
    };
    let text = String::from_utf8_lossy(&document).into_owned();
    output.document(&json!({ "metadata": text }), &text);
    Ok(())
}
