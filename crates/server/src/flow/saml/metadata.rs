//! What Avouch says about itself: its metadata, for everybody or as one app is to see it.

use std::sync::Arc;

use avouch_saml::metadata::attributes::{EntityAttribute, Registration, URI_NAME_FORMAT};
use avouch_saml::metadata::endpoint::{Binding, Endpoint};
use avouch_saml::metadata::idp::{IdpKey, IdpMetadata, accepted_algorithms, accepted_encryption};
use avouch_saml::metadata::key_descriptor::KeyUse;
use avouch_saml::metadata::ui::{Contact, ContactKind, Localized, Logo, Organization, UiInfo};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::KeyFamily;
use avouch_saml::security::sign::sign_enveloped;
use avouch_saml::time::Timestamp;

use crate::cache::apps::{By, ReadyApp};
use crate::config;
use crate::fault::OperatorError;
use crate::keys::Keys;
use crate::services::Services;
use crate::store;

/// For how long our metadata says that it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Validity {
    /// As the configuration has it, so that whoever reads it again and again notices what is old.
    #[default]
    AsConfigured,
    /// Without an end, for a service provider that is handed a file once. After a change of keys it
    /// needs another.
    WithoutEnd,
}

/// Our metadata as a signed document. With the `api_name` of an app, as that app is to see us:
/// its issuer, its formats and whether its requests must be signed. `None` when there is no such app.
///
/// # Errors
/// The database, or settings that no metadata can be written from.
pub fn document(
    services: &Services,
    now: Timestamp,
    api_name: Option<&str>,
    validity: Validity,
) -> Result<Option<Arc<[u8]>>, OperatorError> {
    let versions = services.db.read_one(store::state::versions)?;
    let app = match api_name {
        None => None,
        Some(name) => match services.app(versions, By::ApiName(name), now)? {
            None => return Ok(None),
            found => found,
        },
    };
    let keys = services.keyring.at(&services.db, versions)?;
    let mut metadata = describe(services, now, app.as_ref(), &keys)?;
    if validity == Validity::WithoutEnd {
        (metadata.valid_until, metadata.cache_seconds) = (None, None);
    }
    let unsigned = metadata.to_unsigned().map_err(OperatorError::new)?;
    let key = keys
        .for_metadata()
        .ok_or_else(|| OperatorError::new("there is no key to sign metadata with"))?;
    let policy = &services.settings.saml.defaults.algorithms;
    let algorithm = services
        .settings
        .saml
        .defaults
        .signature_for(key.kind().family())
        .unwrap_or(key.kind().default_algorithm());
    let signer = key.signer(algorithm, policy).map_err(OperatorError::new)?;
    let edition = (
        unsigned.id().as_str().to_owned(),
        key.id.as_str().to_owned(),
        algorithm,
    );
    if let Some(document) = services.metadata.find(&edition) {
        return Ok(Some(document));
    }
    let signed = sign_enveloped(unsigned, &*signer).map_err(OperatorError::new)?;
    let document: Arc<[u8]> = signed.into_bytes().into();
    services.metadata.keep(edition, &document);
    Ok(Some(document))
}

