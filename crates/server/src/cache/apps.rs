//! Connected apps ready for use: settings, parsed metadata and signer, kept as long as the
//! database's version of them is unchanged.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::entity::Reading;
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption};
use avouch_saml::security::sign::Signer;
use avouch_saml::security::verify::Trust;
use avouch_saml::time::Timestamp;

use crate::apps::effective::{SignatureRule, algorithms_for, clock_skew, signature_in_force};
use crate::apps::{App, AppId};
use crate::config::Settings;
use crate::fault::OperatorError;
use crate::keys::Keyring;
use crate::store::apps::StoredApp;
use crate::store::{self, Connection, Db, StoreError};

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
    /// Why a signature is required or not.
    pub signature_rule: SignatureRule,
    /// Tolerance for its clock, in seconds, and where that was set.
    pub skew: (i64, &'static str),
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

/// Why an app cannot be answered at all, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable<'a> {
    /// Its metadata has expired: its end.
    MetadataEnded(Option<Timestamp>),
    /// Nothing can sign for it: why.
    NoSigner(&'a str),
}

impl ReadyApp {
    /// Whether the app may be answered at all: its metadata holds, and there is a way to sign for
    /// it. Where there is none nobody is asked to log in for nothing, and there is no answer that
    /// an SP of such metadata could check: a page says so.
    ///
    /// # Errors
    /// The rule that does not hold.
    pub fn usable(&self, now: Timestamp) -> Result<&dyn Signer, Unusable<'_>> {
        if !self.sp.is_current(now, self.skew.0) {
            return Err(Unusable::MetadataEnded(self.sp.valid_until));
        }
        self.signer
            .as_deref()
            .map_err(|why| Unusable::NoSigner(why))
    }

    /// The fingerprints of the certificates whose keys may have signed its requests.
    pub fn signing_certificates(&self) -> String {
        let signing = self.sp.keys.iter().filter(|key| key.usage.signs());
        let names: Vec<String> = signing
            .map(|key| match &key.certificate {
                Some(certificate) => certificate.fingerprint(),
                None => format!("a bare key ({})", key.public_key.kind()),
            })
            .collect();
        names.join(", ")
    }
}

/// What an app is made ready from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The configuration.
    pub settings: &'a Settings,
    /// The database.
    pub db: &'a Db,
    /// Our keys.
    pub keyring: &'a Keyring,
}

/// The cache. Small things are kept, so it is simply emptied when it has grown too far.
#[derive(Default)]
pub struct AppCache {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    version: i64,
    by_entity_id: HashMap<String, Arc<ReadyApp>>,
    by_id: HashMap<String, Arc<ReadyApp>>,
}

const MOST_KEPT: usize = 4096;

impl AppCache {
    /// The app, from memory when it was read at `version`, the version this request read.
    ///
    /// # Errors
    /// The database, or metadata in it that does not read.
    pub fn find(&self, from: Sources<'_>, version: i64, by: By<'_>, now: Timestamp) -> Found {
        if let Some(ready) = self.kept_at(version, by) {
            return Ok(Some(ready));
        }
        let (version, stored) = from.db.read(|c: &mut Connection| {
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
        let ready = Arc::new(prepare(from, stored, version, now)?);
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
    from: Sources<'_>,
    stored: StoredApp,
    version: i64,
    now: Timestamp,
) -> Result<ReadyApp, OperatorError> {
    let StoredApp {
        app,
        entity_id,
        metadata_xml,
        ..
    } = stored;
    let saml = &app.definition.saml;
    let organisation = &from.settings.saml.defaults;
    // Expiry is judged at each use, so that a kept app does not outlive its metadata.
    let reading = Reading {
        skew_seconds: i64::MAX / 4000,
        ..Reading::at(now)
    };
    let sp = SpMetadata::parse(&metadata_xml, &reading)
        .map_err(|error| OperatorError::new(format!("metadata of {}: {error}", app.api_name)))?;
    let algorithms = algorithms_for(organisation, saml);
    let signature_rule = SignatureRule::of(saml, &sp, organisation);
    let trust = Trust {
        keys: sp.signing_keys().cloned().collect(),
        policy: algorithms.clone(),
        require_signature: signature_rule.requires(),
    };
    let skew = clock_skew(saml, organisation);
    let issuer = match &saml.issuer {
        Some(own) => EntityId::parse(own)
            .map_err(|error| OperatorError::new(format!("issuer of {}: {error}", app.api_name)))?,
        None => from.settings.idp.entity_id.clone(),
    };
    let signer = signer(from, &app, &sp, &algorithms, version)?;
    Ok(ReadyApp {
        entity_id: EntityId::parse(&entity_id)
            .map_err(|error| OperatorError::new(format!("app {}: {error}", app.api_name)))?,
        app,
        sp,
        trust,
        signature_rule,
        skew,
        issuer,
        signer,
        algorithms,
        data_encryption: organisation.data_encryption,
    })
}

/// What signs for an app: its own key or the organisation's active one, with the algorithm that
/// its settings, its metadata and the organisation's policy allow. Never a silent fallback.
fn signer(
    from: Sources<'_>,
    app: &App,
    sp: &SpMetadata,
    algorithms: &AlgorithmPolicy,
    version: i64,
) -> Result<Result<Arc<dyn Signer>, String>, OperatorError> {
    let saml = &app.definition.saml;
    let keys = from.keyring.at(from.db, version)?;
    let key = match &saml.signing_key {
        Some(id) => keys.by_id(id),
        None => keys.active(),
    };
    let Some(key) = key else {
        return Ok(Err("there is no key to sign with".to_owned()));
    };
    let chosen = match signature_in_force(
        &from.settings.saml.defaults,
        saml,
        sp,
        key.kind(),
        algorithms,
    ) {
        Ok(chosen) => chosen,
        Err(error) => return Ok(Err(error)),
    };
    Ok(match key.signer(chosen, algorithms) {
        Ok(signer) => Ok(signer),
        Err(error) => Err(error.to_string()),
    })
}
