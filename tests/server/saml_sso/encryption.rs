//! Encrypted assertions.

use avouch_server::apps::saml::{EncryptionPolicy, SignWhat};
use avouch_server::audit::ResultCode;

use crate::support::app::TestApp;
use crate::support::sp::{Sp, key};

/// Proves SDP-IDP11, IIP-IDP09, AV-RSP-15, AV-RSP-16, AV-RSP-04, SDP-ALG01, IIP-ALG04: by default an SP
/// with a key gets ciphertext, new each time, around an assertion that stands alone.
#[test]
fn sdp_idp11_an_sp_with_a_key_gets_encrypted_assertions() {
    let app = TestApp::start();
    let sp = Sp::new("enc").encrypting();
    app.connect(&sp, |_, _| ());
    app.user("one");
    let client = app.signed_in("one");
    let mut ciphertexts = Vec::new();
    for _ in 0..2 {
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        told.ok();
        assert!(!told.xml.contains("<saml:Assertion "), "no plaintext");
        assert!(told.xml.contains("<saml:EncryptedAssertion"));
        assert!(
            told.xml
                .contains("http://www.w3.org/2009/xmlenc11#aes128-gcm")
        );
        assert!(
            told.xml
                .contains("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p")
        );
        assert!(
            told.xml
                .contains(&format!("Recipient=\"{}\"", sp.entity_id))
        );
        for forbidden in ["EncryptedID", "EncryptedAttribute"] {
            assert!(!told.assertion_xml.contains(forbidden));
        }
        // Its own signature holds outside of the response.
        crate::support::emitted::verify(&told.assertion_xml, &app.certificate());
        ciphertexts.push(
            told.xml
                .split("CipherValue>")
                .nth(3)
                .expect("the content")
                .to_owned(),
        );
    }
    assert_ne!(ciphertexts[0], ciphertexts[1]);
}

/// Proves AV-RSP-17, IIP-MD08: required without a usable key fails; a key for something else does not help.
#[test]
fn av_rsp_17_plaintext_never_replaces_a_key() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let unusable = format!(
        "{}{}",
        key("signing", "sp-signing"),
        key("encryption", "sp-encryption").replace(
            "</md:KeyDescriptor>",
            "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#tripledes-cbc\"/></md:KeyDescriptor>"
        )
    );
    for (name, keys, policy, good) in [
        (
            "a",
            key("signing", "sp-signing"),
            EncryptionPolicy::Required,
            false,
        ),
        ("b", unusable.clone(), EncryptionPolicy::Required, false),
        (
            "c",
            unusable.clone(),
            EncryptionPolicy::WhenKeyPublished,
            false,
        ),
        ("d", unusable, EncryptionPolicy::Off, true),
        (
            "e",
            key("signing", "sp-signing"),
            EncryptionPolicy::WhenKeyPublished,
            true,
        ),
        (
            "f",
            key("encryption", "sp-encryption"),
            EncryptionPolicy::Required,
            true,
        ),
        (
            "g",
            weak_key("encryption"),
            EncryptionPolicy::WhenKeyPublished,
            false,
        ),
        (
            "h",
            key("encrytion", "sp-encryption"),
            EncryptionPolicy::WhenKeyPublished,
            false,
        ),
        (
            "i",
            key("encryption", "sp-signing-p256"),
            EncryptionPolicy::WhenKeyPublished,
            false,
        ),
        // Twins: a key on a curve that may sign alone, a weak one that does, and no key.
        (
            "j",
            key("", "sp-signing-p256"),
            EncryptionPolicy::WhenKeyPublished,
            true,
        ),
        (
            "k",
            weak_key("signing"),
            EncryptionPolicy::WhenKeyPublished,
            true,
        ),
        ("l", String::new(), EncryptionPolicy::WhenKeyPublished, true),
    ] {
        let mut sp = Sp::new(name);
        sp.keys = keys;
        app.connect(&sp, |_, saml| saml.encryption = policy);
        let answer = app.ask(&client, &sp, |_| ());
        if good {
            app.told(&sp, &answer).ok();
        } else {
            app.assert_refused(
                &sp,
                &answer,
                ResultCode::NoEncryptionKey,
                "Responder",
                "RequestDenied",
            );
        }
    }
}

