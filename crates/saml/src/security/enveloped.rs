//! The one shape of signature that SAML allows in a document, checked before anything is computed.
//!
//! The Signature is a direct child of the root. It has one SignedInfo, SignatureValue and Reference;
//! the Reference names the root by its `ID`, which no other element has; its transforms are the
//! enveloped-signature transform and then exclusive canonicalisation. Whatever else XML Signature
//! could express is refused by its name alone, so a stylesheet or an XPath never runs.
//!
//! Spec: saml-core-2.0 §5.4, SAML errata E91, XML Signature 1.1 §4.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::algorithm::{AlgorithmPolicy, DigestAlgorithm, SignatureAlgorithm};
use super::verify_error::VerifyError;
use super::xmlsec::{Attribute, Document, Kind, Node};
use crate::xml::names::{DS, MD, SAML, SAMLP, XML, is_ncname};

/// Identifier of exclusive canonicalisation without comments, and the namespace of its parameters.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The same with comments, which saml-core §5.4.3 allows beside it.
const WITH_COMMENTS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";

fn is_exclusive(uri: &str) -> bool {
    uri == EXCLUSIVE || uri == WITH_COMMENTS
}
/// Identifier of the transform that takes the signature itself out.
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// A signature of the right shape.
pub(super) struct Enveloped<'d> {
    pub(super) root: Node<'d>,
    pub(super) signature: Node<'d>,
    pub(super) signed_info: Node<'d>,
    /// CanonicalizationMethod, whose parameters are checked.
    pub(super) canonicalization: Node<'d>,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) digest: DigestAlgorithm,
    /// The decoded SignatureValue.
    pub(super) value: Vec<u8>,
}

/// Checks the shape of the root's signature and registers the root's ID.
pub(super) fn check<'d>(
    document: &'d Document,
    policy: &AlgorithmPolicy,
) -> Result<Enveloped<'d>, VerifyError> {
    let root = document.root().ok_or(VerifyError::NotSigned)?;
    let mut signatures = root.children().filter(|child| child.is(DS, "Signature"));
    let signature = signatures.next().ok_or(VerifyError::NotSigned)?;
    if signatures.next().is_some() {
        return Err(VerifyError::Shape("more than one Signature in the root"));
    }
    check_place(root, signature)?;

    let id = root_id(root)?;
    check_ids(root)?;

    let [signed_info, signature_value, rest @ ..] = &elements(signature)?[..] else {
        return Err(VerifyError::Shape(
            "Signature without SignedInfo and SignatureValue",
        ));
    };
    expect(*signed_info, "SignedInfo")?;
    expect(*signature_value, "SignatureValue")?;
    match rest {
        [] => {}
        [key_info] if key_info.is(DS, "KeyInfo") => {}
        _ => {
            return Err(VerifyError::Shape(
                "Signature with an Object or anything else beside SignedInfo, SignatureValue and KeyInfo",
            ));
        }
    }

    let [canonicalization, method, reference] = elements(*signed_info)?[..] else {
        return Err(VerifyError::Shape(
            "SignedInfo does not hold exactly CanonicalizationMethod, SignatureMethod and one Reference",
        ));
    };
    expect(canonicalization, "CanonicalizationMethod")?;
    expect(method, "SignatureMethod")?;
    expect(reference, "Reference")?;
    check_exclusive(canonicalization)?;
    let algorithm = algorithm_of(method)?;
    let algorithm = SignatureAlgorithm::from_uri(algorithm)
        .filter(|known| policy.permits_signature(*known))
        .ok_or_else(|| VerifyError::SignatureAlgorithm(algorithm.to_owned()))?;
    expect_empty(method)?;

    let digest = check_reference(reference, id.1, policy)?;
    let value = decoded(*signature_value)?;
    if !document.register_id(id.0) {
        return Err(VerifyError::Ids(id.1.to_owned()));
    }
    Ok(Enveloped {
        root,
        signature,
        signed_info: *signed_info,
        canonicalization,
        algorithm,
        digest,
        value,
    })
}

