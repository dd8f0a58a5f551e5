//! Whether what an app's settings select may be used here.

use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};

use crate::apps::saml::SamlSettings;

/// What is wrong with the algorithms an app selects: the setting and a sentence; `None` when the
/// organisation's `policy` permits them. Asked whenever settings are stored, so that nobody learns of
/// a blocked algorithm from a sign-on that fails.
pub fn blocked(saml: &SamlSettings, policy: &AlgorithmPolicy) -> Option<(&'static str, String)> {
    if let Some(cipher) = saml.encryption_cipher
        && cipher.data().is_danger()
        && !saml.danger_allow_cbc
    {
        let wrong = format!(
            "{} has no integrity of its own; danger_allow_cbc=true on this app permits it",
            cipher.word()
        );
        return Some(("encryption_cipher", wrong));
    }
    let mut permitted = policy.clone();
    if saml.danger_allow_cbc {
        permitted.allow_danger_cbc();
    }
    if let Some(cipher) = saml.encryption_cipher
        && !permitted.permits_data(cipher.data())
    {
        let wrong = format!(
            "expected a cipher that the organisation's configuration does not block, received {}",
            cipher.word()
        );
        return Some(("encryption_cipher", wrong));
    }
    let uri = saml.signature_algorithm.as_deref()?;
    let Some(selected) = SignatureAlgorithm::from_uri(uri) else {
        let wrong = format!("expected an algorithm Avouch knows, received {uri:?}");
        return Some(("signature_algorithm", wrong));
    };
    let mut policy = policy.clone();
    if saml.danger_allow_sha1 {
        policy.allow_danger_sha1_signatures();
    }
    if policy.permits_signature(selected) && policy.permits_digest(selected.digest()) {
        return None;
    }
    let way_out = if selected.is_danger() {
        "danger_allow_sha1=true on this app permits it"
    } else {
        "saml.blocked_signatures or saml.blocked_digests blocks it"
    };
    let wrong = format!("expected an algorithm that is not blocked, received {uri}; {way_out}");
    Some(("signature_algorithm", wrong))
}

#[cfg(test)]
mod tests {
    use avouch_saml::security::algorithm::Purpose;

    use super::*;

    /// Proves IIP-ALG08, AV-ALG-04, in their halves about an app's settings.
    #[test]
    fn iip_alg08_av_alg_04_a_blocked_algorithm_cannot_be_selected() {
        let selecting = |algorithm: SignatureAlgorithm| SamlSettings {
            signature_algorithm: Some(algorithm.uri().to_owned()),
            ..SamlSettings::default()
        };
        let policy = AlgorithmPolicy::default();
        assert_eq!(blocked(&SamlSettings::default(), &policy), None);
        assert_eq!(
            blocked(&selecting(SignatureAlgorithm::RsaSha384), &policy),
            None
        );

        let mut strict = policy.clone();
        let uri = SignatureAlgorithm::RsaSha384.uri();
        strict.block(Purpose::Signature, uri).expect("known");
        assert!(blocked(&selecting(SignatureAlgorithm::RsaSha384), &strict).is_some());

        let mut weak = selecting(SignatureAlgorithm::DangerRsaSha1);
        assert!(blocked(&weak, &policy).is_some());
        weak.danger_allow_sha1 = true;
        assert_eq!(blocked(&weak, &policy), None);
        weak.signature_algorithm = Some("http://www.w3.org/2001/04/xmldsig-more#rsa-md5".into());
        assert!(blocked(&weak, &policy).is_some());
    }
}
