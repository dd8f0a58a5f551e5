//! Logout by the bindings that carry sign-ons: the same code, for a request and for a response.

use avouch_saml::binding::{
    BindingError, ReceivedMessage, Reception, Refused, Sendable, Transport, post, redirect,
};
use avouch_saml::ids::{RelayState, SessionIndex};
use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::message::kind::{ByRedirect, Incoming, Message, Role};
use avouch_saml::message::logout_request::{LogoutRequest, Principal, ReceivedLogoutRequest};
use avouch_saml::message::logout_response::{
    LogoutOutcome, LogoutResponse, ReceivedLogoutResponse,
};
use avouch_saml::message::response::{ReceivedAssertion, ReceivedOutcome, ReceivedResponse};
use avouch_saml::message::{MessageError, MessageHead};
use avouch_saml::name_id::{NameId, ReceivedNameId};
use avouch_saml::security::sign::{Signer as _, Unsigned, sign_enveloped};
use avouch_saml::security::verify::{Authenticity, Verified, VerifyError};
use avouch_saml::status::TopStatus;
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::is_xml_char;
use proptest::prelude::*;

use super::support::*;
use crate::message::support::*;
use crate::security::support::{dev_signer, keys, verify};

/// The address of the SP that takes what [`logout_request`] and [`logout_response`] write.
fn at_sp() -> Reception<'static> {
    Reception {
        endpoint: SP_SLO,
        ..reception()
    }
}

/// The key the sample identity provider signs with, as the SP knows it.
const KEY: &str = "idp-rsa2048";

fn idp(require_signature: bool) -> avouch_saml::security::verify::Trust {
    let mut trust = trust(require_signature);
    trust.keys = keys(&[KEY]);
    trust
}

type Outcome<M> = Result<Verified<M>, Refused<<M as Incoming>::Head>>;

fn received<M: Incoming + ByRedirect>(query: &str) -> ReceivedMessage<M> {
    redirect::receive(query).unwrap_or_else(|error| panic!("{error}: {query}"))
}

fn posted<M: Incoming>(xml: &[u8]) -> ReceivedMessage<M> {
    let body = format!("{}={}", M::ROLE.parameter(), escape(&base64(xml)));
    post::receive(body.as_bytes(), "").unwrap_or_else(|error| panic!("{error}"))
}

fn redirected<M: ByRedirect>(message: &Unsigned<M>, relay_state: Option<&str>) -> String {
    let relay_state = relay_state.map(RelayState::new);
    let signer = dev_signer(KEY);
    let url = redirect::send(&url(SP_SLO), message, relay_state.as_ref(), &signer).unwrap();
    url.strip_prefix(SP_SLO).unwrap()[1..].to_owned()
}

fn signed<M: Message>(message: Unsigned<M>) -> String {
    let signed = sign_enveloped(message, &dev_signer(KEY)).unwrap();
    String::from_utf8(signed.into_bytes()).unwrap()
}

/// A message by both bindings, signed; with the name of its parameter.
fn both_ways<O, M>(write: impl Fn() -> Unsigned<O>) -> [ReceivedMessage<M>; 2]
where
    O: ByRedirect,
    M: Incoming + ByRedirect,
{
    let query = redirected(&write(), None);
    assert!(query.starts_with(&format!("{}=", M::ROLE.parameter())));
    [received(&query), posted(signed(write()).as_bytes())]
}

fn requests() -> [ReceivedMessage<ReceivedLogoutRequest>; 2] {
    both_ways(|| logout_request().write().unwrap())
}

fn responses() -> [ReceivedMessage<ReceivedLogoutResponse>; 2] {
    both_ways(|| logout_response().write().unwrap())
}

