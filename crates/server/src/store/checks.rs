//! Checks as the event log stores them. A sign-on's event is most of what it writes, and most of
//! that is the same few sentences again: each is stored as its number in [`WORDS`].
//!
//! Shape: a JSON array with one array for each check, `[name, passed, expected, received, source]`.
//! `passed` is 0 or 1. A text is a string, or the number of a known one; `null` for what came means
//! that it was what was expected.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::audit::Check;

/// Texts that have a number, which is their place here. What is stored refers to it: add at the end
/// only, and change or remove nothing. A text that the flow no longer says stays readable, and one
/// that is not here is stored in full.
const WORDS: &[&str] = &[
    "",
    "signature",
    "signed by the SP",
    "signed by the SP, or not at all",
    "signed",
    "not signed",
    "no rule: not the app's settings, its metadata or saml.want_authn_requests_signed",
    "Destination",
    "the public URL",
    "IssueInstant",
    "saml.request_lifetime_seconds",
    "assertion consumer service",
    "the default",
    "metadata of the app",
    "NameIDPolicy",
    "NameIDPolicy and Subject",
    "any for any",
    "NameID formats of the app",
    "session",
    "a session that will do",
    "a session that will do, or a login",
    "a session that will do without interaction",
    "no session",
    "the session",
    "authentication context",
    "any",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "RequestedAuthnContext and the contexts the app permits",
    "user is active",
    "active",
    "deactivated",
    "the user",
    "app is not blocked",
    "not blocked",
    "installed",
    "the app's local policy",
    "app is installed",
    "user is permitted",
    "any active user",
    "a profile or permission set that lists the app",
    "permitted users of the app's local policy",
    "attributes",
    "the app's rows and what its metadata asks for",
    "the app's attribute rows",
    "attribute held back",
    "rows whose conditions hold, values that may be sent",
    "encryption",
    "a usable key of the SP",
    "a usable key of the SP, or none published",
    "the service provider publishes no encryption key",
    "the app's settings and metadata",
    "signature of the answer",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "assertion",
    "response",
    "assertion and response",
    "IsPassive",
    "password",
    "the user's",
    "another one",
    "right",
    "the local directory",
    "throttle",
    "no wait",
    "login.*_failures",
    "request ID",
    "not seen before",
    "used before",
    "requests remembered",
    "service provider",
    "connected apps",
    "the app's settings",
    "RelayState",
];

/// A text, or the number of a known one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Word<'a> {
    Known(usize),
    Text(Cow<'a, str>),
}

type CheckRow<'a> = (Word<'a>, u8, Word<'a>, Option<Word<'a>>, Word<'a>);

impl<'a> Word<'a> {
    fn of(text: &'a str) -> Self {
        // By length, which tells nearly all of them apart and costs no hash.
        static BY_LENGTH: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
            let longest = WORDS.iter().map(|word| word.len()).max().unwrap_or(0);
            let mut by_length = vec![Vec::new(); longest + 1];
            for (number, word) in WORDS.iter().enumerate() {
                by_length[word.len()].push(number);
            }
            by_length
        });
        let same_length = BY_LENGTH.get(text.len()).map_or(&[][..], Vec::as_slice);
        match same_length.iter().find(|number| WORDS[**number] == text) {
            Some(number) => Self::Known(*number),
            None => Self::Text(Cow::Borrowed(text)),
        }
    }

    fn text(self) -> Result<Cow<'static, str>, Unreadable> {
        match self {
            Self::Known(number) => match WORDS.get(number) {
                Some(word) => Ok(Cow::Borrowed(*word)),
                None => Err(Unreadable::Word(number)),
            },
            Self::Text(text) => Ok(Cow::Owned(text.into_owned())),
        }
    }
}

/// Why stored checks cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// Not of the shape that is written.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// A number nothing is known of.
    #[error("text {0} is not known: a later version wrote it")]
    Word(usize),
}

/// The stored form of `checks`.
pub(super) fn write(checks: &[Check]) -> String {
    let rows: Vec<CheckRow<'_>> = checks
        .iter()
        .map(|check| {
            let as_expected = check.received == check.expected;
            (
                Word::of(&check.name),
                u8::from(check.passed),
                Word::of(&check.expected),
                (!as_expected).then(|| Word::of(&check.received)),
                Word::of(&check.source),
            )
        })
        .collect();
    serde_json::to_string(&rows).expect("texts and numbers are JSON")
}

/// Reads the stored form.
///
/// # Errors
/// [`Unreadable`].
pub(super) fn read(stored: &str) -> Result<Vec<Check>, Unreadable> {
    let rows: Vec<CheckRow<'_>> = serde_json::from_str(stored)?;
    rows.into_iter()
        .map(|(name, passed, expected, received, source)| {
            let expected = expected.text()?;
            Ok(Check {
                name: name.text()?,
                passed: passed != 0,
                received: match received {
                    Some(received) => received.text()?,
                    None => expected.clone(),
                },
                expected,
                source: source.text()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn check(expected: &str, received: &str) -> Check {
        Check {
            name: "Destination".into(),
            passed: true,
            expected: expected.to_owned().into(),
            received: received.to_owned().into(),
            source: "a source nobody numbered".into(),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let all = [
            check("", ""),
            check("any", ""),
            check("", "any"),
            check("Ünï <&> \"q\" 漢字", "\u{2028}\\ 17"),
            check("17", "null"),
            check("the same", "the same"),
        ];
        assert_eq!(read(&write(&all)).expect("reads"), all);
    }

    #[test]
    fn known_texts_are_numbers() {
        assert_eq!(
            write(&[check("any", "any"), check("any", "other")]),
            r#"[[7,1,25,null,"a source nobody numbered"],[7,1,25,"other","a source nobody numbered"]]"#
        );
    }

    #[test]
    fn what_nobody_wrote_is_told() {
        for bad in ["", "{}", "[[1]]", "[[1,1,1,1,true]]", "[[1,1,1,1,-1]]"] {
            assert!(matches!(read(bad), Err(Unreadable::Shape(_))), "{bad}");
        }
        assert!(matches!(
            read("[[1,1,1,1,65535]]"),
            Err(Unreadable::Word(65535))
        ));
    }

    #[test]
    fn numbers_are_unambiguous_and_keep_their_meaning() {
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), WORDS.len());
        for (number, word) in [
            (0, ""),
            (25, "any"),
            (39, "any active user"),
            (76, "RelayState"),
        ] {
            assert_eq!(WORDS[number], word);
        }
    }
}
