//! Base64 as peers write it.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

use super::BindingError;

/// Decodes base64 in a query, with or without line breaks. A space is not skipped: it is a `+` that
/// somebody forgot to escape.
pub(super) fn decode(
    name: &'static str,
    text: &str,
    limit_bytes: usize,
) -> Result<Vec<u8>, BindingError> {
    decode_without(|b| matches!(b, b'\r' | b'\n'), name, text, limit_bytes)
}

/// Decodes base64 of a document, in whose lines any white space may stand (RFC 2045 §6.8): a hidden
/// field is often broken and indented.
pub(super) fn decode_document(
    name: &'static str,
    text: &str,
    limit_bytes: usize,
) -> Result<Vec<u8>, BindingError> {
    decode_without(|b| b.is_ascii_whitespace(), name, text, limit_bytes)
}

fn decode_without(
    lines: impl Fn(&u8) -> bool,
    name: &'static str,
    text: &str,
    limit_bytes: usize,
) -> Result<Vec<u8>, BindingError> {
    let broken = |_| BindingError::Base64(name);
    let length = text.len() - text.bytes().filter(|b| lines(b)).count();
    if length / 4 * 3 > limit_bytes.saturating_add(2) {
        return Err(BindingError::TooLarge { limit: limit_bytes });
    }
    if length == text.len() {
        return STANDARD.decode(text).map_err(broken);
    }
    let joined: Vec<u8> = text.bytes().filter(|b| !lines(b)).collect();
    STANDARD.decode(joined).map_err(broken)
}

/// Encodes without line breaks.
pub(super) fn encode(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}
