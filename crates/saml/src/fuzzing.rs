//! Bodies of the fuzz targets, one a parser, so that a plain test can replay their corpus.
//!
//! Each takes whatever octets come; it must not panic, and what it accepts must obey the rule
//! that its comment names.

use crate::binding::{ReceivedMessage, post, redirect};
use crate::ids::{AcsUrl, EntityId, MessageId, SessionIndex};
use crate::message::artifact_resolve::{ArtifactResolve, ReceivedArtifactResolve};
use crate::message::assertion::Assertion;
use crate::message::authn_request::AuthnRequest;
use crate::message::identifier::SubjectIdentifier;
use crate::message::kind::{Incoming, Message as _};
use crate::message::logout_request::{
    LogoutReason, LogoutRequest, Principal, ReceivedLogoutRequest,
};
use crate::message::logout_response::{LogoutOutcome, LogoutResponse, ReceivedLogoutResponse};
use crate::message::response::{ReceivedAssertion, ReceivedOutcome, ReceivedResponse};
use crate::metadata::{IdpMetadata, Reading, SpMetadata, for_each_entity};
use crate::name_id::{MailAddress, NameId, ReceivedNameId};
use crate::security::algorithm::AlgorithmPolicy;
use crate::security::certificate::{Certificate, PrivateKey, PublicKey};
use crate::security::encrypt::decrypt_element;
use crate::security::verify::verify_enveloped;
use crate::status::{SecondStatus, Status, TopStatus};
use crate::time::{Timestamp, parse_duration_seconds};
use crate::xml::limits::Limits;
use crate::xml::names::{is_ncname, is_xml_text};
use crate::xml::reader::{self, Element};

/// 2026-03-01T12:00:00Z: the present, to the fuzz targets.
const NOW: Timestamp = Timestamp::from_millis(1_772_366_400_000);

/// The bounds of metadata are for whole federations; the fuzzer need not fill memory to learn that.
const METADATA: Limits = Limits {
    bytes: 1 << 20,
    nodes: 100_000,
    signed_nodes: 100_000,
    ..Limits::METADATA
};

const READING: Reading = Reading {
    now: NOW,
    skew_seconds: 180,
    limits: METADATA,
    horizon_seconds: None,
};

/// [`reader::parse`]: nothing over the bounds is accepted.
pub fn xml_reader(data: &[u8]) {
    let limits = Limits::MESSAGE;
    if let Ok(root) = reader::parse(data, &limits) {
        assert!(data.len() <= limits.bytes);
        assert!(depth(&root) <= limits.depth);
    }
}

/// [`AuthnRequest::parse`]: what is read and can be written is read back the same.
pub fn authn_request(data: &[u8]) {
    let Some(mut request) = read(data).and_then(|root| AuthnRequest::parse(&root).ok()) else {
        return;
    };
    // Content of other people's schemas is passed over, so it cannot be written.
    request.extensions.clear();
    // We write as the standards have it.
    request.oddities.clear();
    if let Some(subject) = &mut request.subject {
        subject.has_confirmation = false;
    }
    request
        .subject
        .take_if(|s| !matches!(s.identifier, Some(SubjectIdentifier::NameId(_))));
    let written = request.write().expect("what XML carried, XML carries");
    let again = read(written.as_bytes()).expect("our own XML is read");
    assert_eq!(AuthnRequest::parse(&again), Ok(request));
}

/// [`ReceivedResponse::parse`] and [`Assertion::parse`]: an assertion is read back the same.
pub fn response(data: &[u8]) {
    let Some(root) = read(data) else { return };
    let element = match ReceivedResponse::parse(&root) {
        Ok(ReceivedResponse {
            outcome: ReceivedOutcome::Success(ReceivedAssertion::Plain(element)),
            ..
        }) => element,
        Ok(_) => return,
        Err(_) => root,
    };
    if let Ok(assertion) = Assertion::parse(&element) {
        let written = assertion.write().expect("what XML carried, XML carries");
        let again = read(written.as_bytes()).expect("our own XML is read");
        assert_eq!(Assertion::parse(&again), Ok(assertion));
    }
}

