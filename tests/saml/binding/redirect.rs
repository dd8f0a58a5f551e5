//! HTTP-Redirect, received from peers of every habit and from attackers.

use avouch_saml::binding::redirect::{SendError, send, send_unsigned};
use avouch_saml::binding::{BindingError, Refused, Transport};
use avouch_saml::ids::RelayState;
use avouch_saml::message::kind::Role;
use avouch_saml::security::sign::{Signer as _, sign_enveloped};
use avouch_saml::security::verify::{Authenticity, VerifyError};
use proptest::prelude::*;

use super::support::*;
use crate::message::support::*;
use crate::security::support::dev_signer;

fn error(query: &str) -> BindingError {
    match receive(query) {
        Ok(_) => panic!("accepted: {query}"),
        Err(error) => error,
    }
}

fn signs(query: &str) -> bool {
    let Ok(received) = receive(query) else {
        return false;
    };
    let verified = received.verify(&trust(true), &reception());
    verified.is_ok_and(|v| matches!(v.authenticity(), Authenticity::Signed(_)))
}

/// A query signed over exactly `signed`, with parameters in the order of `order`.
fn signed_query(
    request: &str,
    relay_state: Option<&str>,
    algorithm: &str,
    order: &[usize],
) -> String {
    let mut signed = format!("SAMLRequest={request}");
    if let Some(relay_state) = relay_state {
        signed += &format!("&RelayState={relay_state}");
    }
    signed += &format!("&SigAlg={algorithm}");
    let signature = dev_signer("sp-signing").sign(signed.as_bytes()).unwrap();
    let mut parts: Vec<String> = signed.split('&').map(str::to_owned).collect();
    parts.push(format!("Signature={}", escape(&base64(&signature))));
    let ordered: Vec<&str> = order
        .iter()
        .filter_map(|at| parts.get(*at))
        .map(String::as_str)
        .collect();
    ordered.join("&")
}

fn algorithm() -> String {
    escape(dev_signer("sp-signing").algorithm().uri())
}

fn value() -> String {
    plain_parameter().replace("SAMLRequest=", "")
}

/// Proves AV-BND-01.
#[test]
fn av_bnd_01_raw_deflate_and_nothing_else() {
    let xml = plain_request().write().unwrap();
    let xml = xml.as_bytes();
    let received = receive(&request_parameter(xml)).unwrap();
    assert_eq!(received.octets(), xml);
    assert_eq!(received.transport(), Transport::Redirect);
    assert_eq!(received.claimed_issuer().as_str(), SP);
    assert!(!received.has_signature());

    // Another implementation's output: a stored block, a fixed-Huffman one, and with line breaks.
    let stored = {
        let length = u16::try_from(xml.len()).unwrap();
        let mut block = vec![1];
        block.extend_from_slice(&length.to_le_bytes());
        block.extend_from_slice(&(!length).to_le_bytes());
        block.extend_from_slice(xml);
        block
    };
    let stored = base64(&stored);
    assert_eq!(
        receive(&format!("SAMLRequest={}", escape(&stored)))
            .unwrap()
            .octets(),
        xml
    );
    let (first, second) = stored.split_at(76);
    let lines = escape(&format!("{first}\r\n{second}\n"));
    assert_eq!(
        receive(&format!("SAMLRequest={lines}")).unwrap().octets(),
        xml
    );

    for wrapped in [zlib(xml), gzip(xml), xml.to_vec()] {
        let query = format!("SAMLRequest={}", escape(&base64(&wrapped)));
        assert_eq!(error(&query), BindingError::Deflate("SAMLRequest"));
    }
    let plain = plain_parameter();
    let deflate = escape("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE");
    assert!(receive(&format!("{plain}&SAMLEncoding={deflate}")).is_ok());
    for other in ["urn:example:other", "", "deflate"] {
        let query = format!("{plain}&SAMLEncoding={other}");
        assert_eq!(error(&query), BindingError::Encoding);
    }
    for broken in ["", "%", "%4", "%zz", "!!!!", "QQ", "QR==", "a+b/", "%FF"] {
        assert!(
            receive(&format!("SAMLRequest={broken}")).is_err(),
            "{broken}"
        );
    }
    assert_eq!(error(""), BindingError::NoMessage(Role::Request));
    assert_eq!(
        error("spentityid=x"),
        BindingError::NoMessage(Role::Request)
    );
    assert_eq!(
        error(&plain.replace("SAMLRequest", "SAMLResponse")),
        BindingError::OtherRole {
            expected: Role::Request
        }
    );
}

