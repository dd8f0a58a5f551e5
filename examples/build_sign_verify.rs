//! Builds, signs and verifies a Response. Run with `cargo run --example build_sign_verify`.
use avouch_saml::ids::{AcsUrl, EntityId, MessageId};
use avouch_saml::message::assertion::{Assertion, AuthnStatement, Subject};
use avouch_saml::message::response::{IssuedAssertion, Outcome, ReceivedResponse, Response};
use avouch_saml::name_id::NameId;
use avouch_saml::security::algorithm::{AlgorithmPolicy, SignatureAlgorithm};
use avouch_saml::security::certificate::{KeyKind, PrivateKey};
use avouch_saml::security::sign::{KeySigner, sign_enveloped};
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::{time::Timestamp, xml::limits::Limits, xml::reader};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = Timestamp::parse("2026-03-01T12:00:00Z").ok_or("an instant")?;
    let idp = EntityId::parse("https://idp.example.org/saml")?;
    let sp = EntityId::parse("https://sp.example.org/saml")?;
    let acs = AcsUrl::parse("https://sp.example.org/saml/acs")?;
    let policy = AlgorithmPolicy::default();
    let key = PrivateKey::generate(KeyKind::P256)?;
    let keys = [key.public()];
    let certificate = key.self_signed("Sample", 1, now, now.plus_seconds(31_536_000))?;
    let signer = KeySigner::new(key, certificate, SignatureAlgorithm::EcdsaSha256, &policy)?;

    let (id, class) = (
        MessageId::parse("_assertion-1")?,
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    );
    let authn = AuthnStatement::new(now, class);
    let mut assertion = Assertion::bearer(id, idp.clone(), sp, acs.clone(), now, 300, authn);
    assertion.subject = Subject::NameId(NameId::Unspecified("sample.one".to_owned()));
    let issued = IssuedAssertion::signed(sign_enveloped(assertion.write()?, &signer)?);
    let id = MessageId::parse("_response-1")?;
    let response = Response::new(id, now, idp, acs, Outcome::Success(issued));
    let signed = sign_enveloped(response.write()?, &signer)?;

    let verified = verify_enveloped(signed.as_bytes(), &keys, &policy, &Limits::MESSAGE)?;
    let received = ReceivedResponse::parse(&reader::parse(verified.as_bytes(), &Limits::MESSAGE)?)?;
    assert_eq!(received.id.as_str(), "_response-1");
    Ok(())
}
