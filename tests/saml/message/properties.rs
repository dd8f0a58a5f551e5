//! Properties of every message the writer can make: it is its own exclusive canonical form, and
//! reading it gives back what was written.

use std::borrow::Cow;

use avouch_saml::ids::{AcsUrl, EntityId, MessageId, SessionIndex};
use avouch_saml::message::assertion::{
    Assertion, Attribute, AttributeValue, AuthnStatement, Conditions, Confirmation, Subject,
};
use avouch_saml::message::authn_request::{
    AuthnRequest, Comparison, ContextRefs, NameIdPolicy, RequestedAcs, RequestedAuthnContext,
    RequestedConditions, RequestedSubject, Scoping,
};
use avouch_saml::message::identifier::SubjectIdentifier;
use avouch_saml::message::response::{
    IssuedAssertion, Outcome, ReceivedAssertion, ReceivedOutcome, ReceivedResponse, Response,
};
use avouch_saml::name_id::{NameId, NameIdFormat, ReceivedNameId};
use avouch_saml::status::{SecondStatus, Status, TopStatus};
use avouch_saml::time::{Timestamp, Window};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::names::{SAML, is_xml_char};
use avouch_saml::xml::reader::{self, Element, Node};
use avouch_saml::xml::writer::{QName, Writer};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::support::*;

/// Any text XML can carry, with more of what needs care than chance would give.
fn any_text() -> impl Strategy<Value = String> {
    let careful = prop::sample::select(vec![
        '<',
        '>',
        '&',
        '"',
        '\'',
        '\r',
        '\n',
        '\t',
        ' ',
        ']',
        '\u{85}',
        '\u{2028}',
        '\u{FFFD}',
        '\u{10FFFF}',
        'e',
        '\u{301}',
        '漢',
    ]);
    let any = any::<char>().prop_filter("XML carries it", |c| is_xml_char(*c));
    vec(prop_oneof![careful, any], 0..24).prop_map(|chars| chars.into_iter().collect())
}

/// Text in the place of a URI: what XML Schema takes off one is not there.
fn any_uri() -> impl Strategy<Value = String> {
    any_text().prop_map(|text| {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        if text.is_empty() {
            "urn:x".to_owned()
        } else {
            text.to_owned()
        }
    })
}

fn any_id() -> impl Strategy<Value = MessageId> {
    "[A-Za-z_é][A-Za-z0-9_.é-]{0,30}".prop_map(|text| id(&text))
}

fn any_entity() -> impl Strategy<Value = EntityId> {
    "[!-~]{1,40}".prop_map(|text| entity(&text))
}

fn any_url() -> impl Strategy<Value = AcsUrl> {
    "https://[a-z.]{1,12}(:[0-9]{1,5})?/[a-zA-Z0-9/?&=%+.;,'~-]{0,20}"
        .prop_map(|text| AcsUrl::parse(&text).unwrap())
}

// From 1970 to 2286, in milliseconds.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    (0_i64..10_000_000_000_000).prop_map(Timestamp::from_millis)
}

fn any_name_id() -> impl Strategy<Value = NameId> {
    prop_oneof![
        any_text().prop_map(NameId::Unspecified),
        (any_text(), any_entity(), any_text()).prop_map(|(value, idp, sp)| NameId::Persistent {
            value,
            name_qualifier: idp,
            sp_name_qualifier: sp,
        }),
        (any_text(), option::of(any_entity()), option::of(any_text())).prop_map(
            |(value, idp, sp)| NameId::Transient {
                value,
                name_qualifier: idp,
                sp_name_qualifier: sp,
            }
        ),
        any_text().prop_map(|value| NameId::Other {
            value,
            format: "urn:example:format".to_owned(),
        }),
    ]
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        8 => any_text().prop_map(AttributeValue::Text),
        1 => Just(AttributeValue::Nil),
        1 => any_name_id().prop_map(AttributeValue::NameId),
    ]
}

fn any_attribute() -> impl Strategy<Value = Attribute> {
    (
        any_text(),
        option::of(any_text()),
        option::of(any_text()),
        vec(any_value(), 0..4),
    )
        .prop_map(|(name, name_format, friendly_name, values)| Attribute {
            name,
            name_format,
            friendly_name,
            values,
        })
}

