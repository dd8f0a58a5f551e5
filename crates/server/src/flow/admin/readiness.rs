//! What a change does to the sign-ons of an app (`apps::readiness`): what cannot work is asked
//! about before it is stored.

use avouch_saml::metadata::SpMetadata;
use avouch_saml::time::Timestamp;

use crate::apps::App;
use crate::apps::effective::Organisation;
use crate::apps::readiness::{Finding, Severity, brought_about, readiness};
use crate::config::Settings;
use crate::store::keys::KeyRow;
use crate::store::{self, Connection};

/// An app with what its metadata says.
pub type Described<'a> = (&'a App, &'a SpMetadata);

/// What the organisation gives apps, with its keys as they are now.
///
/// # Errors
/// The database.
pub fn organisation<'s>(
    c: &mut Connection,
    settings: &'s Settings,
) -> Result<Organisation<'s>, store::StoreError> {
    let keys = store::keys::all(c)?;
    Ok(with_keys(settings, &keys))
}

/// What the organisation gives apps, with these keys.
pub fn with_keys<'s>(settings: &'s Settings, keys: &[KeyRow]) -> Organisation<'s> {
    settings.organisation(store::keys::for_apps(keys))
}

/// As it would be stored an app could not work, and nobody said that this is meant. Nothing was
/// changed; the findings say why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotWork(pub Vec<Finding>);

/// What keeps users from signing on to the app `after` and did not before the change; nothing
/// was before an app that is added.
///
/// # Errors
/// [`CannotWork`] when some of it cannot, unless that was `accepted`.
pub fn weigh(
    before: Option<Described<'_>>,
    (app, sp): Described<'_>,
    organisation: &Organisation<'_>,
    now: Timestamp,
    accepted: bool,
) -> Result<Vec<Finding>, CannotWork> {
    let was = before.map_or_else(Vec::new, |(app, sp)| readiness(app, sp, organisation, now));
    let new = brought_about(&was, &readiness(app, sp, organisation, now));
    let cannot: Vec<Finding> = new
        .iter()
        .filter(|finding| finding.severity == Severity::CannotWork)
        .cloned()
        .collect();
    if cannot.is_empty() || accepted {
        Ok(new)
    } else {
        Err(CannotWork(cannot))
    }
}