/// Proves AV-BND-02: the signature covers octets as they came, whatever the peer's habit.
#[test]
fn av_bnd_02_signatures_cover_the_octets_received() {
    let request = value();
    let lower = request
        .replace("%2B", "%2b")
        .replace("%2F", "%2f")
        .replace("%3D", "%3d");
    let bare = request.replace("%2F", "/").replace("%3D", "=");
    let unreserved = request.replacen('a', "%61", 2);
    for request in [&request, &lower, &bare, &unreserved] {
        for relay_state in [None, Some("a+b"), Some("a%20b"), Some("%7e~"), Some("")] {
            for algorithm in [
                algorithm(),
                algorithm().to_lowercase(),
                algorithm().replace("%2F", "/"),
            ] {
                for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
                    // Lower-casing changes the fragment's letters not at all.
                    let query = signed_query(request, relay_state, &algorithm, &order);
                    assert!(signs(&query), "{query}");
                }
            }
        }
    }
    // The same values, escaped another way after signing: another query.
    let query = signed_query(&request, Some("a%20b"), &algorithm(), &[0, 1, 2, 3]);
    assert!(signs(&query));
    assert!(!signs(&query.replace("a%20b", "a+b")));
    assert!(!signs(&query.replacen("%2F", "%2f", 1)));
    assert!(
        signs(&format!("{query}&other=1")),
        "other parameters are not covered, nor used"
    );
}

/// Proves AV-BND-03.
#[test]
fn av_bnd_03_relay_state_counts_exactly_when_present() {
    let order = [0, 1, 2, 3];
    let without = signed_query(&value(), None, &algorithm(), &order);
    let empty = signed_query(&value(), Some(""), &algorithm(), &order);
    let with = signed_query(&value(), Some("x"), &algorithm(), &order);
    for query in [&without, &empty, &with] {
        assert!(signs(query), "{query}");
    }
    assert_eq!(receive(&without).unwrap().relay_state(), None);
    assert_eq!(
        receive(&empty).unwrap().relay_state(),
        Some(&RelayState::new(""))
    );
    assert_eq!(
        receive(&with).unwrap().relay_state(),
        Some(&RelayState::new("x"))
    );
    assert!(!signs(&format!("{without}&RelayState=")));
    assert!(!signs(&format!("{without}&RelayState=x")));
    assert!(!signs(&empty.replace("&RelayState=", "")));
    assert!(!signs(&empty.replace("&RelayState=", "&RelayState=x")));
    assert!(!signs(&with.replace("&RelayState=x", "&RelayState=")));
}

/// Proves AV-BND-04, AV-SEC-34: one reading of the parameters, or none.
#[test]
fn av_bnd_04_av_sec_34_ambiguous_parameters_are_refused() {
    let query = signed_query(&value(), Some("x"), &algorithm(), &[0, 1, 2, 3]);
    assert!(signs(&query));
    let parts: Vec<&str> = query.split('&').collect();
    for part in &parts {
        let name = part.split('=').next().unwrap();
        assert!(
            matches!(error(&format!("{query}&{part}")), BindingError::Duplicate(n) if n == name)
        );
        assert!(matches!(
            error(&format!("{query}&{name}=")),
            BindingError::Duplicate(_)
        ));
        assert!(matches!(
            error(&format!("{query}&{name}")),
            BindingError::Duplicate(_)
        ));
        let variants = [
            name.to_lowercase(),
            name.to_uppercase(),
            format!("%{:02x}{}", name.as_bytes()[0], &name[1..]),
            format!("+{name}"),
            format!("{name}%20"),
        ];
        for variant in variants {
            assert!(
                matches!(
                    error(&format!("{query}&{variant}=x")),
                    BindingError::Spelling(_)
                ),
                "{variant}"
            );
            let instead = query.replace(&format!("{name}="), &format!("{variant}="));
            assert!(!signs(&instead), "{variant}");
        }
    }
    assert_eq!(
        error(&query.replace("&SigAlg=", "&x=")),
        BindingError::HalfSigned
    );
    assert_eq!(
        error(&query.replace("&Signature=", "&x=")),
        BindingError::HalfSigned
    );
    assert_eq!(
        error(&format!("{query}&SAMLResponse=x")),
        BindingError::Misplaced("SAMLResponse")
    );
    assert_eq!(
        error(&format!("{query}&SAMLart=x")),
        BindingError::Misplaced("SAMLart")
    );
    assert!(receive(&format!("{query}&&x&=y&lang=en")).is_ok());
}