fn not_authentic<M: Incoming>(outcome: Outcome<M>) -> VerifyError {
    match outcome {
        Err(Refused::NotAuthentic(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn logout_travels_by_both_bindings() {
    for (received, transport) in requests()
        .into_iter()
        .zip([Transport::Redirect, Transport::Post])
    {
        assert_eq!(received.transport(), transport);
        assert_eq!(received.claimed_issuer(), &entity(IDP));
        assert!(received.has_signature());
        let verified = received.verify(&idp(true), &at_sp()).unwrap();
        assert!(matches!(verified.authenticity(), Authenticity::Signed(_)));
        assert_eq!(verified.id, logout_request().id);
        assert_eq!(verified.session_indexes, ["_s1"]);
        let SubjectIdentifier::NameId(name) = &verified.principal else {
            panic!("a NameID")
        };
        assert_eq!(NameId::try_from(name.clone()), Ok(persistent()));
    }
    for received in responses() {
        let verified = received.verify(&idp(true), &at_sp()).unwrap();
        assert!(matches!(verified.authenticity(), Authenticity::Signed(_)));
        assert_eq!(verified.in_response_to, Some(id(REQUEST_ID)));
        assert_eq!(verified.status.top, TopStatus::Success);
    }
}

/// Proves AV-SEC-37: no setting lets a logout message pass unsigned. Its twin is signed.
#[test]
fn av_sec_37_an_unsigned_logout_is_never_honoured() {
    fn check<O: ByRedirect, M: Incoming + ByRedirect>(write: impl Fn() -> Unsigned<O>) {
        for require in [false, true] {
            let xml = write().into_bytes();
            let name = M::ROLE.parameter();
            let query = format!("{name}={}", escape(&base64(&raw_deflate(&xml))));
            for received in [received::<M>(&query), posted::<M>(&xml)] {
                assert!(!received.has_signature());
                let outcome = received.verify(&idp(require), &at_sp());
                assert_eq!(not_authentic::<M>(outcome), VerifyError::NotSigned);
            }
            for received in both_ways::<O, M>(&write) {
                assert!(received.verify(&idp(require), &at_sp()).is_ok());
            }
        }
    }
    check::<_, ReceivedLogoutRequest>(|| logout_request().write().unwrap());
    check::<_, ReceivedLogoutResponse>(|| logout_response().write().unwrap());
}

/// Proves AV-BND-02, AV-BND-03 for SAMLResponse: the signature covers the octets received, under
/// the name that they came by.
#[test]
fn av_bnd_02_av_bnd_03_the_signature_covers_the_response_as_received() {
    let signs = |query: &str| {
        redirect::receive::<ReceivedLogoutResponse>(query)
            .is_ok_and(|received| received.verify(&idp(true), &at_sp()).is_ok())
    };
    let query = redirected(&logout_response().write().unwrap(), Some("a b+c/ü"));
    assert!(query.starts_with("SAMLResponse="));
    assert!(signs(&query));
    assert!(signs(&format!("{query}&lang=en")));
    let reversed: Vec<&str> = query.split('&').rev().collect();
    assert!(signs(&reversed.join("&")));
    for (from, to) in [
        ("%2B", "%2b"),
        ("a%20b", "a+b"),
        ("RelayState=a", "RelayState=%61"),
        ("RelayState=a", "RelayState=b"),
        ("&RelayState=a%20b%2Bc%2F%C3%BC", ""),
    ] {
        let other = query.replace(from, to);
        assert_ne!(other, query, "{from}");
        assert!(!signs(&other), "{from} -> {to}");
    }
    let bare = redirected(&logout_response().write().unwrap(), None);
    assert!(signs(&bare));
    assert!(!signs(&format!("{bare}&RelayState=")));

    // What was signed as a SAMLRequest is no SAMLResponse, even of the same octets.
    let value = bare.split('&').next().unwrap();
    let value = value.strip_prefix("SAMLResponse=").unwrap();
    let signer = dev_signer(KEY);
    let algorithm = escape(signer.algorithm().uri());
    for (name, accepted) in [("SAMLResponse", true), ("SAMLRequest", false)] {
        let signed = format!("{name}={value}&SigAlg={algorithm}");
        let signature = escape(&base64(&signer.sign(signed.as_bytes()).unwrap()));
        let sent = format!("SAMLResponse={value}&SigAlg={algorithm}&Signature={signature}");
        assert_eq!(signs(&sent), accepted, "signed as {name}");
    }
}

/// Proves AV-BND-04, AV-BND-09 for both roles: one message, of the role that the address takes.
#[test]
fn av_bnd_04_av_bnd_09_a_message_of_the_other_role_is_refused() {
    fn error<T>(outcome: Result<T, BindingError>) -> BindingError {
        outcome.err().expect("refused")
    }
    let request = redirected(&logout_request().write().unwrap(), None);
    let response = redirected(&logout_response().write().unwrap(), None);
    assert!(redirect::receive::<ReceivedLogoutRequest>(&request).is_ok());
    assert!(redirect::receive::<ReceivedLogoutResponse>(&response).is_ok());
    let (asks, answers) = (Role::Request, Role::Response);
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutRequest>(&response)),
        BindingError::OtherRole { expected: asks }
    );
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutResponse>(&request)),
        BindingError::OtherRole { expected: answers }
    );
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutResponse>("lang=en")),
        BindingError::NoMessage(answers)
    );
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutResponse>(&format!(
            "{response}&SAMLRequest=x"
        ))),
        BindingError::Misplaced("SAMLRequest")
    );
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutResponse>(&format!(
            "{response}&{}",
            response.split('&').next().unwrap()
        ))),
        BindingError::Duplicate("SAMLResponse")
    );
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutResponse>(
            &response.replace("SAMLResponse", "samlresponse")
        )),
        BindingError::Spelling("SAMLResponse")
    );
    assert_eq!(
        error(redirect::receive::<ReceivedLogoutResponse>(
            "SAMLResponse=QUJD"
        )),
        BindingError::Deflate("SAMLResponse")
    );

    let xml = signed(logout_response().write().unwrap());
    let body = format!("SAMLResponse={}", escape(&base64(xml.as_bytes())));
    let receive =
        |body: &str, query| post::receive::<ReceivedLogoutResponse>(body.as_bytes(), query);
    assert!(receive(&body, "").is_ok());
    assert_eq!(
        error(post::receive::<ReceivedLogoutRequest>(body.as_bytes(), "")),
        BindingError::OtherRole { expected: asks }
    );
    assert_eq!(error(receive("", "")), BindingError::NoMessage(answers));
    for extra in ["SAMLRequest=x", "Signature=x", "SAMLEncoding=x"] {
        let (name, _) = extra.split_once('=').unwrap();
        let refused = error(receive(&format!("{body}&{extra}"), ""));
        assert_eq!(refused, BindingError::Misplaced(name));
        assert_eq!(error(receive(&body, extra)), BindingError::Misplaced(name));
    }
    assert_eq!(
        error(receive("SAMLResponse=!!!!", "")),
        BindingError::Base64("SAMLResponse")
    );
}

