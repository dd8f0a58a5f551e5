//! The parameters of a query or a form, kept as they came in until they are known to be clear.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

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
    // Where the escapes are is looked at first: the decoder would leave a broken one as it is.
    let whole = |behind: &str| {
        let digits = behind.as_bytes().get(..2);
        digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(whole) {
        return None;
    }
    // Into room made once: the decoder by itself would grow it again and again.
    let mut out = Vec::with_capacity(text.len());
    for (n, words) in text.split('+').enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        out.extend(percent_decode_str(words));
    }
    String::from_utf8(out)
        .ok()
        .filter(|text| !text.contains('\0'))
}

/// All but unreserved characters (RFC 3986 §2.3).
const RESERVED_IN_QUERIES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Appends `text` escaped for a query: everything but unreserved characters.
pub(super) fn encode(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, RESERVED_IN_QUERIES));
}
