//! Connected apps ready for use: settings, parsed metadata and signer, kept as long as they are
//! unchanged in the database.

use std::sync::Arc;

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::SpMetadata;
use avouch_saml::metadata::entity::Reading;
use avouch_saml::security::algorithm::{AlgorithmPolicy, DataEncryption};
use avouch_saml::security::sign::Signer;
use avouch_saml::security::verify::Trust;
use avouch_saml::time::Timestamp;

use super::bounded::Bounded;
use crate::apps::effective::{
    Effective, SignatureRule, algorithms_for, clock_skew, issuer, signature_in_force,
};
use crate::apps::{App, AppId};
use crate::config::Settings;
use crate::fault::OperatorError;
use crate::keys::{Keyring, Keys};
use crate::store::apps::StoredApp;
use crate::store::state::Versions;
use crate::store::{self, Connection, Db, StoreError};

/// An app ready for use.
#[derive(Clone)]
pub struct ReadyApp {
    /// Settings and policy.
    pub app: App,
    /// Its entity ID.
    pub entity_id: EntityId,
    /// What its metadata says.
    pub sp: Arc<SpMetadata>,
    /// Whose signatures on its requests count.
    pub trust: Trust,
    /// Why a signature is required or not.
    pub signature_rule: SignatureRule,
    /// Tolerance for its clock, in seconds.
    pub skew: Effective<i64>,
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
        if !self.sp.is_current(now, self.skew.value) {
            return Err(Unusable::MetadataEnded(self.sp.valid_until));
        }
        self.signer
            .as_deref()
            .map_err(|why| Unusable::NoSigner(why))
    }

    /// The same app, signed for with `keys`.
    fn signed_with(&self, settings: &Settings, keys: &Keys) -> Self {
        Self {
            signer: signer(settings, &self.app, &self.sp, &self.algorithms, keys),
            ..self.clone()
        }
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

/// The cache. An app is found by each of its names, and used while its own row is unchanged: a change
/// of another app costs one statement that says so, and a change of keys a new signer. Metadata is
/// parsed when it was not kept, or has changed.
pub struct AppCache {
    /// By entity ID, which is how requests name apps.
    apps: Bounded<String, Kept>,
    /// The entity IDs of rows, and of API names. One may be another app's by now: the app found there
    /// says who it is.
    by_id: Bounded<String, Arc<str>>,
    by_api_name: Bounded<String, Arc<str>>,
}

#[derive(Clone)]
struct Kept {
    ready: Arc<ReadyApp>,
    /// The version of its row.
    row: i64,
    /// The version of apps at which the row was of that version.
    apps: i64,
    /// The version of keys that its signer was made from.
    keys: i64,
    /// See [`octets`].
    octets: usize,
}

/// Tens of thousands of apps; see [`octets`].
const MOST_OCTETS: usize = 256 << 20;
const MOST_OCTETS_OF_NAMES: usize = 16 << 20;
const OCTETS_OF_A_NAME: usize = 250;

impl Default for AppCache {
    fn default() -> Self {
        let names = || Bounded::new(MOST_OCTETS_OF_NAMES, OCTETS_OF_A_NAME);
        Self {
            apps: Bounded::new(MOST_OCTETS, 16 << 10),
            by_id: names(),
            by_api_name: names(),
        }
    }
}

impl AppCache {
    /// The app as it is at `versions`, those this request read, or later.
    ///
    /// # Errors
    /// The database, or metadata in it that does not read.
    pub fn find(&self, from: Sources<'_>, versions: Versions, by: By<'_>, now: Timestamp) -> Found {
        if let Some(kept) = self.kept(by)
            && let Some(ready) = self.renewed(from, versions, kept)?
        {
            return Ok(Some(ready));
        }
        let (versions, stored) = from.db.read(|c: &mut Connection| {
            let versions = store::state::versions(c)?;
            let stored = match by {
                By::EntityId(id) => store::apps::by_entity_id(c, id)?,
                By::Id(id) => store::apps::by_id(c, id)?,
                By::ApiName(name) => store::apps::by_api_name(c, name)?,
            };
            Ok::<_, StoreError>((versions, stored))
        })?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let keys = from.keyring.at(from.db, versions)?;
        let kept = Kept {
            row: stored.version,
            apps: versions.apps,
            keys: keys.version(),
            octets: octets(&stored),
            ready: Arc::new(prepare(from.settings, stored, &keys, now)?),
        };
        self.keep(&kept);
        Ok(Some(kept.ready))
    }

    fn kept(&self, by: By<'_>) -> Option<Kept> {
        match by {
            By::EntityId(entity_id) => self.apps.find(entity_id),
            By::Id(id) => {
                let entity_id = self.by_id.find(id.as_str())?;
                let kept = self.apps.find(&*entity_id)?;
                (kept.ready.app.id == *id).then_some(kept)
            }
            By::ApiName(name) => {
                let entity_id = self.by_api_name.find(name)?;
                let kept = self.apps.find(&*entity_id)?;
                (kept.ready.app.api_name == name).then_some(kept)
            }
        }
    }

    /// A kept app, brought to `versions`; `None` when its row has changed.
    fn renewed(
        &self,
        from: Sources<'_>,
        versions: Versions,
        kept: Kept,
    ) -> Result<Option<Arc<ReadyApp>>, OperatorError> {
        if kept.apps == versions.apps && kept.keys == versions.keys {
            return Ok(Some(kept.ready));
        }
        let mut renewed = kept;
        if renewed.apps != versions.apps {
            let id = &renewed.ready.app.id;
            match from.db.read_one(|c| store::apps::version(c, id))? {
                // All its names are in its row, so it is still who was looked for.
                Some((at, row)) if row == renewed.row => renewed.apps = at.apps,
                _ => return Ok(None),
            }
        }
        if renewed.keys != versions.keys {
            let keys = from.keyring.at(from.db, versions)?;
            renewed.ready = Arc::new(renewed.ready.signed_with(from.settings, &keys));
            renewed.keys = keys.version();
        }
        let ready = Arc::clone(&renewed.ready);
        let (entity_id, octets) = (ready.entity_id.as_str().to_owned(), renewed.octets);
        self.apps.keep(entity_id, renewed, octets);
        Ok(Some(ready))
    }

    fn keep(&self, kept: &Kept) {
        let ready = &kept.ready;
        let entity_id: Arc<str> = ready.entity_id.as_str().into();
        let id = ready.app.id.as_str().to_owned();
        self.by_id
            .keep(id, Arc::clone(&entity_id), OCTETS_OF_A_NAME);
        let api_name = ready.app.api_name.clone();
        self.by_api_name
            .keep(api_name, Arc::clone(&entity_id), OCTETS_OF_A_NAME);
        self.apps
            .keep(entity_id.to_string(), kept.clone(), kept.octets);
    }
}

/// About what an app takes in memory. Measured: 2,900 octets without certificates, and 19,600 with
/// metadata of 8,900, the mean of a federation's, half of it in OpenSSL's certificates.
fn octets(stored: &StoredApp) -> usize {
    4096 + 2 * stored.metadata_xml.len()
}

/// Makes of a stored app one that is ready for use.
///
/// # Errors
/// The metadata does not read, or the issuer is no entity ID.
fn prepare(
    settings: &Settings,
    stored: StoredApp,
    keys: &Keys,
    now: Timestamp,
) -> Result<ReadyApp, OperatorError> {
    let StoredApp {
        app,
        entity_id,
        metadata_xml,
        ..
    } = stored;
    let saml = &app.definition.saml;
    let organisation = &settings.saml.defaults;
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
    let issuer = EntityId::parse(issuer(saml, &settings.idp.entity_id).value)
        .map_err(|error| OperatorError::new(format!("issuer of {}: {error}", app.api_name)))?;
    let signer = signer(settings, &app, &sp, &algorithms, keys);
    Ok(ReadyApp {
        entity_id: EntityId::parse(&entity_id)
            .map_err(|error| OperatorError::new(format!("app {}: {error}", app.api_name)))?,
        app,
        sp: Arc::new(sp),
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
    settings: &Settings,
    app: &App,
    sp: &SpMetadata,
    algorithms: &AlgorithmPolicy,
    keys: &Keys,
) -> Result<Arc<dyn Signer>, String> {
    let saml = &app.definition.saml;
    let key = match &saml.signing_key {
        Some(id) => keys.by_id(id),
        None => keys.active(),
    };
    let key = key.ok_or_else(|| "there is no key to sign with".to_owned())?;
    let organisation = &settings.saml.defaults;
    let chosen = signature_in_force(organisation, saml, sp, key.kind(), algorithms)?;
    match key.signer(chosen, algorithms) {
        Ok(signer) => Ok(signer),
        Err(error) => Err(error.to_string()),
    }
}
