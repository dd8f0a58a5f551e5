//! Words for what is in force of an app's settings (`apps::effective`).

use super::texts;
use crate::apps::effective::{Held, Origin, SignatureRule, Signed, clock_skew_source};

texts! {
    /// The values in force of an app's settings, and where they come from.
    InForceTexts {
        logo_elsewhere = "the first letter of the name: people's browsers are not sent to another \
            site; to show the logo, paste it as data:image/png;base64,…";
        signatures_required = "required";
        signatures_ignored = "ignored";
        signatures_when_present = "checked when present";
        encryption_off = "off";
        encryption_no_key = "off: no key is published";
        encryption_on = "on, with {}";
        fails = "every sign-on fails: {}";
        signed_both = "response and assertion";
        signed_response = "response";
        signed_assertion = "assertion";
        no_name_id = "none is sent";
    }
}

impl InForceTexts {
    /// A value in words.
    pub fn value(&self, held: &Held) -> String {
        match held {
            Held::LogoElsewhere => self.logo_elsewhere.to_string(),
            Held::RequestSignatures(rule) if rule.requires() => {
                self.signatures_required.to_string()
            }
            Held::RequestSignatures(SignatureRule::Ignored) => self.signatures_ignored.to_string(),
            Held::RequestSignatures(_) => self.signatures_when_present.to_string(),
            Held::Encryption(Ok(None)) => self.encryption_off.to_string(),
            Held::Encryption(Ok(Some(cipher))) => self.encryption_on.with(short(cipher.uri())),
            Held::Encryption(Err(why)) => self.fails.with(why),
            Held::NoEncryptionKey => self.encryption_no_key.to_string(),
            Held::Signed(Signed {
                assertion: true,
                response: true,
            }) => self.signed_both.to_string(),
            Held::Signed(Signed {
                assertion: true, ..
            }) => self.signed_assertion.to_string(),
            Held::Signed(_) => self.signed_response.to_string(),
            Held::Seconds(seconds) => seconds.to_string(),
            Held::Text(text) | Held::Key(text) => text.clone(),
            Held::NoNameId => self.no_name_id.to_string(),
            Held::Algorithm(Ok(algorithm)) => short(algorithm.uri()).to_owned(),
            Held::Algorithm(Err(why)) => self.fails.with(why),
        }
    }

    /// The setting that a value comes from, by the name it has where it is set; for commands and
    /// programs.
    pub fn source(&self, key: &str, held: &Held, origin: Origin) -> String {
        match (held, key, origin) {
            (Held::RequestSignatures(rule), ..) => rule.source().to_owned(),
            (_, "clock_skew_seconds", origin) => clock_skew_source(origin).to_owned(),
            (_, "issuer", Origin::Organisation) => "idp.entity_id".to_owned(),
            (_, "signing_key", Origin::Organisation) => "the active key".to_owned(),
            (_, "signature_algorithm", Origin::Organisation) => {
                "saml.rsa_signature or saml.ec_signature".to_owned()
            }
            (_, _, Origin::App) => format!("{key} of the app"),
            (_, _, Origin::Metadata) => "the app's metadata".to_owned(),
            (_, _, Origin::Organisation) => "the organisation".to_owned(),
            (_, _, Origin::Default) => "default".to_owned(),
        }
    }
}

/// The part of an algorithm's identifier that people know it by.
fn short(uri: &str) -> &str {
    uri.rsplit('#').next().unwrap_or(uri)
}
