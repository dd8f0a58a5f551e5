//! HTTP-Redirect: a message in a query, deflated, with its signature beside it.
//!
//! Spec: saml-bindings-2.0 §3.4.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::form::{self, Parameters};
use super::received::ReceivedRequest;
use super::{BindingError, Transport, base64};
use crate::ids::RelayState;
use crate::message::authn_request::AuthnRequest;
use crate::security::sign::{SignError, Signer, Unsigned, sign_octets};
use crate::security::verify::QuerySignature;
use crate::xml::limits::Limits;

/// The one message encoding of this binding.
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Signatures are bounded by the largest key: 8192 bits.
const MAX_SIGNATURE_BYTES: usize = 1024;

/// Receives an AuthnRequest from `query`, the octets between `?` and the end of the request target
/// as they stood on the wire: the signature covers those, so nobody may decode them before.
///
/// # Errors
/// [`BindingError`]: nothing is known of the sender; show a page.
///
/// Spec: saml-bindings-2.0 §3.4.4.1.
pub fn receive(query: &str, limits: &Limits) -> Result<ReceivedRequest, BindingError> {
    let parameters = Parameters::parse(query)?;
    let Some(raw_request) = parameters.raw("SAMLRequest") else {
        return Err(match parameters.raw("SAMLResponse") {
            Some(_) => BindingError::NotARequest,
            None => BindingError::NoMessage,
        });
    };
    parameters.without(&["SAMLResponse", "SAMLart"])?;
    if parameters
        .decoded("SAMLEncoding")?
        .is_some_and(|encoding| encoding != DEFLATE)
    {
        return Err(BindingError::Encoding);
    }

    // Deflate can grow incompressible octets by a few bytes per block of 64 KiB.
    let limit = limits.bytes + 1024;
    let encoded = parameters.decoded("SAMLRequest")?.unwrap_or_default();
    let xml = inflate(&base64::decode("SAMLRequest", &encoded, limit)?, limits)?;
    let relay_state = parameters.decoded("RelayState")?.map(RelayState::new);

    let signature = match (parameters.raw("SigAlg"), parameters.raw("Signature")) {
        (None, None) => None,
        (Some(raw_algorithm), Some(_)) => {
            let value = parameters.decoded("Signature")?.unwrap_or_default();
            Some(QuerySignature {
                signed: signed_octets(raw_request, parameters.raw("RelayState"), raw_algorithm),
                algorithm_uri: parameters.decoded("SigAlg")?.unwrap_or_default(),
                value: base64::decode("Signature", &value, MAX_SIGNATURE_BYTES)?,
            })
        }
        _ => return Err(BindingError::HalfSigned),
    };
    ReceivedRequest::new(Transport::Redirect, xml, signature, relay_state, limits)
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

/// The URL that takes `request` to `endpoint`, signed when there is a signer. An unsigned document
/// has no enveloped signature, as the binding demands.
///
/// # Errors
/// [`SendError`].
///
/// Spec: saml-bindings-2.0 §3.4.4.1.
pub fn send(
    endpoint: &str,
    request: &Unsigned<AuthnRequest>,
    relay_state: Option<&RelayState>,
    signer: Option<&dyn Signer>,
) -> Result<String, SendError> {
    let own_query = endpoint.split_once('?').map(|(_, query)| query);
    let clear = Parameters::parse(own_query.unwrap_or(""))
        .and_then(|parameters| parameters.none())
        .is_ok();
    if !clear {
        return Err(SendError::Endpoint);
    }
    let mut query = String::with_capacity(1024);
    query.push_str("SAMLRequest=");
    form::encode(&base64::encode(&deflate(request.as_bytes())), &mut query);
    if let Some(relay_state) = relay_state {
        query.push_str("&RelayState=");
        form::encode(relay_state.as_str(), &mut query);
    }
    if let Some(signer) = signer {
        query.push_str("&SigAlg=");
        form::encode(signer.algorithm().uri(), &mut query);
        let value = sign_octets(query.as_bytes(), signer)?;
        query.push_str("&Signature=");
        form::encode(&base64::encode(&value), &mut query);
    }
    let joint = if own_query.is_some() { '&' } else { '?' };
    Ok(format!("{endpoint}{joint}{query}"))
}

/// What a redirect signature covers: values as received, in this order whatever theirs was.
/// RelayState counts exactly when it was there, even empty.
fn signed_octets(request: &str, relay_state: Option<&str>, algorithm: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(request.len() + algorithm.len() + 64);
    octets.extend_from_slice(b"SAMLRequest=");
    octets.extend_from_slice(request.as_bytes());
    if let Some(relay_state) = relay_state {
        octets.extend_from_slice(b"&RelayState=");
        octets.extend_from_slice(relay_state.as_bytes());
    }
    octets.extend_from_slice(b"&SigAlg=");
    octets.extend_from_slice(algorithm.as_bytes());
    octets
}

/// The query that carries an already deflated stream, for the fuzz target of the inflater.
pub(crate) fn query_of_stream(deflated: &[u8]) -> String {
    let mut query = "SAMLRequest=".to_owned();
    form::encode(&base64::encode(deflated), &mut query);
    query
}

/// Inflates a whole raw DEFLATE stream (RFC 1951), never past the limit and with nothing behind it.
fn inflate(deflated: &[u8], limits: &Limits) -> Result<Vec<u8>, BindingError> {
    let mut stream = Decompress::new(false);
    let mut out = Vec::with_capacity((deflated.len() * 4).clamp(1024, 16 * 1024));
    loop {
        let consumed = usize::try_from(stream.total_in()).expect("no more than was given");
        let before = (stream.total_in(), stream.total_out());
        // Not Finish: some inflaters give up for good when that finds too little room.
        let status = stream
            .decompress_vec(&deflated[consumed..], &mut out, FlushDecompress::None)
            .map_err(|_| BindingError::Deflate)?;
        if out.len() > limits.bytes {
            return Err(BindingError::TooLarge {
                limit: limits.bytes,
            });
        }
        if status == Status::StreamEnd {
            let consumed = usize::try_from(stream.total_in()).expect("no more than was given");
            return if consumed == deflated.len() {
                Ok(out)
            } else {
                Err(BindingError::Deflate)
            };
        }
        if out.len() < out.capacity() && before == (stream.total_in(), stream.total_out()) {
            return Err(BindingError::Deflate);
        }
        out.reserve(out.capacity().min(limits.bytes + 1 - out.len()).max(1));
    }
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(octets.len()), Compression::best());
    encoder
        .write_all(octets)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}
