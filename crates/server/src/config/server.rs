//! `[server]`: where Avouch listens and what it is called from outside.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::base_url::BaseUrl;
use super::reader::Section;

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// The address browsers and service providers use.
    pub base_url: BaseUrl,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// Threads that take requests; `None`: one a core.
    pub workers: Option<usize>,
    /// Threads that run flows (signing, database); `None`: chosen from the cores.
    pub blocking_threads: Option<usize>,
    /// Proxies whose Forwarded and X-Forwarded-For are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Which of their headers is believed.
    pub forwarded_header: ForwardedHeader,
    /// Certificate chain and key, PEM, when TLS is served here.
    pub tls: Option<Tls>,
    /// Where the SQLite database and the master key are by default.
    pub data_dir: PathBuf,
    /// The most bytes a request's body may have.
    pub body_limit_bytes: usize,
    /// How long requests in flight may take to finish after SIGTERM.
    pub shutdown_seconds: u64,
    /// A peer that takes nothing for so long has its connection closed.
    pub stalled: Duration,
}

/// The header in which proxies say whom they speak for. A client can send whichever its proxy does
/// not set or remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `Forwarded` if there is one, else `X-Forwarded-For`.
    Either,
    /// `Forwarded` alone.
    Forwarded,
    /// `X-Forwarded-For` alone.
    XForwardedFor,
}

/// TLS served by Avouch itself.
#[derive(Debug, Clone)]
pub struct Tls {
    /// PEM chain, leaf first.
    pub certificate: PathBuf,
    /// PEM key.
    pub key: PathBuf,
}

impl Server {
    /// Whether only this machine can reach it: by its name, and by the addresses it listens on.
    pub fn is_loopback(&self) -> bool {
        self.base_url.is_loopback() && self.listen.iter().all(is_loopback)
    }

    pub(super) fn read(s: &mut Section<'_, '_>) -> Option<Self> {
        let base_url = s.parsed("base_url", "http://localhost:8080", BaseUrl::parse);
        let base_origin = s.origin("base_url");
        let listen_origin = s.origin("listen");
        let listen: Vec<SocketAddr> = s.list("listen", &["127.0.0.1:8080"], |text| {
            text.parse()
                .map_err(|_| "an IP address and port, such as 127.0.0.1:8080".to_owned())
        });
        let workers = s.number("workers", 0, 0..=1024);
        let blocking_threads = s.number("blocking_threads", 0, 0..=4096);
        let trusted_proxies = s.list("trusted_proxies", &[], |text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| "an IP address or range, such as 10.0.0.0/8".to_owned())
        });
        let forwarded_header = s.choice(
            "forwarded_header",
            &[
                ("either", ForwardedHeader::Either),
                ("forwarded", ForwardedHeader::Forwarded),
                ("x-forwarded-for", ForwardedHeader::XForwardedFor),
            ],
        );
        let insecure_http = s.flag("insecure_http", false);
        let tls_origin = s.origin("tls_certificate");
        let tls = match (
            s.optional_text("tls_certificate"),
            s.optional_text("tls_key"),
        ) {
            (Some(certificate), Some(key)) => Some(Tls {
                certificate: PathBuf::from(certificate),
                key: PathBuf::from(key),
            }),
            (None, None) => None,
            (given, _) => {
                let (is, is_not) = if given.is_some() {
                    ("tls_certificate", "tls_key")
                } else {
                    ("tls_key", "tls_certificate")
                };
                let message = format!("expected both halves; `{is}` is set and `{is_not}` is not");
                s.problem(is_not, String::new(), message);
                None
            }
        };
        let data_dir = PathBuf::from(s.text("data_dir", "data"));
        let body_limit_kib = s.number("body_limit_kib", 1024, 64..=65_536);
        let stalled_seconds = s.number("stalled_seconds", 30, 1..=3600);
        let shutdown_seconds = s.number("shutdown_seconds", 30, 0..=3600);
        if listen.is_empty() {
            s.problem(
                "listen",
                String::new(),
                "expected at least one address".to_owned(),
            );
        }
        let base_url = base_url?;
        if !base_url.is_https() {
            if base_url.is_loopback()
                && !insecure_http
                && let Some(open) = listen.iter().find(|address| !is_loopback(address))
            {
                let message = format!(
                    "expected a loopback address such as 127.0.0.1:8080, since `server.base_url` \
                     is {:?} and passwords and sessions would travel in the clear to whoever \
                     reaches {open}. Set `server.base_url` to the https URL that browsers use, or \
                     for a closed test lab `server.insecure_http = true`",
                    base_url.as_str()
                );
                s.problem("listen", listen_origin, message);
            }
            if !base_url.is_loopback() && !insecure_http {
                let message = format!(
                    "expected an https URL, since passwords and sessions would travel in the \
                     clear; got {:?}. For a closed test lab set `server.insecure_http = true`",
                    base_url.as_str()
                );
                s.problem("base_url", base_origin, message);
            }
            if tls.is_some() {
                let message = format!(
                    "TLS is served, but `server.base_url` is {:?}; expected an https URL there",
                    base_url.as_str()
                );
                s.problem("tls_certificate", tls_origin, message);
            }
        }
        let count = |number: i64| usize::try_from(number).ok().filter(|n| *n > 0);
        Some(Self {
            base_url,
            listen,
            workers: count(workers),
            blocking_threads: count(blocking_threads),
            trusted_proxies,
            forwarded_header,
            tls,
            data_dir,
            body_limit_bytes: usize::try_from(body_limit_kib).unwrap_or(1024) * 1024,
            shutdown_seconds: u64::try_from(shutdown_seconds).unwrap_or(30),
            stalled: Duration::from_secs(u64::try_from(stalled_seconds).unwrap_or(30)),
        })
    }
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
