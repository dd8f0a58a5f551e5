//! The parameters of a query or a form, kept as they came in until they are known to be clear.

use super::BindingError;

/// Every parameter that carries a message or speaks of it.
const RESERVED: [&str; 7] = [
    "SAMLRequest",
    "SAMLResponse",
    "SAMLart",
    "RelayState",
    "SAMLEncoding",
    "SigAlg",
    "Signature",
];

/// The SAML parameters of a query or form, undecoded. Others are passed over.
pub(super) struct Parameters<'q> {
    raw: [Option<&'q str>; RESERVED.len()],
}

impl<'q> Parameters<'q> {
    /// Reads `name=value&…`.
    pub(super) fn parse(text: &'q str) -> Result<Self, BindingError> {
        let mut raw = [None; RESERVED.len()];
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A name that cannot be decoded is nobody's SAML parameter.
            let Some(decoded) = decode(name) else {
                continue;
            };
            let known = RESERVED
                .iter()
                .position(|r| r.eq_ignore_ascii_case(decoded.trim()));
            let Some(at) = known else { continue };
            if name != RESERVED[at] {
                return Err(BindingError::Spelling(RESERVED[at]));
            }
            if raw[at].replace(value).is_some() {
                return Err(BindingError::Duplicate(RESERVED[at]));
            }
        }
        Ok(Self { raw })
    }

    /// A parameter's value as it came in.
    pub(super) fn raw(&self, name: &'static str) -> Option<&'q str> {
        let at = RESERVED.iter().position(|r| *r == name);
        self.raw[at.expect("only reserved names are asked for")]
    }

    /// A parameter's value, decoded.
    pub(super) fn decoded(&self, name: &'static str) -> Result<Option<String>, BindingError> {
        match self.raw(name) {
            None => Ok(None),
            Some(raw) => match decode(raw) {
                Some(text) => Ok(Some(text)),
                None => Err(BindingError::Escape(name)),
            },
        }
    }

    /// Checks that none of `names` is there.
    pub(super) fn without(&self, names: &[&'static str]) -> Result<(), BindingError> {
        match names.iter().find(|name| self.raw(name).is_some()) {
            Some(found) => Err(BindingError::Misplaced(found)),
            None => Ok(()),
        }
    }

    /// Checks that no SAML parameter is there at all.
    pub(super) fn none(&self) -> Result<(), BindingError> {
        self.without(&RESERVED)
    }
}

/// Decodes `application/x-www-form-urlencoded` text; `None` when an escape is broken, or the result
/// is not UTF-8 or holds NUL, which no HTML page could carry back.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digit = |at: usize| {
                    let c = char::from(*tail.get(at)?);
                    Some(u8::try_from(c.to_digit(16)?).expect("a digit is below 16"))
                };
                let decoded = digit(0)? << 4 | digit(1)?;
                out.push(decoded);
                rest = &tail[2..];
            }
            other => out.push(other),
        }
    }
    if out.contains(&0) {
        return None;
    }
    String::from_utf8(out).ok()
}

/// Appends `text` escaped for a query: everything but unreserved characters (RFC 3986 §2.3).
pub(super) fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}