/// A KeyDescriptor with an RSA key of 1024 bits.
fn weak_key(usage: &str) -> String {
    let pem = include_str!("../../vectors/metadata/rsa1024.cert.pem");
    let base64: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let good = key(usage, "sp-encryption");
    let (head, rest) = good
        .split_once("<ds:X509Certificate>")
        .expect("a certificate");
    let (_, tail) = rest.split_once("</ds:X509Certificate>").expect("its end");
    format!("{head}<ds:X509Certificate>{base64}</ds:X509Certificate>{tail}")
}

/// Proves E43, E93, IIP-ALG05, AV-SEC-31: CBC only by its switch, and then the response is signed whatever
/// the setting.
#[test]
fn e43_cbc_needs_its_switch_and_forces_a_signed_response() {
    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let mut sp = Sp::new("cbc");
    sp.keys = key("encryption", "sp-encryption").replace(
        "</md:KeyDescriptor>",
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#aes128-cbc\"/></md:KeyDescriptor>",
    );
    let connected = app.connect(&sp, |_, saml| saml.sign = SignWhat::Assertion);
    let answer = app.ask(&client, &sp, |_| ());
    app.assert_refused(
        &sp,
        &answer,
        ResultCode::NoEncryptionKey,
        "Responder",
        "RequestDenied",
    );
    app.change(&connected, |app| {
        app.definition.saml.danger_allow_cbc = true
    });
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    told.ok();
    assert!(told.xml.contains("xmlenc#aes128-cbc"));
    assert!(
        told.xml.contains("</saml:Issuer><ds:Signature"),
        "the response is signed"
    );
}

/// Proves SDP-ALG01 for the organisation's own choice of cipher, which an SP's wish overrides.
#[test]
fn sdp_alg01_the_cipher_follows_the_sp_and_then_the_settings() {
    let app = TestApp::configured("[saml]\ndata_encryption = \"aes256-gcm\"\n");
    app.user("one");
    let client = app.signed_in("one");
    let wish = "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/></md:KeyDescriptor>";
    for (name, keys, cipher) in [
        ("a", key("encryption", "sp-encryption"), "#aes256-gcm"),
        (
            "b",
            key("encryption", "sp-encryption").replace("</md:KeyDescriptor>", wish),
            "#aes128-gcm",
        ),
    ] {
        let mut sp = Sp::new(name);
        sp.keys = keys;
        app.connect(&sp, |_, _| ());
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        told.ok();
        assert!(told.xml.contains(cipher), "{name}");
    }
}

/// An SP publishes a key without a word on ciphers and reads CBC alone; or names only ciphers that are
/// not permitted.
#[test]
fn field_76_field_77_a_cipher_can_be_chosen() {
    use avouch_server::apps::saml::Cipher;

    let app = TestApp::start();
    app.user("one");
    let client = app.signed_in("one");
    let sp = Sp::new("enc").encrypting();
    let connected = app.connect(&sp, |_, _| ());
    let cipher = || {
        let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
        told.ok();
        let methods = told
            .xml
            .split("EncryptionMethod Algorithm=\"")
            .nth(1)
            .expect("one");
        methods.split('"').next().expect("its end").to_owned()
    };
    assert!(cipher().ends_with("#aes128-gcm"));
    for (own, cbc, wanted) in [
        (Cipher::Aes256Gcm, false, "#aes256-gcm"),
        (Cipher::Aes256Cbc, true, "#aes256-cbc"),
        (Cipher::Aes128Cbc, true, "#aes128-cbc"),
    ] {
        app.change(&connected, |app| {
            app.definition.saml.encryption_cipher = Some(own);
            app.definition.saml.danger_allow_cbc = cbc;
        });
        assert!(cipher().ends_with(wanted), "{own:?}");
    }
    // At save CBC takes its own switch.
    let place = crate::cli::Place::new();
    place.ok(&["app", "add", "-"], &Sp::new("wiki").metadata());
    let id = Sp::new("wiki").entity_id;
    place.refused(
        &["app", "edit", &id, "encryption_cipher=aes256_cbc"],
        "",
        7,
        &["danger_allow_cbc=true"],
    );
    place.ok(
        &[
            "app",
            "edit",
            &id,
            "encryption_cipher=aes256_cbc",
            "danger_allow_cbc=true",
        ],
        "",
    );
    // A file that names ciphers nobody may use is told when it comes.
    let only_3des = Sp {
        keys: key("encryption", "sp-encryption").replace(
            "</md:KeyDescriptor>",
            "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#tripledes-cbc\"/></md:KeyDescriptor>",
        ),
        ..Sp::new("old")
    };
    place.refused(
        &["app", "add", "-"],
        &only_3des.metadata(),
        1,
        &["tripledes-cbc"],
    );
}
