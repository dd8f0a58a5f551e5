//! HTTP-Redirect: a message in a query, deflated, with its signature beside it.
//!
//! Spec: saml-bindings-2.0 §3.4.

use miniz_oxide::deflate::{CompressionLevel, compress_to_vec};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::form::{self, Parameters};
use super::received::ReceivedMessage;
use super::{BindingError, Transport, base64};
use crate::ids::{AcsUrl, RelayState};
use crate::message::authn_request::AuthnRequest;
use crate::message::kind::{ByRedirect, Incoming};
use crate::security::sign::{SignError, Signer, Unsigned, sign_octets};
use crate::security::verify::QuerySignature;

/// The one message encoding of this binding.
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Signatures are bounded by the largest key: 8192 bits.
const MAX_SIGNATURE_BYTES: usize = 1024;

/// Receives a message from `query`, the octets between `?` and the end of the request target as
/// they stood on the wire: the signature covers those, so nobody may decode them before.
///
/// # Errors
/// [`BindingError`]: nothing is known of the sender; show a page.
///
/// Spec: saml-bindings-2.0 §3.4.4.1.
pub fn receive<M: Incoming + ByRedirect>(query: &str) -> Result<ReceivedMessage<M>, BindingError> {
    let name = M::ROLE.parameter();
    let other = M::ROLE.other().parameter();
    let parameters = Parameters::parse(query)?;
    let Some(raw_message) = parameters.raw(name) else {
        return Err(match parameters.raw(other) {
            Some(_) => BindingError::OtherRole { expected: M::ROLE },
            None => BindingError::NoMessage(M::ROLE),
        });
    };
    parameters.without(&[other, "SAMLart"])?;
    if parameters
        .decoded("SAMLEncoding")?
        .is_some_and(|encoding| encoding != DEFLATE)
    {
        return Err(BindingError::Encoding);
    }

    // Deflate can grow incompressible octets by a few bytes per block of 64 KiB.
    let limit = M::LIMITS.bytes + 1024;
    let encoded = parameters.decoded(name)?.unwrap_or_default();
    let deflated = base64::decode(name, &encoded, limit)?;
    let xml = inflate(name, &deflated, M::LIMITS.bytes)?;
    let relay_state = parameters.decoded("RelayState")?.map(RelayState::new);

    let signature = match (parameters.raw("SigAlg"), parameters.raw("Signature")) {
        (None, None) => None,
        (Some(raw_algorithm), Some(_)) => {
            let value = parameters.decoded("Signature")?.unwrap_or_default();
            let raw_relay_state = parameters.raw("RelayState");
            Some(QuerySignature {
                signed: signed_octets(name, raw_message, raw_relay_state, raw_algorithm),
                algorithm_uri: parameters.decoded("SigAlg")?.unwrap_or_default(),
                value: base64::decode("Signature", &value, MAX_SIGNATURE_BYTES)?,
            })
        }
        _ => return Err(BindingError::HalfSigned),
    };
    ReceivedMessage::new(Transport::Redirect, xml, signature, relay_state)
}

/// Why a message was not put into a URL.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The endpoint's own query holds a parameter that messages travel in.
    #[error("the endpoint's query holds a SAML parameter")]
    Endpoint,
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The URL that takes `message` to `endpoint`, signed. The document inside has no signature of its
/// own, as the binding demands.
///
/// # Errors
/// [`SendError`].
///
/// Spec: saml-bindings-2.0 §3.4.4.1.
pub fn send<M: ByRedirect>(
    endpoint: &AcsUrl,
    message: &Unsigned<M>,
    relay_state: Option<&RelayState>,
    signer: &dyn Signer,
) -> Result<String, SendError> {
    let mut query = query_of(message, relay_state);
    query.push_str("&SigAlg=");
    form::encode(signer.algorithm().uri(), &mut query);
    let value = sign_octets(query.as_bytes(), signer)?;
    query.push_str("&Signature=");
    form::encode(&base64::encode(&value), &mut query);
    url(endpoint, &query)
}

/// The URL that takes `request` to `endpoint` without a signature, for an identity provider that
/// does not ask for one.
///
/// # Errors
/// [`SendError::Endpoint`].
pub fn send_unsigned(
    endpoint: &AcsUrl,
    request: &Unsigned<AuthnRequest>,
    relay_state: Option<&RelayState>,
) -> Result<String, SendError> {
    url(endpoint, &query_of(request, relay_state))
}

fn query_of<M: ByRedirect>(message: &Unsigned<M>, relay_state: Option<&RelayState>) -> String {
    let mut query = query_of_stream(M::ROLE.parameter(), &deflate(message.as_bytes()));
    if let Some(relay_state) = relay_state {
        query.push_str("&RelayState=");
        form::encode(relay_state.as_str(), &mut query);
    }
    query
}

fn url(endpoint: &AcsUrl, query: &str) -> Result<String, SendError> {
    let own_query = endpoint.as_str().split_once('?').map(|(_, query)| query);
    let clear = Parameters::parse(own_query.unwrap_or(""))
        .and_then(|parameters| parameters.none())
        .is_ok();
    if !clear {
        return Err(SendError::Endpoint);
    }
    let joint = if own_query.is_some() { '&' } else { '?' };
    Ok(format!("{endpoint}{joint}{query}"))
}

/// What a redirect signature covers: values as received, in this order whatever theirs was.
/// RelayState counts exactly when it was there, even empty.
fn signed_octets(name: &str, message: &str, relay_state: Option<&str>, algorithm: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(message.len() + algorithm.len() + 64);
    octets.extend_from_slice(name.as_bytes());
    octets.push(b'=');
    octets.extend_from_slice(message.as_bytes());
    if let Some(relay_state) = relay_state {
        octets.extend_from_slice(b"&RelayState=");
        octets.extend_from_slice(relay_state.as_bytes());
    }
    octets.extend_from_slice(b"&SigAlg=");
    octets.extend_from_slice(algorithm.as_bytes());
    octets
}

/// The query that carries an already deflated message.
pub(crate) fn query_of_stream(name: &str, deflated: &[u8]) -> String {
    let mut query = String::with_capacity(1024);
    query.push_str(name);
    query.push('=');
    form::encode(&base64::encode(deflated), &mut query);
    query
}

/// Inflates a whole raw DEFLATE stream (RFC 1951), never past the limit and with nothing behind it.
///
/// In one call into one buffer: what reads a stream piece by piece keeps and clears a window of
/// 32 KiB for each message, which costs more than a message does.
fn inflate(
    name: &'static str,
    deflated: &[u8],
    limit_bytes: usize,
) -> Result<Vec<u8>, BindingError> {
    // One octet of room past the limit, so that a message of just that size is not cut off.
    let room = limit_bytes + 1;
    let mut state = DecompressorOxide::new();
    let mut out = vec![0; (deflated.len() * 4).clamp(1024, 16 * 1024).min(room)];
    let (mut read, mut written) = (0, 0);
    loop {
        let (status, consumed, produced) = decompress(
            &mut state,
            &deflated[read..],
            &mut out,
            written,
            TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
        );
        read += consumed;
        written += produced;
        if written > limit_bytes {
            return Err(BindingError::TooLarge { limit: limit_bytes });
        }
        match status {
            TINFLStatus::Done if read == deflated.len() => {
                out.truncate(written);
                return Ok(out);
            }
            TINFLStatus::HasMoreOutput if out.len() < room => {
                out.resize((out.len() * 2).min(room), 0);
            }
            _ => return Err(BindingError::Deflate(name)),
        }
    }
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    compress_to_vec(octets, CompressionLevel::BestCompression as u8)
}
