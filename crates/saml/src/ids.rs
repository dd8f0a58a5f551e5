//! The identifiers of SAML, each parsed once at the edge and compared byte for byte after.

use std::fmt;

use crate::time::Random;
use crate::xml::names::{collapse, is_ncname, is_xml_text};

/// Why a string is not the identifier it was read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty.
    #[error("{what} is empty")]
    Empty {
        /// The identifier's name.
        what: &'static str,
    },
    /// Too long.
    #[error("{what} has {length} characters; at most {limit} are allowed")]
    TooLong {
        /// The identifier's name.
        what: &'static str,
        /// Characters found.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// Of the wrong form.
    #[error("{what} {found:?} is not {expected}")]
    Form {
        /// The identifier's name.
        what: &'static str,
        /// The value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:expr, $check:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Parses the identifier; nothing is trimmed or folded.
            ///
            /// # Errors
            /// [`IdError`] when it is empty, too long or of the wrong form.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                if text.is_empty() {
                    return Err(IdError::Empty { what: $what });
                }
                let length = text.chars().count();
                if length > $limit {
                    return Err(IdError::TooLong { what: $what, length, limit: $limit });
                }
                let check: fn(&str) -> bool = $check;
                if !check(text) {
                    return Err(IdError::Form {
                        what: $what,
                        found: text.chars().take(200).collect(),
                        expected: $expected,
                    });
                }
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier!(
    /// An entity's name: a URI of at most 1024 characters (saml-core §8.3.6).
    EntityId, "entity ID", 1024, is_entity_name,
    "text without control or invisible characters, and without white space but single spaces inside"
);
identifier!(
    /// The ID of a message or assertion: an `xs:ID` (saml-core §1.3.4).
    MessageId, "message ID", 1024, is_ncname, "an XML name without a colon"
);
identifier!(
    /// Where a message is sent, such as an assertion consumer service: an absolute `http` or `https`
    /// URL without a fragment.
    AcsUrl, "endpoint location", 4096, is_web_url,
    "an absolute http or https URL without user info, fragment, spaces or control characters"
);
identifier!(
    /// The IdP's name for a session at one SP (saml-core §2.7.2).
    SessionIndex, "session index", 256, is_xml_text, "text XML can carry"
);

impl EntityId {
    /// Reads the name of an entity as XML has it, in Issuer, entityID and wherever else it stands: the
    /// white space around it is none of it.
    ///
    /// # Errors
    /// As [`EntityId::parse`].
    pub fn read(text: &str) -> Result<Self, IdError> {
        Self::parse(collapse(text))
    }

    /// What [`EntityId::parse_own`] takes.
    pub const OWN: &'static str =
        "an absolute URI of at most 256 characters, such as https://idp.example.org/saml";

    /// Parses a name that is given to an entity of one's own, of which more is asked than of
    /// another's: an absolute URI of at most 256 characters (SDP-G02, SDP-G04).
    ///
    /// # Errors
    /// [`IdError`].
    pub fn parse_own(text: &str) -> Result<Self, IdError> {
        const WHAT: &str = "entity ID";
        let length = text.chars().count();
        if length > 256 {
            return Err(IdError::TooLong {
                what: WHAT,
                length,
                limit: 256,
            });
        }
        let id = Self::parse(text)?;
        if !is_absolute_uri(text) {
            return Err(IdError::Form {
                what: WHAT,
                found: text.to_owned(),
                expected: Self::OWN,
            });
        }
        Ok(id)
    }
}

impl MessageId {
    /// A new ID: `_` and 160 random bits in hex. saml-core §1.3.4 asks for at least 128 and
    /// advises 160, which is more than a UUID holds.
    pub fn random(random: &mut dyn Random) -> Self {
        Self(random_name(random))
    }
}

impl SessionIndex {
    /// A new index: `_` and 160 random bits in hex, so that it cannot be guessed or linked.
    pub fn random(random: &mut dyn Random) -> Self {
        Self(random_name(random))
    }
}

/// `_` and 160 random bits in lower-case hex: an `xs:ID` nobody can guess.
pub fn random_name(random: &mut dyn Random) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; 20];
    random.fill(&mut bytes);
    let mut name = String::with_capacity(41);
    name.push('_');
    for byte in bytes {
        name.push(char::from(HEX[usize::from(byte >> 4)]));
        name.push(char::from(HEX[usize::from(byte & 15)]));
    }
    name
}

