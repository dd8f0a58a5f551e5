//! Queries and forms as peers of every habit write them.

use std::io::Write as _;

use avouch_saml::binding::redirect;
use avouch_saml::binding::{BindingError, ReceivedRequest, Reception};
use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::verify::Trust;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::message::support::{NOW, SSO, plain_request};
use crate::security::support::keys;

pub(crate) fn raw_deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zlib(octets: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// Escapes everything but letters and digits, with upper-case hex.
pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

/// `SAMLRequest=…` of these octets, deflated.
pub(crate) fn request_parameter(xml: &[u8]) -> String {
    format!("SAMLRequest={}", escape(&base64(&raw_deflate(xml))))
}

pub(crate) fn plain_parameter() -> String {
    request_parameter(plain_request().write().unwrap().as_bytes())
}

pub(crate) fn receive(query: &str) -> Result<ReceivedRequest, BindingError> {
    redirect::receive(query)
}

/// What the SP's settings say, with its development key.
pub(crate) fn trust(require_signature: bool) -> Trust {
    Trust {
        keys: keys(&["sp-signing"]),
        policy: AlgorithmPolicy::default(),
        require_signature,
    }
}

pub(crate) fn reception() -> Reception<'static> {
    Reception {
        endpoint: SSO,
        now: NOW,
        skew_seconds: 180,
        lifetime_seconds: 300,
        signed_needs_destination: true,
    }
}