fn any_assertion() -> impl Strategy<Value = Assertion> {
    let subject = prop_oneof![
        Just(Subject::Unnamed),
        any_name_id().prop_map(Subject::NameId)
    ];
    let confirmation = (any_url(), option::of(any_id()), any_instant());
    let conditions = (
        any_instant(),
        any_instant(),
        vec(any_entity(), 1..3),
        any::<bool>(),
    );
    let session = option::of("[ -~]{1,40}".prop_map(|s| SessionIndex::parse(&s).unwrap()));
    let authn = (
        any_instant(),
        session,
        option::of(any_instant()),
        any_text(),
        vec(any_entity(), 0..3),
    );
    (
        (any_id(), any_instant(), any_entity(), subject),
        confirmation,
        conditions,
        authn,
        vec(any_attribute(), 0..5),
    )
        .prop_map(
            |(head, confirmation, conditions, authn, attributes)| Assertion {
                issuer_format: head.0.as_str().len() % 2 == 0,
                id: head.0,
                issue_instant: head.1,
                issuer: head.2,
                subject: head.3,
                confirmation: Confirmation {
                    recipient: confirmation.0,
                    in_response_to: confirmation.1,
                    not_on_or_after: confirmation.2,
                },
                conditions: Conditions {
                    not_before: conditions.0,
                    not_on_or_after: conditions.1,
                    audiences: conditions.2,
                    one_time_use: conditions.3,
                },
                authn: AuthnStatement {
                    instant: authn.0,
                    session_index: authn.1,
                    session_not_on_or_after: authn.2,
                    context_class: authn.3,
                    authenticating_authorities: authn.4,
                },
                attributes,
            },
        )
}

fn any_acs() -> impl Strategy<Value = RequestedAcs> {
    prop_oneof![
        Just(RequestedAcs::Default),
        any_uri().prop_map(RequestedAcs::Binding),
        any::<u16>().prop_map(RequestedAcs::Index),
        (any_uri(), option::of(any_uri()))
            .prop_map(|(url, binding)| RequestedAcs::Url { url, binding }),
    ]
}

fn any_subject() -> impl Strategy<Value = RequestedSubject> {
    let part = || option::of(any_text());
    (any_text(), option::of(any_uri()), part(), part(), part()).prop_map(
        |(value, format, nq, spnq, provided)| RequestedSubject {
            identifier: Some(SubjectIdentifier::NameId(ReceivedNameId {
                value,
                format,
                name_qualifier: nq,
                sp_name_qualifier: spnq,
                sp_provided_id: provided,
            })),
            has_confirmation: false,
        },
    )
}

fn any_policy() -> impl Strategy<Value = NameIdPolicy> {
    let format = any_uri().prop_map(|uri| NameIdFormat::from_uri(&uri));
    (option::of(format), option::of(any_uri()), any::<bool>()).prop_map(|(format, spnq, create)| {
        NameIdPolicy {
            format,
            sp_name_qualifier: spnq,
            allow_create: create,
        }
    })
}

fn any_conditions() -> impl Strategy<Value = RequestedConditions> {
    (
        option::of(any_instant()),
        option::of(any_instant()),
        vec(vec(any_uri(), 1..3), 0..3),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(from, until, audiences, once, proxy)| RequestedConditions {
                window: Window {
                    not_before: from,
                    not_on_or_after: until,
                },
                audiences,
                one_time_use: once,
                proxy_restriction: proxy,
            },
        )
}

fn any_context() -> impl Strategy<Value = RequestedAuthnContext> {
    let comparison = prop::sample::select(vec![
        Comparison::Exact,
        Comparison::Minimum,
        Comparison::Maximum,
        Comparison::Better,
    ]);
    let refs = prop_oneof![
        vec(any_uri(), 1..4).prop_map(ContextRefs::Classes),
        vec(any_uri(), 1..4).prop_map(ContextRefs::Declarations),
    ];
    (comparison, refs).prop_map(|(comparison, refs)| RequestedAuthnContext { comparison, refs })
}

fn any_scoping() -> impl Strategy<Value = Scoping> {
    let list = (vec(any_uri(), 1..4), option::of(any_uri()));
    (
        option::of(any::<u64>()),
        option::of(list),
        vec(any_uri(), 0..3),
    )
        .prop_map(|(proxy_count, list, requester_ids)| {
            let (idp_list, get_complete) = list.map_or((None, None), |(l, c)| (Some(l), c));
            Scoping {
                proxy_count,
                idp_list,
                get_complete,
                requester_ids,
            }
        })
}

fn any_request() -> impl Strategy<Value = AuthnRequest> {
    (
        (any_id(), any_instant(), any_entity(), any_acs()),
        (any::<bool>(), any::<bool>(), option::of(any::<u16>())),
        (
            option::of(any_uri()),
            option::of(any_uri()),
            option::of(any_text()),
        ),
        (
            option::of(any_subject()),
            option::of(any_policy()),
            option::of(any_conditions()),
        ),
        (option::of(any_context()), option::of(any_scoping())),
    )
        .prop_map(|(head, flags, texts, parts, more)| AuthnRequest {
            acs: head.3,
            force_authn: flags.0,
            is_passive: flags.1,
            attribute_consuming_service_index: flags.2,
            destination: texts.0,
            consent: texts.1,
            provider_name: texts.2,
            subject: parts.0,
            name_id_policy: parts.1,
            conditions: parts.2,
            requested_authn_context: more.0,
            scoping: more.1,
            ..AuthnRequest::new(head.0, head.1, head.2)
        })
}

