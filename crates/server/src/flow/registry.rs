//! Connected apps ready for use: settings, parsed metadata and signer, kept as long as the
//! database's version of them is unchanged.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::algorithms::EncryptionChoice;
use avouch_saml::metadata::entity::Reading;
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption, SignatureAlgorithm};
use avouch_saml::security::certificate::KeyKind;
use avouch_saml::security::sign::Signer;
use avouch_saml::security::verify::Trust;
use avouch_saml::time::Timestamp;

use crate::app::Services;
use crate::apps::saml::{RequestSignatures, SamlSettings};
use crate::apps::{App, AppId};
use crate::audit::ResultCode;
use crate::config::Settings;
use crate::config::saml::Saml;
use crate::flow::trail::Trail;
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

/// What says whether an app's requests must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureRule {
    /// The app's settings: they must.
    App,
    /// AuthnRequestsSigned in its metadata: they must.
    Metadata,
    /// The organisation's settings: they must.
    Organisation,
    /// None of these: they may.
    NoneAsks,
}

impl SignatureRule {
    /// The rule for an app: the first that asks for signatures. Each can only ask for more.
    pub fn of(saml: &SamlSettings, sp: &SpMetadata, organisation: &Saml) -> Self {
        if saml.request_signatures == RequestSignatures::Required {
            Self::App
        } else if sp.authn_requests_signed {
            Self::Metadata
        } else if organisation.want_authn_requests_signed {
            Self::Organisation
        } else {
            Self::NoneAsks
        }
    }

    /// Whether an unsigned request is refused.
    pub fn requires(self) -> bool {
        self != Self::NoneAsks
    }

    /// Its name in an event.
    pub const fn source(self) -> &'static str {
        match self {
            Self::App => "request signatures of the app",
            Self::Metadata => "AuthnRequestsSigned in the app's metadata",
            Self::Organisation => "saml.want_authn_requests_signed",
            Self::NoneAsks => {
                "no rule: not the app's settings, its metadata or saml.want_authn_requests_signed"
            }
        }
    }
}

/// The tolerance for an app's clock, in seconds, and the setting it comes from.
pub fn clock_skew(saml: &SamlSettings, organisation: &Saml) -> (i64, &'static str) {
    match saml.clock_skew_seconds {
        Some(own) => (own, "clock_skew_seconds of the app"),
        None => (organisation.clock_skew_seconds, "saml.clock_skew_seconds"),
    }
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

impl ReadyApp {
    /// Whether the app may be answered at all: its metadata holds, and there is a way to sign for
    /// it. Where there is none nobody is asked to log in for nothing, and there is no answer that
    /// an SP of such metadata could check: a page says so.
    ///
    /// # Errors
    /// The result to refuse with, on a page.
    pub fn is_usable(&self, now: Timestamp, trail: &mut Trail) -> Result<(), ResultCode> {
        let (skew_seconds, skew_source) = self.skew;
        if !self.sp.is_current(now, skew_seconds) {
            let until = self.sp.valid_until;
            trail.fail(
                "validity of metadata",
                format!("not expired, give or take {skew_seconds} seconds ({skew_source})"),
                until.map_or(String::new(), |until| until.to_string()),
                "metadata of the app",
            );
            return Err(ResultCode::UnknownServiceProvider);
        }
        const SIGNATURE: &str = "signature of the answer";
        match &self.signer {
            // Once, however often a sign-on is taken up again.
            Ok(signer)
                if signer.algorithm().is_danger()
                    && trail.checks.iter().all(|check| check.name != SIGNATURE) =>
            {
                trail.pass(
                    SIGNATURE,
                    "SHA-1, as the app's danger switch says",
                    signer.algorithm().uri(),
                    "danger_allow_sha1 of the app",
                );
            }
            Ok(_) => {}
            Err(why) => {
                trail.fail(
                    SIGNATURE,
                    "an algorithm that key, settings and the app's metadata allow",
                    why.clone(),
                    "the app's settings and metadata",
                );
                return Err(ResultCode::InvalidSettings);
            }
        }
        Ok(())
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
    let algorithms = algorithms_for(&services.settings, saml);
    let signature_rule = SignatureRule::of(saml, &sp, &services.settings.saml);
    let trust = Trust {
        keys: sp.signing_keys().cloned().collect(),
        policy: algorithms.clone(),
        require_signature: signature_rule.requires(),
    };
    let skew = clock_skew(saml, &services.settings.saml);
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
        skew,
        issuer,
        signer,
        algorithms,
        data_encryption: services.settings.saml.data_encryption,
    })
}

/// The algorithm that a key of this kind signs with for an app.
///
/// # Errors
/// Why none can be used.
pub fn signature_in_force(
    settings: &Settings,
    saml: &SamlSettings,
    sp: &SpMetadata,
    kind: KeyKind,
    algorithms: &AlgorithmPolicy,
) -> Result<SignatureAlgorithm, String> {
    let preferred = match &saml.signature_algorithm {
        Some(uri) => SignatureAlgorithm::from_uri(uri)
            .ok_or_else(|| "the app's signature algorithm is unknown".to_owned())?,
        None => settings
            .saml
            .signature_for(kind.family())
            .unwrap_or(kind.default_algorithm()),
    };
    sp.choose_signature(kind, preferred, algorithms)
        .map_err(|error| error.to_string())
}

/// The cipher of what is encrypted to an app: the one it wishes, or else the organisation's.
pub fn cipher_in_force(chosen: &EncryptionChoice<'_>, preferred: DataEncryption) -> DataEncryption {
    let mut methods = chosen.key.encryption_methods.iter();
    if methods.any(|method| DataEncryption::from_uri(&method.algorithm).is_some()) {
        chosen.data
    } else {
        preferred
    }
}

/// What may be used towards an app: the organisation's algorithms and those the app's settings
/// allow in addition.
pub fn algorithms_for(settings: &Settings, saml: &SamlSettings) -> AlgorithmPolicy {
    let mut algorithms = settings.saml.algorithms.clone();
    if saml.danger_allow_sha1 {
        algorithms.allow_danger_sha1_signatures();
    }
    if saml.danger_allow_cbc {
        algorithms.allow_danger_cbc();
    }
    algorithms
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
    let chosen = match signature_in_force(&services.settings, saml, sp, key.kind(), algorithms) {
        Ok(chosen) => chosen,
        Err(error) => return Ok(Err(error)),
    };
    Ok(match key.signer(chosen, algorithms) {
        Ok(signer) => Ok(signer),
        Err(error) => Err(error.to_string()),
    })
}