/// Proves AV-BND-05 for logout: a signature inside the document is nothing in a query.
#[test]
fn av_bnd_05_an_enveloped_signature_never_counts_in_a_query() {
    let inside = signed(logout_response().write().unwrap());
    let value = escape(&base64(&raw_deflate(inside.as_bytes())));
    let received: ReceivedMessage<ReceivedLogoutResponse> =
        received(&format!("SAMLResponse={value}"));
    assert!(!received.has_signature());
    let outcome = received.verify(&idp(false), &at_sp());
    assert_eq!(
        not_authentic::<ReceivedLogoutResponse>(outcome),
        VerifyError::NotSigned
    );
    let query = redirected(&logout_response().write().unwrap(), None);
    let sent = self::received::<ReceivedLogoutResponse>(&query);
    assert!(sent.verify(&idp(false), &at_sp()).is_ok());
}

/// Proves AV-SEC-66 for logout: a message of one kind, truly signed, is none of another.
#[test]
fn av_sec_66_a_signed_message_of_another_kind_is_no_donor() {
    let request = signed(logout_request().write().unwrap());
    let response = signed(logout_response().write().unwrap());
    let sign_on = signed(plain_success(&mut Seeded(66)).write().unwrap());
    let refused = |outcome: Result<(), VerifyError>| {
        assert!(matches!(outcome, Err(VerifyError::Xml(_))), "{outcome:?}");
    };
    let slo = at_sp();
    // Each is what its signature says, and passes for nothing else.
    let read = |xml: &str| posted::<ReceivedLogoutRequest>(xml.as_bytes());
    assert!(read(&request).verify(&idp(true), &slo).is_ok());
    for other in [&response, &sign_on] {
        refused(Err(not_authentic::<ReceivedLogoutRequest>(
            read(other).verify(&idp(true), &slo),
        )));
    }
    let read = |xml: &str| posted::<ReceivedLogoutResponse>(xml.as_bytes());
    assert!(read(&response).verify(&idp(true), &slo).is_ok());
    for other in [&request, &sign_on] {
        refused(Err(not_authentic::<ReceivedLogoutResponse>(
            read(other).verify(&idp(true), &slo),
        )));
    }
    let acs = Reception {
        endpoint: ACS,
        ..reception()
    };
    let read = |xml: &str| posted::<ReceivedResponse>(xml.as_bytes());
    assert!(read(&sign_on).verify(&idp(true), &acs).is_ok());
    for other in [&request, &response] {
        refused(Err(not_authentic::<ReceivedResponse>(
            read(other).verify(&idp(true), &acs),
        )));
    }
    // The document inside a signed query, too.
    let value = redirected(&logout_request().write().unwrap(), None);
    let as_response = value.replace("SAMLRequest=", "SAMLResponse=");
    let outcome = received::<ReceivedLogoutResponse>(&as_response).verify(&idp(true), &slo);
    assert_eq!(
        not_authentic::<ReceivedLogoutResponse>(outcome),
        VerifyError::OtherKey
    );
}