/// [`ReceivedLogoutRequest::parse`], [`ReceivedLogoutResponse::parse`] and
/// [`ReceivedArtifactResolve::parse`]: what is read and can be said by us is read back the same.
pub fn logout(data: &[u8]) {
    let Some(root) = read(data) else { return };
    if let Ok(mut received) = ReceivedLogoutRequest::parse(&root)
        && let Some(request) = sayable_request(&received)
    {
        let written = request.write().expect("what XML carried, XML carries");
        let again = read(written.as_bytes()).expect("our own XML is read");
        // Neither is written; a NameID without a Format is written with the unspecified one.
        (received.consent, received.extensions) = (None, Vec::new());
        received.principal = SubjectIdentifier::NameId(match &request.principal {
            Principal::NameId(name_id) => ReceivedNameId::from(name_id),
            Principal::EncryptedId(_) => unreachable!("only a NameID is sayable here"),
        });
        assert_eq!(ReceivedLogoutRequest::parse(&again), Ok(received));
    }
    if let Ok(mut received) = ReceivedLogoutResponse::parse(&root)
        && let Some(response) = sayable_response(&received)
    {
        let written = response.write().expect("what XML carried, XML carries");
        let again = read(written.as_bytes()).expect("our own XML is read");
        (received.consent, received.extensions) = (None, Vec::new());
        // Our sentences are fixed; a peer's is not repeated.
        received.status.message = None;
        assert_eq!(ReceivedLogoutResponse::parse(&again), Ok(received));
    }
    if let Ok(mut received) = ReceivedArtifactResolve::parse(&root)
        && let Some(request) = sayable_resolve(&received)
    {
        let written = request.write().expect("what XML carried, XML carries");
        let again = read(written.as_bytes()).expect("our own XML is read");
        (received.consent, received.extensions) = (None, Vec::new());
        assert_eq!(ReceivedArtifactResolve::parse(&again), Ok(received));
    }
}

fn sayable_resolve(received: &ReceivedArtifactResolve) -> Option<ArtifactResolve> {
    Some(ArtifactResolve {
        id: received.id.clone(),
        issue_instant: received.issue_instant,
        destination: AcsUrl::parse(received.destination.as_deref()?).ok()?,
        issuer: received.issuer.clone(),
        artifact: received.artifact.clone(),
    })
}

fn sayable_request(received: &ReceivedLogoutRequest) -> Option<LogoutRequest> {
    let SubjectIdentifier::NameId(name) = &received.principal else {
        return None;
    };
    let reason = match received.reason.as_deref() {
        None => None,
        Some(uri) => Some(LogoutReason::from_uri(uri)?),
    };
    Some(LogoutRequest {
        id: received.id.clone(),
        issue_instant: received.issue_instant,
        destination: AcsUrl::parse(received.destination.as_deref()?).ok()?,
        issuer: received.issuer.clone(),
        not_on_or_after: received.not_on_or_after?,
        reason,
        principal: Principal::NameId(NameId::try_from(name.clone()).ok()?),
        session_indexes: received
            .session_indexes
            .iter()
            .map(|index| SessionIndex::parse(index).ok())
            .collect::<Option<_>>()?,
    })
}

fn sayable_response(received: &ReceivedLogoutResponse) -> Option<LogoutResponse> {
    let second = match received.status.second.as_deref() {
        None => None,
        Some(uri) => Some(SecondStatus::from_uri(uri)?),
    };
    let outcome = match (received.status.top, second) {
        (TopStatus::Success, None) => LogoutOutcome::Success,
        (TopStatus::Success, Some(SecondStatus::PartialLogout)) => LogoutOutcome::Partial,
        (TopStatus::Success, Some(_)) => return None,
        (top, second) => LogoutOutcome::Failure(Status {
            top,
            second,
            message: None,
        }),
    };
    Some(LogoutResponse {
        id: received.id.clone(),
        issue_instant: received.issue_instant,
        destination: AcsUrl::parse(received.destination.as_deref()?).ok()?,
        issuer: received.issuer.clone(),
        in_response_to: received.in_response_to.clone(),
        outcome,
    })
}

/// [`redirect::receive`] on a query: nothing over the bounds comes out.
pub fn redirect_query(data: &[u8]) {
    if let Ok(query) = std::str::from_utf8(data) {
        bounded(redirect::receive::<AuthnRequest>(query).ok());
        bounded(redirect::receive::<ReceivedLogoutResponse>(query).ok());
    }
}

