//! Identifiers that are different for every SP.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::users::UserId;

/// The deployment's secret that pairwise identifiers are made with. It outlives every key change:
/// with another salt every user would be a stranger to every SP.
///
/// Held as the state that HMAC-SHA-256 begins with, which each identifier starts from anew.
#[derive(Clone)]
pub struct PairwiseSalt(Hmac<Sha256>);

impl PairwiseSalt {
    /// Wraps the secret.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes a key of any length"))
    }
}

impl std::fmt::Debug for PairwiseSalt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairwiseSalt(..)")
    }
}

/// The identifier of `user` for `audience`, an SP's or affiliation's entity ID: a keyed hash in
/// base32 of lower-case letters and digits, so that no two differ only by letter case.
///
/// `purpose` keeps values for different uses apart. The user's row identifier is never given to
/// another user, so neither is this.
pub fn identifier(salt: &PairwiseSalt, purpose: &str, audience: &str, user: &UserId) -> String {
    let mut hash = salt.0.clone();
    // No part holds NUL, so the parts cannot run into each other.
    for part in [purpose, "\0", audience, "\0", user.as_str()] {
        hash.update(part.as_bytes());
    }
    let mut text = BASE32_NOPAD.encode(&hash.finalize().into_bytes());
    text.make_ascii_lowercase();
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn is_hmac_sha_256_as_openssl_makes_it() {
        for secret in [vec![7; 32], vec![9; 100], vec![1]] {
            let key = openssl::pkey::PKey::hmac(&secret).expect("any length");
            let mut hmac = openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), &key)
                .expect("HMAC");
            hmac.update(b"persistent\0https://a.example\0u1")
                .expect("hash");
            assert_eq!(
                identifier(
                    &PairwiseSalt::new(&secret),
                    "persistent",
                    "https://a.example",
                    &UserId::new("u1")
                ),
                BASE32_NOPAD
                    .encode(&hmac.sign_to_vec().expect("hash"))
                    .to_lowercase()
            );
        }
    }

    /// Proves AV-NID-01, AV-NID-03, SDP-G02.
    #[test]
    fn av_nid_01_differs_by_sp_user_and_salt_and_is_stable() {
        let (one, two) = (UserId::new("u1"), UserId::new("u2"));
        let salt = PairwiseSalt::new(&[1; 32]);
        let a = identifier(&salt, "persistent", "https://a.example", &one);
        assert_eq!(
            a,
            identifier(&salt, "persistent", "https://a.example", &one)
        );
        assert_eq!(a.len(), 52);
        for other in [
            identifier(&salt, "persistent", "https://b.example", &one),
            identifier(&salt, "persistent", "https://a.example", &two),
            identifier(&salt, "pairwise-id", "https://a.example", &one),
            identifier(
                &PairwiseSalt::new(&[2; 32]),
                "persistent",
                "https://a.example",
                &one,
            ),
        ] {
            assert_ne!(a, other);
        }
        assert_eq!(format!("{salt:?}"), "PairwiseSalt(..)");
    }

    /// Proves IIP-IDP21, AV-SID-04: folding letter case makes no two identifiers equal.
    #[test]
    fn iip_idp21_a_hundred_thousand_identifiers_stay_apart_when_folded() {
        let salt = PairwiseSalt::new(&[7; 32]);
        let folded: HashSet<String> = (0..100_000)
            .map(|n| {
                let id = identifier(&salt, "persistent", "sp", &UserId::new(n.to_string()));
                assert_eq!(id, id.to_lowercase());
                id.to_lowercase()
            })
            .collect();
        assert_eq!(folded.len(), 100_000);
    }
}