/// Proves AV-SEC-07, AV-SEC-16 for logout: what is read is what was signed, wherever it stands.
#[test]
fn av_sec_07_av_sec_16_only_signed_content_is_read() {
    let xml = signed(logout_request().write().unwrap());
    let outcome =
        |xml: &str| posted::<ReceivedLogoutRequest>(xml.as_bytes()).verify(&idp(true), &at_sp());
    assert!(outcome(&xml).is_ok());
    // Another session, another user, another time.
    for (from, to) in [
        (">_s1<", ">_s2<"),
        ("<samlp:SessionIndex>_s1</samlp:SessionIndex>", ""),
        (">3b0f5c7a9d1e<", ">3b0f5c7a9d1f<"),
        ("NotOnOrAfter=\"2026-03-01T12:05:00Z\" ", ""),
    ] {
        let forged = xml.replace(from, to);
        assert_ne!(forged, xml, "{from}");
        assert_eq!(
            not_authentic::<ReceivedLogoutRequest>(outcome(&forged)),
            VerifyError::Changed,
            "{to}"
        );
    }
    // The signed request inside one of the attacker's: it has no signature of its own, or one that
    // covers something else.
    let start = xml.find("<ds:Signature ").unwrap();
    let end = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let forged = xml[..start].replace("_8d2f6b1a", "_9d2f6b1a");
    let name =
        "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">other</saml:NameID>";
    for wrapped in [
        format!("{forged}<samlp:Extensions>{xml}</samlp:Extensions>{name}</samlp:LogoutRequest>"),
        format!(
            "{forged}{}<samlp:Extensions>{}{}</samlp:Extensions>{name}</samlp:LogoutRequest>",
            &xml[start..end],
            &xml[..start],
            &xml[end..]
        ),
    ] {
        let error = not_authentic::<ReceivedLogoutRequest>(outcome(&wrapped));
        assert!(
            matches!(error, VerifyError::NotSigned | VerifyError::Reference(_)),
            "{error}"
        );
    }
    verify(&xml, KEY).unwrap();
}

/// Proves AV-SEC-27 for logout: only a key of the sender's will do.
#[test]
fn av_sec_27_only_the_senders_keys_count() {
    for (names, accepted) in [
        (&[KEY][..], true),
        (&["sp-signing", KEY][..], true),
        (&["sp-signing"][..], false),
        (&["idp-p256"][..], false),
        (&[][..], false),
    ] {
        let mut trust = idp(true);
        trust.keys = keys(names);
        for received in requests() {
            assert_eq!(received.verify(&trust, &at_sp()).is_ok(), accepted);
        }
        for received in responses() {
            assert_eq!(received.verify(&trust, &at_sp()).is_ok(), accepted);
        }
    }
}

/// Proves AV-BND-06 for logout: a message goes to the address it names.
#[test]
fn av_bnd_06_destination_must_match() {
    let there = at_sp();
    let elsewhere = Reception {
        endpoint: "https://sp.example.org/saml/slo",
        ..reception()
    };
    for (reception, accepted) in [(there, true), (elsewhere, false)] {
        for received in requests() {
            let outcome = received.verify(&idp(true), &reception);
            assert_eq!(outcome.is_ok(), accepted);
            assert!(accepted || matches!(outcome, Err(Refused::Misdirected { .. })));
        }
        for received in responses() {
            assert_eq!(received.verify(&idp(true), &reception).is_ok(), accepted);
        }
    }
    // A signed message says where it goes.
    let written = logout_response().write().unwrap().into_bytes();
    let written = String::from_utf8(written).unwrap();
    let sign = |xml: &str| {
        let at = xml.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        let unsigned: Unsigned<LogoutResponse> =
            Unsigned::new(xml.as_bytes().to_vec(), at, logout_response().id);
        let read = posted::<ReceivedLogoutResponse>(signed(unsigned).as_bytes());
        read.verify(&idp(true), &at_sp())
    };
    assert!(sign(&written).is_ok());
    let start = written.find(" Destination=").unwrap();
    let end = written.find(" ID=").unwrap();
    let nowhere = [&written[..start], &written[end..]].concat();
    assert!(matches!(
        sign(&nowhere),
        Err(Refused::Misdirected { found: None, .. })
    ));
}