/// Proves AV-BND-05: a signature inside the document is nothing here.
#[test]
fn av_bnd_05_an_enveloped_signature_never_counts() {
    let signer = dev_signer("sp-signing");
    let inside = sign_enveloped(plain_request().write().unwrap(), &signer).unwrap();
    let query = request_parameter(inside.as_bytes());
    let received = receive(&query).unwrap();
    assert!(!received.has_signature());
    let refused = received.verify(&trust(true), &reception()).unwrap_err();
    assert!(matches!(
        refused,
        Refused::NotAuthentic(VerifyError::NotSigned)
    ));
    let unsigned = receive(&query)
        .unwrap()
        .verify(&trust(false), &reception())
        .unwrap();
    assert_eq!(unsigned.authenticity(), Authenticity::Unsigned);
    // Even a broken one, beside a good signature of the query.
    let broken = String::from_utf8(inside.into_bytes())
        .unwrap()
        .replace("SignatureValue>", "SignatureValue>AA");
    let broken = request_parameter(broken.as_bytes()).replace("SAMLRequest=", "");
    assert!(signs(&signed_query(
        &broken,
        None,
        &algorithm(),
        &[0, 1, 2, 3]
    )));
}

/// Proves AV-BND-07, AV-SEC-41 for HTTP-Redirect: what inflates without end is dropped early.
#[test]
fn av_bnd_07_av_sec_41_bombs_are_refused_in_little_memory() {
    // 1 MiB of deflate that stands for a gigabyte: no more than the bound is ever inflated, or
    // this would take seconds.
    let megabyte = vec![b' '; 1 << 20];
    let mut bomb = Vec::new();
    {
        use std::io::Write as _;
        let mut encoder =
            flate2::write::DeflateEncoder::new(&mut bomb, flate2::Compression::best());
        for _ in 0..64 {
            encoder.write_all(&megabyte).unwrap();
        }
        encoder.finish().unwrap();
    }
    assert!(bomb.len() < 256 * 1024);
    let query = format!("SAMLRequest={}", escape(&base64(&bomb)));
    assert_eq!(error(&query), BindingError::TooLarge { limit: 256 * 1024 });

    let long = format!("SAMLRequest={}", "A".repeat(8 << 20));
    assert!(matches!(error(&long), BindingError::TooLarge { .. }));

    let xml = plain_request().write().unwrap();
    let deflated = raw_deflate(xml.as_bytes());
    assert!(receive(&format!("SAMLRequest={}", escape(&base64(&deflated)))).is_ok());
    let mut trailing = deflated.clone();
    trailing.push(0);
    let twice = [deflated.clone(), deflated.clone()].concat();
    for wrong in [
        trailing,
        twice,
        deflated[..deflated.len() - 1].to_vec(),
        Vec::new(),
    ] {
        let query = format!("SAMLRequest={}", escape(&base64(&wrong)));
        assert_eq!(error(&query), BindingError::Deflate("SAMLRequest"));
    }
}

