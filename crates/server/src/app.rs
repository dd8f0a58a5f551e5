//! Wiring: the one place that puts real database, keys, clock and settings together, and the
//! server that answers with them.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use actix_web::dev::{ServerHandle, Service as _, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{App, HttpMessage, HttpServer, web};
use avouch_saml::security::certificate::PrivateKey;
use avouch_saml::time::Random;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslFiletype, SslMethod, SslVersion};

use crate::access::authn_context::{PASSWORD, PASSWORD_PROTECTED_TRANSPORT, StrengthOrder};
use crate::attributes::pairwise::PairwiseSalt;
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::config::server::Tls;
use crate::directory::password::{HashError, PasswordHasher};
use crate::directory::throttle::ThrottleRules;
use crate::flow::dev::exchanges::Exchanges;
use crate::flow::dev::waiting::Waiting;
use crate::flow::own_metadata::Documents;
use crate::flow::registry::Registry;
use crate::flow::strangers::Strangers;
use crate::flow::visitor::KnownUsers;
use crate::housekeeping::{Housekeeping, Rounds};
use crate::keys::Keyring;
use crate::random::{SystemRandom, new_id};
use crate::refusal::OperatorError;
use crate::routes;
use crate::store::Db;
use crate::web::extract::RequestId;
use crate::web::pages::{ErrorKind, SampleLogin, policy};
use crate::web::{host, refuse};

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
    pub apps: Registry,
    /// Users as they were last read.
    pub users: KnownUsers,
    /// Our own metadata as it was signed.
    pub metadata: Documents,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// The organisation's order of authentication contexts.
    pub context_strength: StrengthOrder,
    /// Whether this is `avouch dev`.
    pub developer: bool,
    /// Users to sign in as by one click; `avouch dev` only.
    pub sample_logins: Vec<SampleLogin>,
    /// The last exchanges; `avouch dev` only.
    pub exchanges: Option<Exchanges>,
    /// What nobody known caused of late.
    pub strangers: Strangers,
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
            apps: Registry::default(),
            users: KnownUsers::default(),
            metadata: Documents::default(),
            clock: Arc::new(SystemClock),
            context_strength: StrengthOrder::new(settings.saml.context_strength.clone()),
            developer: false,
            sample_logins: Vec::new(),
            exchanges: None,
            strangers: Strangers::default(),
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

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// The TLS certificate or key cannot be used.
    #[error("cannot serve TLS with {file}: {cause}")]
    Tls {
        /// The file.
        file: String,
        /// Why.
        cause: openssl::error::ErrorStack,
    },
    /// The server stopped by an error of its own.
    #[error("the server stopped: {0}")]
    Server(#[from] std::io::Error),
}

/// A server that listens.
pub struct Started {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Stops it.
    pub handle: ServerHandle,
}

/// Serves until a signal says to stop; what is in flight is finished first. `started` is called
/// once the server listens.
///
/// # Errors
/// [`StartError`].
pub fn serve(services: Arc<Services>, started: impl FnOnce(Started)) -> Result<(), StartError> {
    let listeners = services
        .settings
        .server
        .listen
        .iter()
        .map(|address| {
            TcpListener::bind(address).map_err(|cause| StartError::Listen {
                address: *address,
                cause,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tls = services.settings.server.tls.clone();
    for warning in services.settings.warnings() {
        tracing::warn!("{warning}");
    }
    actix_web::rt::System::new().block_on(async move {
        let settings = &services.settings.server;
        let (workers, seconds) = (settings.workers, settings.shutdown_seconds);
        let blocking = settings.blocking_threads;
        let data = web::Data::from(Arc::clone(&services));
        let mut server = HttpServer::new(move || {
            let limit = data.settings.server.body_limit_bytes;
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(limit))
                .wrap_fn(|request, service| {
                    let id = RequestId(new_id(&mut SystemRandom));
                    request.extensions_mut().insert(id.clone());
                    let method = request.method().clone();
                    // The path alone: queries carry messages and RelayState.
                    let path: String = request.path().chars().take(200).collect();
                    let secure = request
                        .app_data::<web::Data<Services>>()
                        .is_some_and(|s| s.settings.server.base_url.is_https());
                    let answered = match host::misdirected(&request) {
                        None => Ok(service.call(request)),
                        Some(refused) => Err(request.into_response(refused)),
                    };
                    async move {
                        let mut response = match answered {
                            Ok(answered) => answered.await?,
                            Err(refused) => refused,
                        };
                        // The extractors' own answer to a body too large or too slow is a bare line.
                        let kind = match response.status() {
                            StatusCode::PAYLOAD_TOO_LARGE => Some(ErrorKind::TooLarge),
                            StatusCode::REQUEST_TIMEOUT => Some(ErrorKind::InvalidRequest),
                            _ => None,
                        };
                        if let Some(kind) = kind {
                            let request = response.request().clone();
                            let page = refuse::bare(&request, kind);
                            response = ServiceResponse::new(request, page);
                        }
                        let headers = response.headers_mut();
                        harden(headers, secure);
                        if let Ok(value) = HeaderValue::from_str(&id.0) {
                            headers.insert(HeaderName::from_static("x-request-id"), value);
                        }
                        tracing::info!(
                            request.id = id.0,
                            %method,
                            path,
                            status = response.status().as_u16(),
                            "answered"
                        );
                        Ok(response)
                    }
                })
                .configure(routes::configure)
        })
        .shutdown_timeout(seconds);
        if let Some(workers) = workers {
            server = server.workers(workers);
        }
        if let Some(threads) = blocking {
            server = server.worker_max_blocking_threads(threads);
        }
        let mut addresses = Vec::new();
        for listener in listeners {
            addresses.push(listener.local_addr()?);
            server = match &tls {
                Some(tls) => server.listen_openssl(listener, acceptor(tls)?)?,
                None => server.listen(listener)?,
            };
        }
        let running = server.run();
        started(Started {
            addresses,
            handle: running.handle(),
        });
        let _housekeeping = Housekeeping::start(Arc::clone(&services))?;
        running.await.map_err(StartError::from)
    })
}

/// Headers every answer has unless its handler set them otherwise.
fn harden(headers: &mut header::HeaderMap, secure: bool) {
    let mut default = |name: HeaderName, value: &str| {
        if !headers.contains_key(&name)
            && let Ok(value) = HeaderValue::from_str(value)
        {
            headers.insert(name, value);
        }
    };
    default(header::CACHE_CONTROL, "no-cache, no-store");
    default(header::CONTENT_SECURITY_POLICY, &policy::ordinary());
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    default(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    default(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    if secure {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

fn acceptor(tls: &Tls) -> Result<SslAcceptorBuilder, StartError> {
    let refused = |file: &std::path::Path| {
        let file = file.display().to_string();
        move |cause| StartError::Tls { file, cause }
    };
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())
        .map_err(refused(&tls.certificate))?;
    builder
        .set_min_proto_version(Some(SslVersion::TLS1_2))
        .map_err(refused(&tls.certificate))?;
    builder
        .set_certificate_chain_file(&tls.certificate)
        .map_err(refused(&tls.certificate))?;
    builder
        .set_private_key_file(&tls.key, SslFiletype::PEM)
        .map_err(refused(&tls.key))?;
    Ok(builder)
}