/// Lately, and before its own NotOnOrAfter.
#[test]
fn a_logout_request_is_good_for_its_time() {
    // A tolerance of 180 seconds; a lifetime of 300; a NotOnOrAfter of 60.
    for (own, seconds, accepted) in [
        (300, -181, false),
        (300, -179, true),
        (300, 479, true),
        (300, 480, false),
        (60, 239, true),
        (60, 240, false),
        // Its own end never makes a request last longer than requests may.
        (86_400, 479, true),
        (86_400, 480, false),
    ] {
        let mut request = logout_request();
        request.not_on_or_after = NOW.plus_seconds(own);
        let reception = Reception {
            now: NOW.plus_seconds(seconds),
            ..at_sp()
        };
        for received in both_ways::<_, ReceivedLogoutRequest>(|| request.write().unwrap()) {
            let outcome = received.verify(&idp(true), &reception);
            assert_eq!(outcome.is_ok(), accepted, "{own} {seconds}");
            if let Err(refused) = outcome {
                let Refused::OutsideWindow {
                    head,
                    issued,
                    not_on_or_after,
                } = refused
                else {
                    panic!("{refused}")
                };
                assert_eq!(issued, NOW);
                assert_eq!(not_on_or_after, Some(NOW.plus_seconds(own)));
                let MessageHead { id, issuer, .. } = head.into_message();
                assert_eq!((id, issuer), (Some(request.id.clone()), entity(IDP)));
            }
        }
        for received in responses() {
            let outcome = received.verify(&idp(true), &reception);
            assert_eq!(outcome.is_ok(), (-180..480).contains(&seconds), "{seconds}");
        }
    }
}

/// A broken request of a known sender can be answered.
#[test]
fn a_broken_request_leaves_its_head() {
    let xml = logout_request().write().unwrap().into_bytes();
    let xml = String::from_utf8(xml).unwrap();
    let sign = |xml: String| {
        let at = xml.find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        let unsigned: Unsigned<LogoutRequest> =
            Unsigned::new(xml.into_bytes(), at, logout_request().id);
        let read = posted::<ReceivedLogoutRequest>(signed(unsigned).as_bytes());
        read.verify(&idp(true), &at_sp())
    };
    assert!(sign(xml.clone()).is_ok());
    let broken = xml.replace("samlp:SessionIndex", "samlp:SessionName");
    let Err(Refused::Invalid { head, error }) = sign(broken) else {
        panic!("invalid")
    };
    assert_eq!(head.id, Some(logout_request().id));
    assert!(matches!(head.authenticity(), Authenticity::Signed(_)));
    assert!(matches!(error, MessageError::Syntax(_)));
    assert_eq!(error.status().unwrap().top, TopStatus::Requester);
}

/// A Response goes the same road, and what it carries is read from the octets that were signed.
#[test]
fn a_response_is_received_by_post() {
    let acs = Reception {
        endpoint: ACS,
        ..reception()
    };
    let response = plain_success(&mut Seeded(9));
    let xml = signed(response.write().unwrap());
    let read = |xml: &str, required| {
        posted::<ReceivedResponse>(xml.as_bytes()).verify(&idp(required), &acs)
    };
    let verified = read(&xml, true).unwrap();
    assert!(matches!(verified.authenticity(), Authenticity::Signed(_)));
    assert_eq!(verified.in_response_to, Some(id(REQUEST_ID)));
    let ReceivedOutcome::Success(ReceivedAssertion::Plain(_)) = &verified.outcome else {
        panic!("an assertion")
    };
    let changed = xml.replace("sample.one@", "sample.two@");
    assert_eq!(
        not_authentic::<ReceivedResponse>(read(&changed, true)),
        VerifyError::Changed
    );
    // Without a signature of its own it is no more than its assertion's signature proves.
    let unsigned = String::from_utf8(response.write().unwrap().into_bytes()).unwrap();
    let verified = read(&unsigned, false).unwrap();
    assert_eq!(verified.authenticity(), Authenticity::Unsigned);
    assert_eq!(
        not_authentic::<ReceivedResponse>(read(&unsigned, true)),
        VerifyError::NotSigned
    );
}

