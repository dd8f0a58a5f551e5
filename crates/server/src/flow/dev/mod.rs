//! `avouch dev`: sample users, and apps that anybody may use.
//! Nothing here runs under `avouch serve`.

pub mod samples;

use avouch_saml::name_id::NameIdFormat;
use avouch_saml::time::Timestamp;

use crate::apps::api_name::free_api_name;
use crate::apps::onboard::preview::Preview;
use crate::apps::row::{FORMAT_URI, parse_row};
use crate::apps::{App, AppId, AppState, PermittedUsers};
use crate::random::new_id;
use crate::store::apps::StoredApp;
use crate::store::{self, Connection, Db, StoreError};
use avouch_saml::time::Random;

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
pub fn add_sp(
    db: &Db,
    document: &[u8],
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<App, String> {
    let mut preview = Preview::read(document, now).map_err(|error| error.to_string())?;
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
    let entity_id = preview.sp.entity_id.to_string();
    let id = new_id(random);
    db.write(|c: &mut Connection| {
        if let Some(mut stored) = store::apps::by_entity_id(c, &entity_id)? {
            stored.metadata_xml = document.to_vec();
            stored.app.updated_at = now;
            store::apps::update(c, &stored)?;
            return Ok(stored.app);
        }
        let taken: Vec<String> = store::apps::all(c)?
            .into_iter()
            .map(|(app, _)| app.api_name)
            .collect();
        let draft = preview.draft.clone();
        let stored = StoredApp {
            app: App {
                id: AppId::new(id.as_str()),
                api_name: free_api_name(&draft.api_name, |name| {
                    taken.iter().any(|known| known == name)
                }),
                name: draft.name,
                state: AppState::Installed,
                definition: draft.definition,
                policy: draft.policy,
                created_at: now,
                updated_at: now,
            },
            entity_id: entity_id.clone(),
            metadata_xml: document.to_vec(),
            version: 1,
        };
        store::apps::insert(c, &stored)?;
        Ok::<_, StoreError>(stored.app)
    })
    .map_err(|error| error.to_string())
}