/// Whatever another deflater makes of it, a message of any size up to the bound comes out whole, and
/// one octet more is refused.
#[test]
fn av_bnd_07_every_size_up_to_the_bound_inflates() {
    use flate2::Compression;
    use std::io::Write as _;
    let xml = plain_request().write().unwrap().into_bytes();
    let limit = 256 * 1024;
    let mut random = Seeded(7);
    // Text that deflates to nearly nothing, and text that hardly deflates.
    let flat: fn(&mut Seeded) -> u8 = |_| b' ';
    let noise: fn(&mut Seeded) -> u8 = |random| {
        let mut byte = [0];
        avouch_saml::time::Random::fill(random, &mut byte);
        b'A' + byte[0] % 58
    };
    for letter in [flat, noise] {
        for size in [
            700,
            1023,
            1024,
            1025,
            4096,
            16_383,
            16_384,
            16_385,
            65_537,
            limit - 1,
            limit,
            limit + 1,
        ] {
            let mut message = xml.clone();
            message.extend_from_slice(b"<!--");
            message.resize_with(size - 3, || letter(&mut random));
            message.extend_from_slice(b"-->");
            for level in [0, 1, 6, 9] {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(level));
                encoder.write_all(&message).unwrap();
                let deflated = encoder.finish().unwrap();
                let query = format!("SAMLRequest={}", escape(&base64(&deflated)));
                match receive(&query) {
                    Ok(received) => assert!(size <= limit && received.octets() == message),
                    Err(error) => {
                        assert_eq!(error, BindingError::TooLarge { limit });
                        assert!(size > limit, "{size} {level}");
                    }
                }
            }
        }
    }
}

/// Proves AV-BND-10, AV-BND-12 for the value: it comes out as it went in, and is never read.
#[test]
fn av_bnd_10_relay_state_is_kept_byte_for_byte() {
    for text in [
        "",
        "x",
        "Ünï <&> 'quoted' \"øst\" 漢字",
        "100% + 5 = a&b;c#d",
        "javascript:alert(1)",
        "//evil.example/",
        "<script>",
        "line\r\nbreak\ttab",
        &"r".repeat(80),
        &"r".repeat(4000),
    ] {
        let received = receive(&format!(
            "{}&RelayState={}",
            plain_parameter(),
            escape(text)
        ))
        .unwrap();
        assert_eq!(received.relay_state().unwrap().as_str(), text);
    }
    for broken in ["%FF", "%C0%AF", "%0", "a%00b"] {
        let query = format!("{}&RelayState={broken}", plain_parameter());
        assert_eq!(error(&query), BindingError::Escape("RelayState"));
    }
}

/// Proves AV-SEC-56 for URLs this crate makes.
#[test]
fn av_sec_56_an_endpoint_with_saml_parameters_is_not_sent_to() {
    let request = plain_request().write().unwrap();
    for endpoint in [
        "https://idp.example.org/sso?SAMLRequest=x",
        "https://idp.example.org/sso?a=1&RelayState=y",
        "https://idp.example.org/sso?relaystate=y",
    ] {
        assert!(matches!(
            send_unsigned(&url(endpoint), &request, None),
            Err(SendError::Endpoint)
        ));
    }
    let url = send_unsigned(&url("https://idp.example.org/sso?a=1"), &request, None).unwrap();
    assert!(url.starts_with("https://idp.example.org/sso?a=1&SAMLRequest="));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// Encoding and decoding agree, signed or not, for any RelayState a page can carry.
    #[test]
    fn redirects_read_back(
        relay_state in prop::option::of("[^\\x00]{0,40}"),
        name in "[ -~]{0,40}",
        key in prop::sample::select(vec![None, Some("sp-signing"), Some("sp-signing-p256")]),
    ) {
        let mut request = plain_request();
        request.provider_name = Some(name);
        let relay_state = relay_state.map(RelayState::new);
        let written = request.write().unwrap();
        let url = match key {
            None => send_unsigned(&url(SSO), &written, relay_state.as_ref()),
            Some(key) => send(&url(SSO), &written, relay_state.as_ref(), &dev_signer(key)),
        }
        .unwrap();
        let (endpoint, query) = url.split_once('?').unwrap();
        prop_assert_eq!(endpoint, SSO);
        prop_assert!(url.bytes().all(|b| b.is_ascii_graphic()));
        let received = receive(query).unwrap();
        prop_assert_eq!(received.octets(), written.as_bytes());
        prop_assert_eq!(received.relay_state(), relay_state.as_ref());
        let mut trust = trust(key.is_some());
        trust.keys = crate::security::support::keys(&["sp-signing", "sp-signing-p256"]);
        let verified = received.verify(&trust, &reception()).unwrap();
        prop_assert_eq!(verified.into_message(), request);
    }
}
