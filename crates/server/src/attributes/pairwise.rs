//! Identifiers that are different for every SP.

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use crate::users::UserId;

/// The deployment's secret that pairwise identifiers are made with. It outlives every key change:
/// with another salt every user would be a stranger to every SP.
#[derive(Clone)]
pub struct PairwiseSalt(Vec<u8>);

impl PairwiseSalt {
    /// Wraps the secret.
    pub fn new(secret: Vec<u8>) -> Self {
        Self(secret)
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
    let key = PKey::hmac(&salt.0).expect("an HMAC key can have any length");
    let mut hmac =
        Signer::new(MessageDigest::sha256(), &key).expect("HMAC with SHA-256 is always available");
    // No part holds NUL, so the parts cannot run into each other.
    for part in [purpose, "\0", audience, "\0", user.as_str()] {
        hmac.update(part.as_bytes())
            .expect("hashing in memory does not fail");
    }
    base32(&hmac.sign_to_vec().expect("hashing in memory does not fail"))
}

/// RFC 4648 base32 in lower case, without padding.
fn base32(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::with_capacity(octets.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for octet in octets {
        bits = (bits << 8) | u32::from(*octet);
        count += 8;
        while count >= 5 {
            count -= 5;
            out.push(char::from(ALPHABET[(bits >> count) as usize & 31]));
        }
    }
    if count > 0 {
        out.push(char::from(ALPHABET[(bits << (5 - count)) as usize & 31]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Proves AV-NID-01, AV-NID-03, SDP-G02.
    #[test]
    fn av_nid_01_differs_by_sp_user_and_salt_and_is_stable() {
        let (one, two) = (UserId::new("u1"), UserId::new("u2"));
        let salt = PairwiseSalt::new(vec![1; 32]);
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
                &PairwiseSalt::new(vec![2; 32]),
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
        let salt = PairwiseSalt::new(vec![7; 32]);
        let folded: HashSet<String> = (0..100_000)
            .map(|n| {
                let id = identifier(&salt, "persistent", "sp", &UserId::new(n.to_string()));
                assert_eq!(id, id.to_lowercase());
                id.to_lowercase()
            })
            .collect();
        assert_eq!(folded.len(), 100_000);
    }

    #[test]
    fn base32_matches_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(plain.as_bytes()), coded);
        }
    }
}