/// In a message or assertion the Signature comes right after Issuer. Metadata in the wild has it
/// anywhere in the root.
fn check_place(root: Node<'_>, signature: Node<'_>) -> Result<(), VerifyError> {
    match root.ns() {
        MD => Ok(()),
        SAMLP | SAML => {
            let mut elements = root
                .children()
                .filter(|child| child.kind() == Kind::Element);
            let issuer = elements.next();
            let second = elements.next();
            let after_issuer = issuer.is_some_and(|first| first.is(SAML, "Issuer"))
                && second.is_some_and(|second| second.is(signature.ns(), signature.local()));
            if after_issuer {
                Ok(())
            } else {
                Err(VerifyError::Shape(
                    "the Signature does not come right after Issuer",
                ))
            }
        }
        _ => Err(VerifyError::Shape(
            "the root is no SAML message, assertion or metadata",
        )),
    }
}

fn root_id<'d>(root: Node<'d>) -> Result<(Attribute<'d>, &'d str), VerifyError> {
    let id = root
        .attributes()
        .find(|attribute| attribute.ns().is_empty() && attribute.local() == "ID")
        .ok_or(VerifyError::Shape("the root has no ID"))?;
    match id.value() {
        Some(value) if is_ncname(value) => Ok((id, value)),
        _ => Err(VerifyError::Shape("the root's ID is not an XML name")),
    }
}

/// Every `ID` is unique, and nothing that another reader could take for an ID repeats one: `Id`,
/// `id`, an `ID` in a namespace. `xml:id` is refused, since libxml2 takes it for one.
fn check_ids(root: Node<'_>) -> Result<(), VerifyError> {
    let mut ids = HashSet::new();
    let mut lookalikes = Vec::new();
    let mut open = vec![root];
    while let Some(element) = open.pop() {
        let mut own = 0;
        for attribute in element.attributes() {
            if !attribute.local().eq_ignore_ascii_case("id") {
                continue;
            }
            let Some(value) = attribute.value() else {
                return Err(VerifyError::Ids(String::new()));
            };
            own += 1;
            let plain = attribute.ns().is_empty() && attribute.local() == "ID";
            if own > 1 || attribute.ns() == XML || (plain && !ids.insert(value)) {
                return Err(VerifyError::Ids(value.to_owned()));
            }
            if !plain {
                lookalikes.push(value);
            }
        }
        open.extend(
            element
                .children()
                .filter(|child| child.kind() == Kind::Element),
        );
    }
    match lookalikes.into_iter().find(|value| ids.contains(value)) {
        Some(twin) => Err(VerifyError::Ids(twin.to_owned())),
        None => Ok(()),
    }
}

fn check_reference(
    reference: Node<'_>,
    root_id: &str,
    policy: &AlgorithmPolicy,
) -> Result<DigestAlgorithm, VerifyError> {
    let uri = reference.attribute("URI").unwrap_or_default();
    if uri.strip_prefix('#') != Some(root_id) {
        return Err(VerifyError::Reference(uri.to_owned()));
    }
    let [transforms, digest_method, digest_value] = elements(reference)?[..] else {
        return Err(VerifyError::Shape(
            "Reference does not hold exactly Transforms, DigestMethod and DigestValue",
        ));
    };
    expect(transforms, "Transforms")?;
    expect(digest_method, "DigestMethod")?;
    expect(digest_value, "DigestValue")?;

    let transforms = elements(transforms)?;
    for transform in &transforms {
        expect(*transform, "Transform")?;
        let uri = algorithm_of(*transform)?;
        if uri != ENVELOPED && !is_exclusive(uri) {
            return Err(VerifyError::Transform(uri.to_owned()));
        }
    }
    let [enveloped, exclusive] = transforms[..] else {
        return Err(VerifyError::Shape(
            "the transforms are not enveloped-signature and then exclusive canonicalization",
        ));
    };
    if algorithm_of(enveloped)? != ENVELOPED {
        return Err(VerifyError::Shape(
            "the first transform is not enveloped-signature",
        ));
    }
    expect_empty(enveloped)?;
    check_exclusive(exclusive)?;

    let uri = algorithm_of(digest_method)?;
    let digest = DigestAlgorithm::from_uri(uri)
        .filter(|known| policy.permits_digest(*known))
        .ok_or_else(|| VerifyError::DigestAlgorithm(uri.to_owned()))?;
    expect_empty(digest_method)?;
    if decoded(digest_value)?.len() != digest.message_digest().size() {
        return Err(VerifyError::Value("DigestValue has the wrong length"));
    }
    Ok(digest)
}

