//! `avouch dev`: sample users, and apps that anybody may use.
//! Nothing here runs under `avouch serve`.

pub mod samples;

use avouch_saml::name_id::NameIdFormat;
use avouch_saml::time::Timestamp;
use avouch_saml::xml::encoding;

use crate::apps::onboard::preview::Preview;
use crate::apps::row::{FORMAT_URI, parse_row};
use crate::apps::{App, PermittedUsers};
use crate::config::Settings;
use crate::fault::OperatorError;
use crate::flow::admin::apps::{self, AppEdit};
use crate::flow::admin::{AdminContext, AdminError, Wrong};
use crate::keys::{KeyPurpose, Keyring, development, rollover};
use crate::random::SystemRandom;
use crate::services::Services;
use crate::store::Db;

/// What every app is told under `avouch dev`: whatever the sample users have.
const EVERYTHING: &[&str] = &[
    "urn:oid:2.16.840.1.113730.3.1.241=display_name,friendly=displayName",
    "urn:oid:0.9.2342.19200300.100.1.3=email,friendly=mail",
    "urn:oid:2.5.4.42=given_name,friendly=givenName",
    "urn:oid:2.5.4.4=family_name,friendly=sn",
    "urn:oid:0.9.2342.19200300.100.1.1=username,friendly=uid",
    "urn:oid:2.16.840.1.113730.3.1.39=locale,friendly=preferredLanguage",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6=custom.eduPersonPrincipalName,friendly=eduPersonPrincipalName",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.1=custom.eduPersonAffiliation,friendly=eduPersonAffiliation",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.9=custom.eduPersonScopedAffiliation,friendly=eduPersonScopedAffiliation",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.7=custom.eduPersonEntitlement,friendly=eduPersonEntitlement",
];

/// Adds the SP of `document`, or renews its metadata when it is there: open to every sample user,
/// without consent, told all that the sample users have.
///
/// # Errors
/// What is wrong with the metadata, or the database.
pub fn add_sp(services: &Services, document: &[u8], now: Timestamp) -> Result<App, AdminError> {
    let cx = AdminContext::system(services, now);
    let refused = |error: String| Wrong::new("metadata", error);
    let document = &*encoding::to_utf8(document).map_err(|error| refused(error.to_string()))?;
    let mut preview = Preview::read(document, now).map_err(|error| refused(error.to_string()))?;
    preview.accept_proposals();
    preview.accept_identifying();
    let saml = &mut preview.draft.definition.saml;
    let mail = NameIdFormat::EmailAddress.uri();
    if !saml.name_id_formats().any(|uri| uri == mail) {
        saml.allowed_name_id_formats.push(mail.to_owned());
    }
    for text in EVERYTHING {
        let row = parse_row(text).expect("the rows above are well formed");
        debug_assert_eq!(row.name_format, FORMAT_URI);
        if !saml.attributes.iter().any(|known| known.name == row.name) {
            saml.attributes.push(row);
        }
    }
    preview.draft.policy.permitted_users = PermittedUsers::SelfAuthorize;
    preview.draft.policy.ask_consent = false;
    let entity_id = preview.sp.entity_id.as_str();
    match apps::show(&cx, entity_id) {
        Ok(there) => {
            let renewed = AppEdit {
                metadata: Some(apps::compare(&cx, &there.stored, document, &[])?),
                accept_risky: true,
                accept_broken: true,
                ..AppEdit::default()
            };
            Ok(apps::edit(&cx, entity_id, &renewed)?.after.app)
        }
        Err(AdminError::NotFound(_)) => apps::add_draft(&cx, &preview.draft, entity_id, document),
        Err(other) => Err(other),
    }
}

/// The same key at each start, so that a service provider is configured once.
///
/// # Errors
/// The database, or a master key that does not fit.
pub fn ensure_key(
    db: &Db,
    keyring: &Keyring,
    settings: &Settings,
    now: Timestamp,
) -> Result<(), OperatorError> {
    if keyring.current(db)?.active().is_some() {
        return Ok(());
    }
    let (private, certificate) = development::pair(settings.keys.algorithm)
        .ok_or_else(|| OperatorError::new("certs/dev has no key of this kind"))?;
    let row = rollover::import(
        keyring.master(),
        &private,
        &certificate,
        KeyPurpose::Signing,
        now,
        &mut SystemRandom,
    )?;
    db.write(|c| rollover::add(c, row.clone()).map(|_| ()))?;
    Ok(())
}