fn any_status() -> impl Strategy<Value = Status> {
    let top = prop::sample::select(vec![
        TopStatus::Requester,
        TopStatus::Responder,
        TopStatus::VersionMismatch,
    ]);
    let second = option::of(prop::sample::select(SecondStatus::ALL));
    let message = option::of(prop::sample::select(vec!["One.", "A <b> & \"c\"."]));
    (top, second, message).prop_map(|(top, second, message)| Status {
        top,
        second,
        message: message.map(Cow::Borrowed),
    })
}

/// A tree written out with prefixes of our choice, as another program might print what it read.
fn reprint(w: &mut Writer, element: &Element) {
    // The writer takes names that live as long as the program; tests may leak a few.
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let prefix = |ns: &str| match ns {
        "" => "",
        SAML => "a",
        "http://www.w3.org/2001/XMLSchema-instance" => "i",
        _ => "p",
    };
    w.start(QName::new(
        prefix(&element.ns),
        leak(&element.ns),
        leak(&element.local),
    ));
    for attr in &element.attrs {
        w.attr_ns(
            QName::new(prefix(&attr.ns), leak(&attr.ns), leak(&attr.local)),
            &attr.value,
        );
    }
    for node in &element.children {
        match node {
            Node::Element(child) => reprint(w, child),
            Node::Text(text) => {
                w.text(text);
            }
            Node::Other => {}
        }
    }
    w.end();
}

fn sorted(mut element: Element) -> Element {
    element
        .attrs
        .sort_by(|a, b| (&a.ns, &a.local).cmp(&(&b.ns, &b.local)));
    element.children = element
        .children
        .into_iter()
        .map(|node| match node {
            Node::Element(child) => Node::Element(sorted(child)),
            other => other,
        })
        .collect();
    element
}

fn read(octets: &[u8]) -> Element {
    reader::parse(octets, &Limits::MESSAGE).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn assertions_are_canonical_and_read_back(assertion in any_assertion()) {
        let octets = assertion.write().unwrap();
        assert_canonical(octets.as_bytes());
        prop_assert_eq!(Assertion::parse(&read(octets.as_bytes())).unwrap(), assertion);
    }

    #[test]
    fn successes_are_canonical_and_read_back(
        assertion in any_assertion(),
        head in (any_id(), any_instant(), any_url(), any_entity(), option::of(any_id())),
    ) {
        let written = assertion.write().unwrap();
        let response = Response {
            id: id(&format!("_r{}", head.0)),
            issue_instant: head.1,
            destination: head.2.clone(),
            issuer: head.3.clone(),
            in_response_to: head.4.clone(),
            outcome: Outcome::Success(IssuedAssertion::unsigned(&written)),
        };
        let octets = response.write().unwrap();
        assert_canonical(octets.as_bytes());
        let received = ReceivedResponse::parse(&read(octets.as_bytes())).unwrap();
        prop_assert_eq!(&received.id, &response.id);
        prop_assert_eq!(received.issue_instant, head.1);
        prop_assert_eq!(received.destination.as_deref(), Some(head.2.as_str()));
        prop_assert_eq!(received.issuer, Some(head.3));
        prop_assert_eq!(received.in_response_to, head.4);
        let ReceivedOutcome::Success(ReceivedAssertion::Plain(element)) = received.outcome else {
            panic!("a plain assertion")
        };
        prop_assert_eq!(Assertion::parse(&element).unwrap(), assertion);
    }

    #[test]
    fn failures_are_canonical_and_read_back(status in any_status(), seed in any::<u64>()) {
        let response = response(&mut Seeded(seed), Outcome::Failure(status.clone()));
        let octets = response.write().unwrap();
        assert_canonical(octets.as_bytes());
        let received = ReceivedResponse::parse(&read(octets.as_bytes())).unwrap();
        let ReceivedOutcome::Failure(read) = received.outcome else { panic!("a failure") };
        prop_assert_eq!(read.top, status.top);
        prop_assert_eq!(read.second.as_deref(), status.second.map(SecondStatus::uri));
        prop_assert_eq!(read.message, status.message.map(String::from));
    }

    #[test]
    fn requests_are_canonical_and_read_back(request in any_request()) {
        let octets = request.write().unwrap();
        assert_canonical(octets.as_bytes());
        prop_assert_eq!(AuthnRequest::parse(&read(octets.as_bytes())).unwrap(), request);
    }

    /// Proves AV-SEC-22: a tree printed and read again is the same tree.
    #[test]
    fn av_sec_22_printing_and_reading_again_changes_nothing(request in any_request(), assertion in any_assertion()) {
        for octets in [request.write().unwrap().as_bytes(), assertion.write().unwrap().as_bytes()] {
            let before = read(octets);
            let mut w = Writer::with_capacity(1024);
            reprint(&mut w, &before);
            let printed = w.finish().unwrap();
            assert_canonical(&printed);
            prop_assert_eq!(sorted(read(&printed)), sorted(before));
        }
    }
}