fn describe(
    services: &Services,
    now: Timestamp,
    app: Option<&Arc<ReadyApp>>,
    own: &Keys,
) -> Result<IdpMetadata, OperatorError> {
    let settings = &services.settings;
    let idp = &settings.idp;
    let policy = &settings.saml.defaults.algorithms;
    let sso = settings.server.base_url.join("/saml/sso");
    let endpoint = |binding| {
        Endpoint::register(binding, &sso, None)
            .map_err(|error| OperatorError::new(error.to_string()))
    };
    // Some SPs know one key only, the first.
    let (first, rest): (Vec<_>, Vec<_>) = own.published().partition(|key| {
        let chosen = app.and_then(|app| app.app.definition.saml.signing_key.as_deref());
        chosen == Some(key.id.as_str())
    });
    let mut keys = Vec::new();
    for certificate in first
        .into_iter()
        .chain(rest)
        .map(|key| key.certificate.clone())
    {
        let rsa = certificate
            .public_key()
            .is_ok_and(|key| key.kind().family() == KeyFamily::Rsa);
        keys.push(IdpKey::signing(certificate.clone()));
        if rsa {
            keys.push(IdpKey {
                usage: KeyUse::Encryption,
                certificate,
                encryption_methods: accepted_encryption(policy),
            });
        }
    }
    Ok(IdpMetadata {
        entity_id: app.map_or_else(|| idp.entity_id.clone(), |app| app.issuer.clone()),
        valid_until: Some(end(now, idp)),
        cache_seconds: Some(idp.metadata_cache_minutes * 60),
        keys,
        sso: vec![
            endpoint(Binding::HttpRedirect)?,
            endpoint(Binding::HttpPost)?,
        ],
        slo: Vec::new(),
        name_id_formats: formats(app),
        // Some SPs refuse to talk where this is not what their own metadata says.
        want_authn_requests_signed: app
            .map_or(settings.saml.defaults.want_authn_requests_signed, |app| {
                app.trust.require_signature
            }),
        error_url: Some(idp.error_url.clone()),
        scopes: idp.scopes.clone(),
        ui: ui(idp),
        organization: organization(idp),
        contacts: idp.contacts.iter().map(contact).collect(),
        entity_attributes: idp
            .entity_attributes
            .iter()
            .map(|(name, value)| EntityAttribute {
                name: name.clone(),
                name_format: URI_NAME_FORMAT.to_owned(),
                values: vec![value.clone()],
            })
            .collect(),
        registration: idp
            .registration_authority
            .as_ref()
            .map(|authority| Registration {
                authority: authority.clone(),
                instant: None,
                policies: Vec::new(),
            }),
        algorithms: accepted_algorithms(policy),
    })
}

/// Until when our metadata, served at `now`, says that it is good.
pub fn end(now: Timestamp, idp: &config::idp::Idp) -> Timestamp {
    rounded_end(now, idp.metadata_valid_hours)
}

/// The end of validity, a whole number of days away from 1970, so that the document stays the
/// same for a day and is good for at least `hours`.
fn rounded_end(now: Timestamp, hours: i64) -> Timestamp {
    const DAY: i64 = 86_400_000;
    let end = now.plus_seconds(hours * 3600).millis();
    Timestamp::from_millis((end.div_euclid(DAY) + 1) * DAY)
}

fn formats(app: Option<&Arc<ReadyApp>>) -> Vec<NameIdFormat> {
    let Some(app) = app else {
        return vec![
            NameIdFormat::Persistent,
            NameIdFormat::Transient,
            NameIdFormat::EmailAddress,
            NameIdFormat::Unspecified,
        ];
    };
    let mut formats = Vec::new();
    for uri in app.app.definition.saml.name_id_formats() {
        let format = NameIdFormat::from_uri(uri);
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    formats
}

fn localized<'a>(texts: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<Localized> {
    texts
        .into_iter()
        .map(|(lang, text)| Localized {
            lang: lang.clone(),
            text: text.clone(),
        })
        .collect()
}

fn ui(idp: &config::idp::Idp) -> UiInfo {
    UiInfo {
        display_names: localized(&idp.display_names),
        descriptions: localized(&idp.descriptions),
        keywords: localized(&idp.keywords),
        information_urls: localized(&idp.information_urls),
        privacy_statement_urls: localized(&idp.privacy_urls),
        logos: idp
            .logos
            .iter()
            .map(|logo| Logo {
                url: logo.url.clone(),
                lang: logo.language.clone(),
                width: logo.width,
                height: logo.height,
            })
            .collect(),
    }
}

fn organization(idp: &config::idp::Idp) -> Option<Organization> {
    let url = idp.organisation_url.as_ref()?;
    let one = |text: &str| {
        vec![Localized {
            lang: idp.language.clone(),
            text: text.to_owned(),
        }]
    };
    Some(Organization {
        names: one(&idp.organisation_name),
        display_names: one(&idp.organisation_display_name),
        urls: one(url),
    })
}

fn contact(contact: &config::idp::Contact) -> Contact {
    Contact {
        kind: match contact.kind.as_str() {
            "technical" => ContactKind::Technical,
            "support" => ContactKind::Support,
            "administrative" => ContactKind::Administrative,
            "billing" => ContactKind::Billing,
            "security" => ContactKind::Security,
            _ => ContactKind::Other,
        },
        company: contact.company.clone(),
        given_name: contact.given_name.clone(),
        surname: contact.surname.clone(),
        emails: vec![contact.email.clone()],
        telephones: contact.telephone.iter().cloned().collect(),
    }
}
