//! What a flow may use: database, keys, caches, clock and settings, put together once a process.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use avouch_saml::security::certificate::PrivateKey;
use avouch_saml::time::{Random, Timestamp};

use crate::access::authn_context::{
    ContextMap, PASSWORD, PASSWORD_PROTECTED_TRANSPORT, StrengthOrder,
};
use crate::apps::settings::split_mapped;
use crate::attributes::pairwise::PairwiseSalt;
use crate::audit::limiter::EventLimiter;
use crate::cache::apps::{AppCache, By, Found, Sources};
use crate::cache::documents::DocumentCache;
use crate::cache::launcher::LauncherCache;
use crate::cache::users::UserCache;
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::dev::SampleLogin;
use crate::dev::observer::Observer;
use crate::dev::waiting::Waiting;
use crate::directory::password::{HashError, PasswordHasher};
use crate::directory::throttle::ThrottleRules;
use crate::fault::OperatorError;
use crate::keys::Keyring;
use crate::random::{SystemRandom, new_id};
use crate::rounds::Rounds;
use crate::sessions::share::PendingShare;
use crate::store::Db;
use crate::store::state::Versions;

/// Everything a flow may use. One for all requests of a process.
pub struct Services {
    /// The configuration.
    pub settings: Settings,
    /// The database.
    pub db: Db,
    /// Our keys.
    pub keyring: Keyring,
    /// Hashes passwords.
    pub hasher: PasswordHasher,
    /// How failed logins slow down further ones.
    pub throttle: ThrottleRules,
    /// Connected apps ready for use.
    pub apps: AppCache,
    /// The apps that a launcher may show.
    pub launcher: LauncherCache,
    /// Users as they were last read.
    pub users: UserCache,
    /// Our own metadata as it was signed.
    pub metadata: DocumentCache,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// The organisation's order of authentication contexts.
    pub context_strength: StrengthOrder,
    /// Whether this is `avouch dev`.
    pub developer: bool,
    /// Users to sign in as by one click; `avouch dev` only.
    pub sample_logins: Vec<SampleLogin>,
    /// Sees each exchange; `avouch dev` only keeps what it sees.
    pub observer: Observer,
    /// What refusals wrote of late.
    pub event_limiter: EventLimiter,
    /// Sign-ons that wait for their users.
    pub pending_share: PendingShare,
    /// Rounds of deleting what has expired.
    pub rounds: Rounds,
    /// Bodies with metadata being read; see `web::admin::body`.
    pub uploads: AtomicUsize,
    /// Service providers whose metadata is asked for; `avouch dev` only.
    pub waiting: Waiting,
    salt: OnceLock<PairwiseSalt>,
}

impl Services {
    /// The services that `settings` describe, with the system's clock. Opens nothing yet.
    ///
    /// # Errors
    /// [`HashError::Cost`] when the cost of a password hash is outside what argon2 allows.
    pub fn new(settings: Settings, db: Db, keyring: Keyring) -> Result<Self, HashError> {
        let login = &settings.login;
        let at_once = login.hashes_at_once.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        let hasher = PasswordHasher::new(login.hash_cost, at_once, login.hashes_waiting)?;
        let throttle = login.throttle;
        Ok(Self {
            db,
            keyring,
            hasher,
            throttle,
            apps: AppCache::default(),
            launcher: LauncherCache::default(),
            users: UserCache::default(),
            metadata: DocumentCache::default(),
            clock: Arc::new(SystemClock),
            context_strength: StrengthOrder::new(settings.saml.context_strength.clone()).with_map(
                ContextMap::new(
                    settings
                        .saml
                        .context_map
                        .iter()
                        .map(|line| split_mapped(line)),
                ),
            ),
            developer: false,
            sample_logins: Vec::new(),
            observer: Observer::default(),
            event_limiter: EventLimiter::default(),
            pending_share: PendingShare::default(),
            rounds: Rounds::default(),
            uploads: AtomicUsize::new(0),
            waiting: Waiting::default(),
            salt: OnceLock::new(),
            settings,
        })
    }

    /// A source of randomness.
    pub fn random(&self) -> Box<dyn Random> {
        Box::new(SystemRandom)
    }

    /// A new row's identifier.
    pub fn row_id(&self) -> String {
        new_id(&mut SystemRandom)
    }

    /// What a login with a password achieves here: nobody else could read it over TLS, or on the
    /// machine itself.
    pub fn password_context(&self) -> &'static str {
        let server = &self.settings.server;
        if server.base_url.is_https() || server.is_loopback() {
            PASSWORD_PROTECTED_TRANSPORT
        } else {
            PASSWORD
        }
    }

    /// An app ready for use, as of `versions`, those this request read.
    ///
    /// # Errors
    /// The database, or metadata in it that does not read.
    pub fn app(&self, versions: Versions, by: By<'_>, now: Timestamp) -> Found {
        self.apps.find(self.sources(), versions, by, now)
    }

    /// What an app is made ready from.
    pub fn sources(&self) -> Sources<'_> {
        Sources {
            settings: &self.settings,
            db: &self.db,
            keyring: &self.keyring,
        }
    }

    /// The secret pairwise identifiers are made with; made on first use.
    ///
    /// # Errors
    /// The database, or a master key that does not fit.
    pub fn salt(&self) -> Result<&PairwiseSalt, OperatorError> {
        if let Some(salt) = self.salt.get() {
            return Ok(salt);
        }
        let secret = self.keyring.pairwise_salt(&self.db)?;
        Ok(self.salt.get_or_init(|| PairwiseSalt::new(&secret)))
    }

    /// The keys that what is encrypted to us may be encrypted with.
    ///
    /// # Errors
    /// The database, or a master key that does not fit.
    pub fn decryption_keys(&self) -> Result<Vec<PrivateKey>, OperatorError> {
        let keys = self.keyring.current(&self.db)?;
        Ok(keys.decryption_keys())
    }
}

impl AsRef<Db> for Services {
    fn as_ref(&self) -> &Db {
        &self.db
    }
}