/// [`redirect::receive`] on a deflate stream, so that the fuzzer need not learn base64.
pub fn redirect_stream(data: &[u8]) {
    let query = redirect::query_of_stream(AuthnRequest::ROLE.parameter(), data);
    bounded(redirect::receive::<AuthnRequest>(&query).ok());
}

/// [`post::receive`]: the query ends at the first line break, the body comes behind.
pub fn post_form(data: &[u8]) {
    let (query, body) = match data.iter().position(|b| *b == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&data[..0], data),
    };
    if let Ok(query) = std::str::from_utf8(query) {
        bounded(post::receive::<AuthnRequest>(body, query).ok());
        bounded(post::receive::<ReceivedResponse>(body, query).ok());
    }
}

/// [`SpMetadata::parse`]: what is usable can be written, and is usable again.
pub fn sp_metadata(data: &[u8]) {
    if let Ok(sp) = SpMetadata::parse(data, &READING) {
        let written = sp.to_xml().expect("what XML carried, XML carries");
        let again = SpMetadata::parse(&written, &READING).expect("our own metadata is read");
        assert_eq!(again.entity_id, sp.entity_id);
        assert_eq!(again.acs, sp.acs);
        assert_eq!(again.keys, sp.keys);
    }
}

/// [`for_each_entity`] and [`IdpMetadata::parse`].
pub fn federation(data: &[u8]) {
    let mut entities = 0;
    if let Ok(walked) = for_each_entity(data, &READING, |_| entities += 1) {
        assert_eq!(walked.entities, entities);
    }
    drop(IdpMetadata::parse(data, &READING));
}

/// [`verify_enveloped`]: whatever verifies with `keys` has the octets of one of `signed`, the only
/// documents that these keys ever signed.
pub fn signature(data: &[u8], keys: &[PublicKey], signed: &[&[u8]]) {
    let policy = AlgorithmPolicy::default();
    if let Ok(verified) = verify_enveloped(data, keys, &policy, &Limits::MESSAGE) {
        assert!(signed.contains(&verified.as_bytes()));
    }
}

/// [`decrypt_element`]: never more than the bounds.
pub fn encrypted(data: &[u8], keys: &[PrivateKey]) {
    let policy = AlgorithmPolicy::default();
    if let Some(root) = read(data)
        && let Ok(opened) = decrypt_element(&root, keys, &policy, &Limits::MESSAGE)
    {
        assert!(opened.as_bytes().len() <= Limits::MESSAGE.bytes);
    }
}

/// [`Certificate`]: what is read can be written.
pub fn certificate(data: &[u8]) {
    let by_text = std::str::from_utf8(data)
        .ok()
        .and_then(|text| Certificate::from_base64(text).ok());
    for certificate in [by_text, Certificate::from_der(data).ok()]
        .into_iter()
        .flatten()
    {
        let again = Certificate::from_base64(&certificate.base64()).expect("our own base64");
        assert_eq!(again.der(), certificate.der());
        drop((
            certificate.subject(),
            certificate.not_before(),
            certificate.public_key(),
        ));
    }
}

/// The small texts: instants, durations, identifiers, addresses.
pub fn texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(instant) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
    }
    parse_duration_seconds(text);
    assert!(MessageId::parse(text).is_err() || is_ncname(text));
    assert!(SessionIndex::parse(text).is_err() || is_xml_text(text));
    if let Ok(url) = AcsUrl::parse(text) {
        assert!(url.as_str().starts_with("http") && !url.as_str().contains(['#', ' ', '\\']));
    }
    drop((EntityId::parse(text), MailAddress::parse(text)));
}

fn read(data: &[u8]) -> Option<Element> {
    reader::parse(data, &Limits::MESSAGE).ok()
}

fn bounded<M: Incoming>(received: Option<ReceivedMessage<M>>) {
    if let Some(received) = received {
        assert!(received.octets().len() <= M::LIMITS.bytes);
        assert!(reader::parse(received.octets(), &M::LIMITS).is_ok());
    }
}

fn depth(root: &Element) -> usize {
    let mut deepest = 0;
    let mut stack = vec![(root, 1)];
    while let Some((element, at)) = stack.pop() {
        deepest = deepest.max(at);
        stack.extend(element.elements().map(|child| (child, at + 1)));
    }
    deepest
}
