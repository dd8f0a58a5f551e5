//! `[saml]`: what holds for every app unless the app says otherwise.

use avouch_saml::ids::EntityId;
use avouch_saml::security::algorithm::{
    AlgorithmPolicy, DataEncryption, Purpose, SignatureAlgorithm,
};
use avouch_saml::time::Timestamp;

use super::reader::Section;
use crate::access::authn_context::{PASSWORD, PASSWORD_PROTECTED_TRANSPORT, UNSPECIFIED};
use crate::apps::effective::SamlDefaults;
use crate::apps::settings::check_mapped;

/// `[saml]`.
#[derive(Debug, Clone)]
pub struct Saml {
    /// What an app can say otherwise.
    pub defaults: SamlDefaults,
    /// How old an AuthnRequest may be.
    pub request_lifetime_seconds: i64,
    /// What to do with a RelayState longer than the 80 bytes that the bindings allow.
    pub long_relay_state: LongRelayState,
    /// Leave the second-level status and the message out of refusals.
    pub hide_status_detail: bool,
    /// Authentication context classes, weakest first, for requests that ask for "at least" or
    /// "better than".
    pub context_strength: Vec<String>,
    /// What satisfies a class asked for, for apps with `requested_context=map`.
    pub context_map: Vec<String>,
}

/// What to do with an overlong RelayState.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongRelayState {
    /// Give it back as it came: some service providers send them.
    Echo,
    /// Refuse the request.
    Refuse,
}

/// The most skew that this section or an app's settings allow.
const MOST_SKEW_SECONDS: i64 = 600;

/// The classes that a password can achieve, and the one that is true of every login.
const CONTEXT_STRENGTH: [&str; 3] = [UNSPECIFIED, PASSWORD, PASSWORD_PROTECTED_TRANSPORT];

/// The lists of blocked algorithms, by what they are blocked for.
const BLOCK_LISTS: [(&str, Purpose); 6] = [
    ("blocked_signatures", Purpose::Signature),
    ("blocked_digests", Purpose::SignatureDigest),
    ("blocked_encryption", Purpose::DataEncryption),
    ("blocked_key_transport", Purpose::KeyTransport),
    ("blocked_oaep_digests", Purpose::OaepDigest),
    ("blocked_oaep_masks", Purpose::OaepMask),
];

const RSA_SIGNATURES: [(&str, SignatureAlgorithm); 3] = [
    ("rsa-sha256", SignatureAlgorithm::RsaSha256),
    ("rsa-sha384", SignatureAlgorithm::RsaSha384),
    ("rsa-sha512", SignatureAlgorithm::RsaSha512),
];

const EC_SIGNATURES: [(&str, Option<SignatureAlgorithm>); 4] = [
    ("by-curve", None),
    ("ecdsa-sha256", Some(SignatureAlgorithm::EcdsaSha256)),
    ("ecdsa-sha384", Some(SignatureAlgorithm::EcdsaSha384)),
    ("ecdsa-sha512", Some(SignatureAlgorithm::EcdsaSha512)),
];

const DATA_ENCRYPTION: [(&str, DataEncryption); 2] = [
    ("aes128-gcm", DataEncryption::Aes128Gcm),
    ("aes256-gcm", DataEncryption::Aes256Gcm),
];

impl Saml {
    pub(super) fn read(s: &mut Section<'_, '_>) -> Self {
        let mut algorithms = AlgorithmPolicy::default();
        for (key, purpose) in BLOCK_LISTS {
            let origin = s.origin(key);
            for uri in s.list(key, &[], |uri| Ok(uri.to_owned())) {
                if algorithms.block(purpose, &uri).is_err() {
                    let message = format!(
                        "expected the identifier (a URI) of an algorithm for this purpose; got {uri:?}"
                    );
                    s.problem(key, origin.clone(), message);
                }
            }
        }
        let rsa_signature = s.choice("rsa_signature", &RSA_SIGNATURES);
        let ec_signature = s.choice("ec_signature", &EC_SIGNATURES);
        let data_encryption = s.choice("data_encryption", &DATA_ENCRYPTION);
        refuse_blocked(s, &algorithms, "rsa_signature", Some(rsa_signature));
        refuse_blocked(s, &algorithms, "ec_signature", ec_signature);
        if !algorithms.permits_data(data_encryption) {
            let message = format!(
                "{} is selected here and blocked by `saml.blocked_encryption`",
                data_encryption.uri()
            );
            let origin = s.origin("data_encryption");
            s.problem("data_encryption", origin, message);
        }
        Self {
            defaults: SamlDefaults {
                clock_skew_seconds: s.number("clock_skew_seconds", 180, 0..=MOST_SKEW_SECONDS),
                want_authn_requests_signed: s.flag("want_authn_requests_signed", false),
                algorithms,
                rsa_signature,
                ec_signature,
                data_encryption,
            },
            request_lifetime_seconds: s.number("request_lifetime_seconds", 300, 30..=86_400),
            long_relay_state: s.choice(
                "relay_state_over_80_bytes",
                &[
                    ("echo", LongRelayState::Echo),
                    ("refuse", LongRelayState::Refuse),
                ],
            ),
            hide_status_detail: s.flag("hide_status_detail", false),
            context_map: s.list("context_map", &[], |line| {
                check_mapped(line)
                    .map(|()| line.to_owned())
                    .map_err(|_| "ASKED=CLASS|CLASS, each the URI of a class".to_owned())
            }),
            context_strength: s.list("context_strength", &CONTEXT_STRENGTH, |class| {
                EntityId::parse(class)
                    .map(|class| class.as_str().to_owned())
                    .map_err(|_| "the URI of an authentication context class".to_owned())
            }),
        }
    }

    /// Requests issued before this are too old to be accepted, on any node, whatever its clock and the
    /// app's settings: nobody needs to remember them.
    pub fn oldest_request(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(-(self.request_lifetime_seconds + 2 * MOST_SKEW_SECONDS))
    }
}

fn refuse_blocked(
    s: &mut Section<'_, '_>,
    algorithms: &AlgorithmPolicy,
    key: &'static str,
    selected: Option<SignatureAlgorithm>,
) {
    let Some(selected) = selected else { return };
    let origin = s.origin(key);
    if !algorithms.permits_signature(selected) {
        let message = format!(
            "{} is selected here and blocked by `saml.blocked_signatures`",
            selected.uri()
        );
        s.problem(key, origin.clone(), message);
    }
    if !algorithms.permits_digest(selected.digest()) {
        let message = format!(
            "{} is selected here and its digest blocked by `saml.blocked_digests`",
            selected.uri()
        );
        s.problem(key, origin, message);
    }
}
