//! Reading what was written gives the same, for any SP that can be described.

use avouch_saml::ids::EntityId;
use avouch_saml::metadata::algorithms::{AlgorithmSupport, SigningMethod};
use avouch_saml::metadata::attributes::{
    AttributeConsumingService, EntityAttribute, Registration, RequestedAttribute,
    UNSPECIFIED_NAME_FORMAT, URI_NAME_FORMAT,
};
use avouch_saml::metadata::endpoint::Endpoint;
use avouch_saml::metadata::key_descriptor::{EncryptionMethod, KeyUse, SpKey};
use avouch_saml::metadata::ui::{Contact, ContactKind, Localized, Logo, Organization, UiInfo};
use avouch_saml::metadata::{AcsEndpoint, Binding, SpMetadata};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::reading;
use crate::schema::assert_schema_valid;
use crate::security::support::{dev_certificate, dev_key};

/// Text without space at its ends, which reading takes off.
fn text() -> impl Strategy<Value = String> {
    "[!-~\u{a1}-\u{d7ff}\u{1f300}-\u{1f5ff}]([ -~\t\n\u{a1}-\u{d7ff}]{0,30}[!-~\u{4e00}-\u{9fff}])?"
        .prop_filter("a line end is read as one", |text| !text.contains('\r'))
}

fn localized() -> impl Strategy<Value = Vec<Localized>> {
    vec(("[a-z]{2}(-[A-Z]{2})?", text()), 0..3).prop_map(|texts| {
        let texts = texts.into_iter();
        texts.map(|(lang, text)| Localized { lang, text }).collect()
    })
}

fn urls() -> impl Strategy<Value = Vec<Localized>> {
    vec(("[a-z]{2}", url()), 0..2).prop_map(|texts| {
        let texts = texts.into_iter();
        texts.map(|(lang, text)| Localized { lang, text }).collect()
    })
}

fn url() -> impl Strategy<Value = String> {
    "https://[a-z]{1,8}\\.example\\.org(:[0-9]{1,4})?/[a-zA-Z0-9/._~-]{0,12}(\\?[a-z]{1,4}=[a-z0-9&=%]{0,8})?"
}

fn binding() -> impl Strategy<Value = Binding> {
    prop_oneof![
        Just(Binding::HttpPost),
        Just(Binding::HttpArtifact),
        Just(Binding::Paos),
        Just(Binding::HttpRedirect),
        Just(Binding::Other("urn:example:binding".to_owned())),
    ]
}

fn acs() -> impl Strategy<Value = Vec<AcsEndpoint>> {
    vec((binding(), url(), option::of(any::<bool>())), 1..5).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(n, (binding, url, default))| {
                AcsEndpoint::register(binding, &url, u16::try_from(n).ok(), default).unwrap()
            })
            .collect()
    })
}

fn slo() -> impl Strategy<Value = Vec<Endpoint>> {
    vec((binding(), url(), option::of(url())), 0..3).prop_map(|all| {
        let all = all.into_iter();
        all.map(|(binding, url, response)| {
            Endpoint::register(binding, &url, response.as_deref()).unwrap()
        })
        .collect()
    })
}

fn method() -> impl Strategy<Value = EncryptionMethod> {
    let digest = "http://www\\.w3\\.org/2001/04/xmlenc#sha(256|512)";
    (
        "http://www\\.w3\\.org/2009/xmlenc11#(aes128-gcm|rsa-oaep)",
        option::of(128..4096_u32),
        option::of(digest),
        option::of("http://www\\.w3\\.org/2009/xmlenc11#mgf1sha256"),
    )
        .prop_map(|(algorithm, key_bits, digest, mgf)| EncryptionMethod {
            algorithm,
            key_bits,
            digest,
            mgf,
            unknown_parameters: false,
        })
}