/// Whether `text` is a URI with a scheme: nothing else about it is asked, so names such as
/// `urn:mace:dir:attribute-def:mail` and international ones pass.
pub fn is_absolute_uri(text: &str) -> bool {
    is_plain(text)
        && is_xml_text(text)
        && text.split_once(':').is_some_and(|(scheme, rest)| {
            !rest.is_empty()
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        })
}

/// What the SP wants back with the answer: opaque, returned byte for byte, never looked into.
///
/// It has no `Display` and a `Debug` without content, since it may hold anything.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayState(String);

impl RelayState {
    /// Takes RelayState of any length; the caller's policy bounds it (saml-bindings §3.4.3 asks
    /// senders for at most 80 bytes).
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the answer that carries it back.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RelayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelayState({} bytes)", self.0.len())
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains(' ') && is_entity_name(text)
}

/// A space inside is in no URI, and in the names of some products all the same.
fn is_entity_name(text: &str) -> bool {
    let is_hidden = |c: char| (c.is_whitespace() && c != ' ') || c.is_control() || is_invisible(c);
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    !spaced && !text.chars().any(is_hidden)
}

/// Characters of Unicode's category Cf: they show nothing, or turn the direction of what stands
/// around them, so that two names can look the same.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
        | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E007F}')
}

/// Whether `text` is an absolute `http` or `https` URL that every parser reads the same way.
pub fn is_web_url(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return false;
    };
    let authority = rest.split(['/', '?']).next().unwrap_or("");
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((host, rest)) => (host, rest),
            None => return false,
        },
        None => match authority.find(':') {
            Some(at) => authority.split_at(at),
            None => (authority, ""),
        },
    };
    let port_ok = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|p| p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()));
    is_plain(text)
        && !host.is_empty()
        && port_ok
        && !authority.contains('@')
        && !text.contains(['#', '\\', '<', '>', '"', '`', '{', '}', '|', '^'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    struct Counter(u64);
    impl Random for Counter {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                self.0 = self
                    .0
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = (self.0 >> 33) as u8;
            }
        }
    }

    /// Proves AV-RSP-01 for the generator: `xs:ID`, 160 bits, unique over a million.
    #[test]
    fn av_rsp_01_ids_are_names_of_160_bits() {
        let mut random = Counter(1);
        let mut seen = HashSet::new();
        for _ in 0..1_000_000 {
            let name = random_name(&mut random);
            assert!(name.len() == 41 && name.starts_with('_'));
            assert!(seen.insert(name));
        }
        let id = MessageId::random(&mut random);
        assert_eq!(MessageId::parse(id.as_str()), Ok(id));
    }

    /// Proves SDP-G02, SDP-G04: what names an entity of ours is a URI and short.
    #[test]
    fn sdp_g02_sdp_g04_an_own_entity_id_is_a_short_absolute_uri() {
        let longest = format!("urn:{}", "x".repeat(252));
        for good in ["https://idp.example.org/saml", "urn:example:idp", &longest] {
            EntityId::parse_own(good).expect(good);
        }
        for bad in [
            "",
            "idp",
            "idp.example.org/saml",
            ":x",
            "urn:",
            "1a:b",
            "urn:a b",
            "urn:\u{FFFE}",
            &format!("{longest}x"),
        ] {
            assert!(EntityId::parse_own(bad).is_err(), "{bad}");
        }
    }

    /// Proves AV-SEC-54 for locations: only http and https, one reading.
    #[test]
    fn av_sec_54_locations_are_plain_web_urls() {
        for bad in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:///x",
            "//sp.example/x",
            "https://user@sp.example/",
            "https://sp.example/#f",
            "https://sp.example:x/",
            " https://sp.example/",
            "https://sp.example/a b",
            "https://sp.example\\@evil.example/",
            "HTTPS://sp.example/",
            "https://[::1/",
        ] {
            assert!(AcsUrl::parse(bad).is_err(), "{bad}");
        }
        for good in [
            "https://sp.example/acs?x=1",
            "http://127.0.0.1:8080/acs",
            "https://[::1]:8443/acs",
        ] {
            AcsUrl::parse(good).expect(good);
        }
    }
}
