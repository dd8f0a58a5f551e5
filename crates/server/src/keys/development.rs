//! The keys of `certs/dev`: for tests and local runs. Their private halves are public, so they are
//! refused where others can reach the server.

use avouch_saml::security::certificate::{Certificate, KeyKind, PrivateKey, PublicKey};

const PAIRS: [(&str, &str); 4] = [
    (
        include_str!("../../../../certs/dev/idp-rsa2048.key.pem"),
        include_str!("../../../../certs/dev/idp-rsa2048.cert.pem"),
    ),
    (
        include_str!("../../../../certs/dev/idp-rsa3072.key.pem"),
        include_str!("../../../../certs/dev/idp-rsa3072.cert.pem"),
    ),
    (
        include_str!("../../../../certs/dev/idp-p256.key.pem"),
        include_str!("../../../../certs/dev/idp-p256.cert.pem"),
    ),
    (
        include_str!("../../../../certs/dev/idp-p384.key.pem"),
        include_str!("../../../../certs/dev/idp-p384.cert.pem"),
    ),
];

const OTHER_CERTIFICATES: [&str; 4] = [
    include_str!("../../../../certs/dev/tls.cert.pem"),
    include_str!("../../../../certs/dev/sp-signing.cert.pem"),
    include_str!("../../../../certs/dev/sp-signing-p256.cert.pem"),
    include_str!("../../../../certs/dev/sp-encryption.cert.pem"),
];

/// The development key of a kind, if there is one.
pub fn pair(kind: KeyKind) -> Option<(PrivateKey, Certificate)> {
    PAIRS.iter().find_map(|(key, certificate)| {
        let key = PrivateKey::from_pem(key.as_bytes()).expect("certs/dev holds good keys");
        let certificate =
            Certificate::from_pem(certificate.as_bytes()).expect("certs/dev holds certificates");
        (key.kind() == kind).then_some((key, certificate))
    })
}

/// Whether the private half of this key is in `certs/dev`.
pub fn is_development_key(key: &PublicKey) -> bool {
    PAIRS
        .iter()
        .map(|(_, certificate)| *certificate)
        .chain(OTHER_CERTIFICATES)
        .filter_map(|pem| {
            Certificate::from_pem(pem.as_bytes())
                .ok()?
                .public_key()
                .ok()
        })
        .any(|known| known == *key)
}

/// As [`is_development_key`], for a PEM file whose first certificate counts.
pub fn is_development_certificate(pem: &[u8]) -> bool {
    Certificate::from_pem(pem)
        .ok()
        .and_then(|certificate| certificate.public_key().ok())
        .is_some_and(|key| is_development_key(&key))
}
