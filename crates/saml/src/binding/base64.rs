//! Base64 as peers write it.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

use super::BindingError;

/// Decodes base64, with or without line breaks. A space is not skipped: in a form it is a `+` that
/// somebody forgot to escape.
pub(super) fn decode(
    name: &'static str,
    text: &str,
    limit_bytes: usize,
) -> Result<Vec<u8>, BindingError> {
    let broken = |_| BindingError::Base64(name);
    let lines = |b: &u8| matches!(b, b'\r' | b'\n');
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