/// Proves AV-BND-07 for both roles: the bounds are those of the message.
#[test]
fn av_bnd_07_logout_is_bounded() {
    let limit = Limits::MESSAGE.bytes;
    assert_eq!(ReceivedLogoutResponse::LIMITS, Limits::MESSAGE);
    let fill = |octets: usize| {
        let mut xml = logout_response().write().unwrap().into_bytes();
        xml.resize(octets, b' ');
        xml
    };
    for (octets, accepted) in [(limit, true), (limit + 1, false)] {
        let xml = fill(octets);
        let query = format!("SAMLResponse={}", escape(&base64(&raw_deflate(&xml))));
        let received = redirect::receive::<ReceivedLogoutResponse>(&query);
        assert_eq!(received.is_ok(), accepted);
    }
    for (octets, accepted) in [(limit, true), (limit + 4, false)] {
        let body = format!("SAMLResponse={}", escape(&base64(&fill(octets))));
        let received = post::receive::<ReceivedLogoutResponse>(body.as_bytes(), "");
        assert_eq!(received.is_ok(), accepted);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let any = any::<char>().prop_filter("XML carries it", |c| is_xml_char(*c));
    proptest::collection::vec(any, 0..24).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Encoding and decoding agree for a request by both bindings, whatever it says.
    #[test]
    fn logout_requests_read_back(
        name in any_text(),
        indexes in proptest::collection::vec("[ -~]{1,30}", 0..4),
        relay_state in prop::option::of("[^\\x00]{0,40}"),
        key in prop::sample::select(vec![KEY, "idp-p256"]),
    ) {
        let request = LogoutRequest {
            principal: Principal::NameId(NameId::Unspecified(name)),
            session_indexes: indexes.iter().map(|i| SessionIndex::parse(i).unwrap()).collect(),
            ..logout_request()
        };
        let Principal::NameId(name_id) = &request.principal else { unreachable!() };
        let relay_state = relay_state.map(RelayState::new);
        let mut trust = idp(true);
        trust.keys = keys(&[KEY, "idp-p256"]);
        let signer = dev_signer(key);
        let written = request.write().unwrap();
        assert_canonical(written.as_bytes());
        let sent = redirect::send(&url(SP_SLO), &written, relay_state.as_ref(), &signer).unwrap();
        let by_redirect = received::<ReceivedLogoutRequest>(&sent[SP_SLO.len() + 1..]);
        prop_assert_eq!(by_redirect.octets(), written.as_bytes());
        let sendable = Sendable::from(sign_enveloped(written, &signer).unwrap());
        let form = post::send(&url(SP_SLO), &sendable, relay_state.as_ref());
        prop_assert_eq!((form.action(), form.field()), (SP_SLO, "SAMLRequest"));
        let mut body = format!("SAMLRequest={}", escape(form.message()));
        if let Some(relay_state) = form.relay_state() {
            body += &format!("&RelayState={}", escape(relay_state.as_str()));
        }
        let by_post = post::receive::<ReceivedLogoutRequest>(body.as_bytes(), "").unwrap();
        for received in [by_redirect, by_post] {
            prop_assert_eq!(received.relay_state(), relay_state.as_ref());
            let read = received.verify(&trust, &at_sp()).unwrap().into_message();
            prop_assert_eq!(&read.session_indexes, &indexes);
            let expected = SubjectIdentifier::NameId(ReceivedNameId::from(name_id));
            prop_assert_eq!(read.principal, expected);
        }
    }

    /// And for a response.
    #[test]
    fn logout_responses_read_back(
        partial in any::<bool>(),
        answers in prop::option::of("[A-Za-z_][A-Za-z0-9_.-]{0,30}"),
        relay_state in prop::option::of("[^\\x00]{0,40}"),
    ) {
        let response = LogoutResponse {
            in_response_to: answers.as_deref().map(id),
            outcome: if partial { LogoutOutcome::Partial } else { LogoutOutcome::Success },
            ..logout_response()
        };
        let query = redirected(&response.write().unwrap(), relay_state.as_deref());
        let by_redirect = received::<ReceivedLogoutResponse>(&query);
        let relay_state = relay_state.map(RelayState::new);
        prop_assert_eq!(by_redirect.relay_state(), relay_state.as_ref());
        let by_post = posted(signed(response.write().unwrap()).as_bytes());
        for received in [by_redirect, by_post] {
            let read = received.verify(&idp(true), &at_sp()).unwrap().into_message();
            prop_assert_eq!(&read.in_response_to, &response.in_response_to);
            prop_assert_eq!(read.status.top, TopStatus::Success);
            prop_assert_eq!(read.status.second.is_some(), partial);
        }
    }
}
