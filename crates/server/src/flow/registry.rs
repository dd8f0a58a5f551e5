//! Connected apps ready for use: settings, parsed metadata and signer, kept as long as the
//! database's version of them is unchanged.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::entity::Reading;
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, SignatureAlgorithm};
use avouch_saml::security::sign::Signer;
use avouch_saml::security::verify::Trust;
use avouch_saml::time::Timestamp;

use crate::app::Services;
use crate::apps::saml::RequestSignatures;
use crate::apps::{App, AppId};
use crate::refusal::OperatorError;
use crate::store::apps::StoredApp;
use crate::store::{self, Connection, StoreError};

/// An app ready for use.
pub struct ReadyApp {
    /// Settings and policy.
    pub app: App,
    /// Its entity ID.
    pub entity_id: EntityId,
    /// What its metadata says.
    pub sp: SpMetadata,
    /// Whose signatures on its requests count.
    pub trust: Trust,
    /// Why a signature is required or not, for the event.
    pub signature_rule: &'static str,
    /// The issuer of what it is sent.
    pub issuer: EntityId,
    /// What signs for it, or why nothing can.
    pub signer: Result<Arc<dyn Signer>, String>,
    /// What may be used towards it.
    pub algorithms: AlgorithmPolicy,
    /// How to encrypt when it has no wish.
    pub data_encryption: DataEncryption,
}

/// How an app is looked up.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// By entity ID.
    EntityId(&'a str),
    /// By row.
    Id(&'a AppId),
    /// By its name in URLs.
    ApiName(&'a str),
}

/// What came of a look-up.
pub type Found = Result<Option<Arc<ReadyApp>>, OperatorError>;

/// The cache. Small things are kept, so it is simply emptied when it has grown too far.
#[derive(Default)]
pub struct Registry {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    version: i64,
    by_entity_id: HashMap<String, Arc<ReadyApp>>,
    by_id: HashMap<String, Arc<ReadyApp>>,
}

const MOST_KEPT: usize = 4096;

impl Registry {
    /// The app, from memory when it was read at `version`, the version this request read.
    ///
    /// # Errors
    /// The database, or metadata in it that does not read.
    pub fn find(&self, services: &Services, version: i64, by: By<'_>, now: Timestamp) -> Found {
        if let Some(ready) = self.kept_at(version, by) {
            return Ok(Some(ready));
        }
        let (version, stored) = services.db.read(|c: &mut Connection| {
            let version = store::state::version(c)?;
            let stored = match by {
                By::EntityId(id) => store::apps::by_entity_id(c, id)?,
                By::Id(id) => store::apps::by_id(c, id)?,
                By::ApiName(name) => store::apps::by_api_name(c, name)?,
            };
            Ok::<_, StoreError>((version, stored))
        })?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let ready = Arc::new(prepare(services, stored, version, now)?);
        self.keep(version, &ready);
        Ok(Some(ready))
    }

    fn kept_at(&self, version: i64, by: By<'_>) -> Option<Arc<ReadyApp>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version {
            return None;
        }
        match by {
            By::EntityId(id) => kept.by_entity_id.get(id).cloned(),
            By::Id(id) => kept.by_id.get(id.as_str()).cloned(),
            // Launches are rare beside requests.
            By::ApiName(_) => None,
        }
    }

    fn keep(&self, version: i64, ready: &Arc<ReadyApp>) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.by_id.len() >= MOST_KEPT {
            *kept = Kept {
                version,
                ..Kept::default()
            };
        }
        kept.by_entity_id
            .insert(ready.entity_id.as_str().to_owned(), Arc::clone(ready));
        kept.by_id
            .insert(ready.app.id.as_str().to_owned(), Arc::clone(ready));
    }
}

/// Makes of a stored app one that is ready for use.
///
/// # Errors
/// The metadata does not read, or the issuer is no entity ID.
pub fn prepare(
    services: &Services,
    stored: StoredApp,
    version: i64,
    now: Timestamp,
) -> Result<ReadyApp, OperatorError> {
    let StoredApp {
        app,
        entity_id,
        metadata_xml,
    } = stored;
    let saml = &app.definition.saml;
    // Expiry is judged at each use, so that a kept app does not outlive its metadata.
    let reading = Reading {
        skew_seconds: i64::MAX / 4000,
        ..Reading::at(now)
    };
    let sp = SpMetadata::parse(&metadata_xml, &reading)
        .map_err(|error| OperatorError::new(format!("metadata of {}: {error}", app.api_name)))?;
    let mut algorithms = services.settings.saml.algorithms.clone();
    if saml.danger_allow_sha1 {
        algorithms.allow_danger_sha1_signatures();
    }
    if saml.danger_allow_cbc {
        algorithms.allow_danger_cbc();
    }
    let (require_signature, signature_rule) = match saml.request_signatures {
        RequestSignatures::Required => (true, "request signatures of the app"),
        RequestSignatures::WhenPresent => (false, "request signatures of the app"),
        RequestSignatures::FollowMetadata => (
            sp.authn_requests_signed || services.settings.saml.want_authn_requests_signed,
            "AuthnRequestsSigned in the app's metadata",
        ),
    };
    let trust = Trust {
        keys: sp.signing_keys().cloned().collect(),
        policy: algorithms.clone(),
        require_signature,
    };
    let issuer = match &saml.issuer {
        Some(own) => EntityId::parse(own)
            .map_err(|error| OperatorError::new(format!("issuer of {}: {error}", app.api_name)))?,
        None => services.settings.idp.entity_id.clone(),
    };
    let signer = signer(services, &app, &sp, &algorithms, version)?;
    Ok(ReadyApp {
        entity_id: EntityId::parse(&entity_id)
            .map_err(|error| OperatorError::new(format!("app {}: {error}", app.api_name)))?,
        app,
        sp,
        trust,
        signature_rule,
        issuer,
        signer,
        algorithms,
        data_encryption: services.settings.saml.data_encryption,
    })
}

/// What signs for an app: its own key or the organisation's active one, with the algorithm that
/// its settings, its metadata and the organisation's policy allow. Never a silent fallback.
fn signer(
    services: &Services,
    app: &App,
    sp: &SpMetadata,
    algorithms: &AlgorithmPolicy,
    version: i64,
) -> Result<Result<Arc<dyn Signer>, String>, OperatorError> {
    let saml = &app.definition.saml;
    let keys = services.keyring.at(&services.db, version)?;
    let key = match &saml.signing_key {
        Some(id) => keys.by_id(id),
        None => keys.active(),
    };
    let Some(key) = key else {
        return Ok(Err("there is no key to sign with".to_owned()));
    };
    let kind = key.kind();
    let preferred = match &saml.signature_algorithm {
        Some(uri) => SignatureAlgorithm::from_uri(uri),
        None => services
            .settings
            .saml
            .signature_for(kind.family())
            .or(Some(kind.default_algorithm())),
    };
    let Some(preferred) = preferred else {
        return Ok(Err("the app's signature algorithm is unknown".to_owned()));
    };
    let chosen = match sp.choose_signature(kind, preferred, algorithms) {
        Ok(chosen) => chosen,
        Err(error) => return Ok(Err(error.to_string())),
    };
    Ok(match key.signer(chosen, algorithms) {
        Ok(signer) => Ok(signer),
        Err(error) => Err(error.to_string()),
    })
}
