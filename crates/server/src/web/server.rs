//! The HTTP server: listeners, TLS, what stands around every route, and how it stops.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpMessage, HttpServer, web};
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslFiletype, SslMethod, SslVersion};

use crate::config::server::Tls;
use crate::housekeeping::Housekeeping;
use crate::random::{SystemRandom, new_id};
use crate::services::Services;
use crate::web::extract::RequestId;
use crate::web::pages::{ErrorKind, policy};
use crate::web::{connections, host, refuse, routes};

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
    let stalled = services.settings.server.stalled;
    let listeners = services
        .settings
        .server
        .listen
        .iter()
        .map(|address| {
            TcpListener::bind(address)
                .and_then(|listener| {
                    connections::bound_stalls(&listener, stalled)?;
                    Ok(listener)
                })
                .map_err(|cause| StartError::Listen {
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
                // The last one named is the first to see a request.
                .wrap(from_fn(in_words))
                .wrap(from_fn(for_our_host))
                .wrap(from_fn(named_and_logged))
                .configure(routes::configure)
        })
        .shutdown_timeout(seconds);
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = workers.unwrap_or_else(cores);
        server = server
            .workers(workers)
            .max_connections(connections::most_connections(workers));
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

/// Names the request, gives its answer the headers that every answer has, and logs both.
async fn named_and_logged(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    let id = RequestId(new_id(&mut SystemRandom));
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    // The path alone: queries carry messages and RelayState.
    let path: String = request.path().chars().take(200).collect();
    let secure = request
        .app_data::<web::Data<Services>>()
        .is_some_and(|s| s.settings.server.base_url.is_https());
    let mut response = next.call(request).await?;
    // What is refused before its body was read would be read on and on, however slowly it comes.
    let is_refused = matches!(
        response.status(),
        StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
    );
    if is_refused && method == Method::POST {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
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

/// Answers what was asked of us, and nothing asked of another host.
async fn for_our_host(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    match host::misdirected(&request) {
        None => next.call(request).await,
        Some(refused) => Ok(request.into_response(refused)),
    }
}

/// Puts a page in the place of the extractors' own answer to a body too large or too slow, which is
/// a bare line.
async fn in_words(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    let response = next.call(request).await?;
    let is_page = response.headers().get(header::CONTENT_TYPE);
    if is_page.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return Ok(response);
    }
    let kind = match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
        StatusCode::REQUEST_TIMEOUT => ErrorKind::InvalidRequest,
        _ => return Ok(response),
    };
    let request = response.request().clone();
    let page = refuse::bare(&request, kind);
    Ok(ServiceResponse::new(request, page))
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