/// Most octets of a PrefixList, and most prefixes in it. Every one of them is looked up for every
/// element of the document, before anything tells whether the signature is anybody's.
const PREFIX_LIST_BYTES: usize = 1024;
const PREFIXES: usize = 32;

/// Exclusive canonicalisation, at most with a short list of prefixes.
fn check_exclusive(method: Node<'_>) -> Result<(), VerifyError> {
    let uri = algorithm_of(method)?;
    if !is_exclusive(uri) {
        return Err(VerifyError::Canonicalization(uri.to_owned()));
    }
    match elements(method)?[..] {
        [] => Ok(()),
        [inclusive] if inclusive.is(EXCLUSIVE, "InclusiveNamespaces") => {
            expect_empty(inclusive)?;
            check_prefixes(inclusive.attribute("PrefixList").unwrap_or_default())
        }
        _ => Err(VerifyError::Shape(
            "canonicalization with unknown parameters",
        )),
    }
}

fn check_prefixes(list: &str) -> Result<(), VerifyError> {
    let mut distinct = HashSet::new();
    let short = list.len() <= PREFIX_LIST_BYTES;
    if short
        && list
            .split_ascii_whitespace()
            .all(|name| is_prefix(name) && distinct.insert(name))
        && distinct.len() <= PREFIXES
    {
        return Ok(());
    }
    Err(VerifyError::Shape(
        "a PrefixList that is not at most 32 different prefixes in 1024 bytes",
    ))
}

fn is_prefix(name: &str) -> bool {
    name == "#default" || is_ncname(name)
}

fn algorithm_of(method: Node<'_>) -> Result<&str, VerifyError> {
    method
        .attribute("Algorithm")
        .ok_or(VerifyError::Shape("a method without Algorithm"))
}

fn expect(node: Node<'_>, local: &'static str) -> Result<(), VerifyError> {
    if node.is(DS, local) {
        Ok(())
    } else {
        Err(VerifyError::Shape(
            "an element of Signature is out of place",
        ))
    }
}

/// A method that takes no parameters has none: HMACOutputLength shortens what is compared.
fn expect_empty(node: Node<'_>) -> Result<(), VerifyError> {
    if elements(node)?.is_empty() {
        Ok(())
    } else {
        Err(VerifyError::Shape(
            "an algorithm has parameters that it does not take",
        ))
    }
}

/// The child elements, between which only white space may stand.
fn elements(parent: Node<'_>) -> Result<Vec<Node<'_>>, VerifyError> {
    let mut found = Vec::with_capacity(4);
    for child in parent.children() {
        match child.kind() {
            Kind::Element => found.push(child),
            Kind::Text if child.text().bytes().all(|byte| byte.is_ascii_whitespace()) => {}
            Kind::Text | Kind::Other => {
                return Err(VerifyError::Shape(
                    "text, a comment or an instruction between the elements of Signature",
                ));
            }
        }
    }
    Ok(found)
}

/// Base64 in one run of text. A comment, CDATA section or element inside it makes two readers see
/// two values.
fn decoded(node: Node<'_>) -> Result<Vec<u8>, VerifyError> {
    let mut packed = Vec::new();
    for child in node.children() {
        if child.kind() != Kind::Text {
            return Err(VerifyError::Value(
                "DigestValue or SignatureValue is not plain text",
            ));
        }
        let text = child.text().bytes();
        packed.extend(text.filter(|byte| !byte.is_ascii_whitespace()));
    }
    BASE64
        .decode(packed)
        .map_err(|_| VerifyError::Value("DigestValue or SignatureValue is not base64"))
}