fn key() -> impl Strategy<Value = SpKey> {
    let names = ["sp-signing", "sp-encryption", "sp-signing-p256", "idp-p384"];
    let usage = prop_oneof![
        Just(KeyUse::Signing),
        Just(KeyUse::Encryption),
        Just(KeyUse::Both)
    ];
    (0..names.len(), usage, any::<bool>(), vec(method(), 0..3)).prop_map(
        move |(n, usage, bare, encryption_methods)| SpKey {
            usage,
            public_key: dev_key(names[n]).public(),
            certificate: (!bare).then(|| dev_certificate(names[n])),
            encryption_methods,
        },
    )
}

fn name_format() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(URI_NAME_FORMAT.to_owned()),
        Just(UNSPECIFIED_NAME_FORMAT.to_owned()),
        Just("urn:example:format".to_owned()),
    ]
}

fn service() -> impl Strategy<Value = AttributeConsumingService> {
    let value = "[ -~\n\u{a1}-\u{ff}]{0,12}";
    let attribute = (
        text(),
        name_format(),
        option::of(text()),
        any::<bool>(),
        vec(value, 0..3),
    )
        .prop_map(|(name, name_format, friendly_name, is_required, values)| {
            RequestedAttribute {
                name,
                name_format,
                friendly_name,
                is_required,
                values,
            }
        });
    (
        option::of(any::<bool>()),
        localized(),
        localized(),
        vec(attribute, 0..4),
    )
        .prop_map(
            |(is_default, service_names, service_descriptions, requested)| {
                AttributeConsumingService {
                    index: None,
                    is_default,
                    service_names,
                    service_descriptions,
                    requested,
                }
            },
        )
}

fn ui() -> impl Strategy<Value = UiInfo> {
    let logo = (url(), option::of("[a-z]{2}"), 1..999_u32, 1..999_u32).prop_map(
        |(url, lang, width, height)| Logo {
            url,
            lang,
            width,
            height,
        },
    );
    (
        localized(),
        localized(),
        localized(),
        urls(),
        urls(),
        vec(logo, 0..2),
    )
        .prop_map(
            |(
                display_names,
                descriptions,
                keywords,
                information_urls,
                privacy_statement_urls,
                logos,
            )| UiInfo {
                display_names,
                descriptions,
                keywords,
                information_urls,
                privacy_statement_urls,
                logos,
            },
        )
}

fn contact() -> impl Strategy<Value = Contact> {
    let kind = prop_oneof![
        Just(ContactKind::Technical),
        Just(ContactKind::Support),
        Just(ContactKind::Administrative),
        Just(ContactKind::Billing),
        Just(ContactKind::Security),
        Just(ContactKind::Other),
    ];
    (
        kind,
        option::of(text()),
        option::of(text()),
        vec("[a-z]{1,8}@example\\.org", 0..2),
        vec("[0-9+]{1,9}", 0..2),
    )
        .prop_map(|(kind, company, surname, emails, telephones)| Contact {
            kind,
            company,
            given_name: None,
            surname,
            emails,
            telephones,
        })
}

