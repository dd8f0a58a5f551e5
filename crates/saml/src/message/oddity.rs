//! What peers write beside the standards, is read all the same, and is told to who looks.

use super::content::{is_zoneless, present};
use crate::xml::names::SAML;
use crate::xml::reader::Element;

/// Something in a request that the standards do not have, with what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// `IssueInstant` says of no zone; it was taken for UTC. With its text.
    NoZone(String),
    /// A NameID format that no standard has; it was taken for the one of SAML 1.1 by the same name.
    NoSuchFormat(String),
    /// The Issuer's NameQualifier repeats the issuer.
    QualifiedIssuer,
}

/// The URIs of NameID formats that do not exist, under the number of SAML 2.0.
const NO_SUCH_FORMATS: [&str; 2] = [
    "urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:emailAddress",
];

/// What is odd about a request that reads. `formats` are the formats that it names.
pub(super) fn of_request<'e>(
    root: &'e Element,
    formats: impl IntoIterator<Item = &'e Element>,
) -> Vec<Oddity> {
    let mut found = Vec::new();
    if is_zoneless(root, "IssueInstant") {
        let text = present(root, "IssueInstant").unwrap_or_default();
        found.push(Oddity::NoZone(text.to_owned()));
    }
    let named = formats.into_iter().filter_map(|e| present(e, "Format"));
    for format in named.filter(|format| NO_SUCH_FORMATS.contains(format)) {
        found.push(Oddity::NoSuchFormat(format.to_owned()));
    }
    let issuer = root.first(SAML, "Issuer");
    if issuer.is_some_and(|issuer| present(issuer, "NameQualifier").is_some()) {
        found.push(Oddity::QualifiedIssuer);
    }
    found
}