fn sp() -> impl Strategy<Value = SpMetadata> {
    let head = (
        url(),
        acs(),
        slo(),
        vec(key(), 0..3),
        any::<bool>(),
        any::<bool>(),
    );
    let organization = (localized(), localized(), urls());
    let people = (
        ui(),
        option::of(organization),
        vec(contact(), 0..3),
        option::of(url()),
    );
    let attribute = (text(), name_format(), vec("[!-~]{0,12}", 0..3));
    let algorithms = (
        vec("urn:example:[a-z]{1,5}", 0..3),
        vec(("urn:example:[a-z]{1,5}", option::of(1..9999_u32)), 0..3),
    );
    let rest = (
        vec(service(), 0..3),
        vec(attribute, 0..3),
        algorithms,
        option::of((url(), localized())),
        option::of(0..4_000_000_000_000_i64),
        option::of(0..10_000_000_i64),
    );
    (head, people, rest).prop_map(|(head, people, rest)| {
        let (entity_id, acs, slo, keys, authn_requests_signed, want_assertions_signed) = head;
        let (ui, organization, contacts, error_url) = people;
        let (mut services, attributes, algorithms, registration, until, cache_seconds) = rest;
        for (n, service) in services.iter_mut().enumerate() {
            service.index = u16::try_from(n).ok();
        }
        SpMetadata {
            slo,
            keys,
            authn_requests_signed,
            want_assertions_signed,
            name_id_formats: vec![
                NameIdFormat::Persistent,
                NameIdFormat::Other("urn:x".to_owned()),
            ],
            ui,
            organization: organization.map(|(names, display_names, urls)| Organization {
                names,
                display_names,
                urls,
            }),
            contacts,
            error_url,
            attribute_consuming_services: services,
            entity_attributes: attributes
                .into_iter()
                .map(|(name, name_format, values)| EntityAttribute {
                    name,
                    name_format,
                    values,
                })
                .collect(),
            algorithms: AlgorithmSupport {
                digests: algorithms.0,
                signing: algorithms
                    .1
                    .into_iter()
                    .map(|(algorithm, min_key_bits)| SigningMethod {
                        algorithm,
                        min_key_bits,
                        max_key_bits: None,
                    })
                    .collect(),
            },
            registration: registration.map(|(authority, policies)| Registration {
                authority,
                instant: Timestamp::parse("2026-01-01T00:00:00Z"),
                policies,
            }),
            valid_until: until.map(|ms| super::now().plus_seconds(60 + ms / 1000)),
            cache_seconds,
            ..SpMetadata::typed(EntityId::parse(&entity_id).unwrap(), acs)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reading_what_was_written_is_identity(sp in sp()) {
        let xml = sp.to_xml().unwrap();
        let mut read = SpMetadata::parse(&xml, &reading()).unwrap();
        // A promise to sign without a key is noted; nothing else about it can be untidy.
        read.warnings.clear();
        prop_assert_eq!(&read, &sp);
        // And writing that again gives the same octets.
        prop_assert_eq!(read.to_xml().unwrap(), xml);
    }
}

#[test]
fn written_sp_metadata_is_schema_valid() {
    let mut sp = SpMetadata::typed(
        EntityId::parse("https://sp.example.org/saml").unwrap(),
        vec![
            AcsEndpoint::register(
                Binding::HttpPost,
                "https://sp.example.org/acs?a=1&b=2",
                Some(0),
                Some(true),
            )
            .unwrap(),
        ],
    );
    assert_schema_valid(&sp.to_xml().unwrap());
    for (name, bare) in [
        ("sp-signing", true),
        ("sp-signing-p256", true),
        ("sp-encryption", false),
    ] {
        sp.keys.push(SpKey {
            usage: KeyUse::Both,
            public_key: dev_key(name).public(),
            certificate: (!bare).then(|| dev_certificate(name)),
            encryption_methods: vec![EncryptionMethod::plain(
                "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            )],
        });
    }
    let en = |text: &str| {
        vec![Localized {
            lang: "en".to_owned(),
            text: text.to_owned(),
        }]
    };
    sp.ui.display_names = en("Sample App");
    sp.organization = Some(Organization {
        names: en("Example"),
        display_names: en("Example"),
        urls: en("https://www.example.org/"),
    });
    sp.attribute_consuming_services
        .push(AttributeConsumingService {
            index: Some(0),
            is_default: Some(true),
            service_names: en("Sample"),
            service_descriptions: Vec::new(),
            requested: vec![RequestedAttribute {
                name: "urn:oid:0.9.2342.19200300.100.1.3".to_owned(),
                name_format: URI_NAME_FORMAT.to_owned(),
                friendly_name: Some("mail".to_owned()),
                is_required: true,
                values: vec!["Ünï <&> 'quoted'".to_owned()],
            }],
        });
    let xml = sp.to_xml().unwrap();
    assert_schema_valid(&xml);
    assert_eq!(SpMetadata::parse(&xml, &reading()).unwrap(), sp);
}
