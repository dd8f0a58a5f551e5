//! `/saml/metadata`.

use avouch_saml::metadata::endpoint::Binding;
use avouch_saml::metadata::entity::Reading;
use avouch_saml::metadata::idp::IdpMetadata;
use avouch_saml::metadata::key_descriptor::KeyUse;
use avouch_saml::metadata::ui::{ContactKind, Localized};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::security::algorithm::AlgorithmPolicy;
use avouch_saml::security::certificate::{Certificate, KeyKind, PublicKey};
use avouch_saml::security::encrypt::{Encryption, encrypt_element};
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::xml::limits::Limits;
use avouch_server::keys::rollover::{self, RolloverError};
use avouch_server::keys::{KeyId, KeyPurpose, development};
use avouch_server::random::SystemRandom;
use avouch_server::store::{self, Connection};

use crate::support::app::{BASE_URL, Setup, TestApp};
use crate::support::dev_certificate;
use crate::support::emitted::judge_by;
use crate::support::sp::Sp;

fn read(app: &TestApp, path: &str) -> IdpMetadata {
    read_signed(app, path, &app.certificate())
}

/// What stands at `path`, valid by the schemas and signed by the key of this certificate.
fn read_signed(app: &TestApp, path: &str, certificate: &Certificate) -> IdpMetadata {
    let answer = app.client().get(path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    judge_by(&answer.text(), certificate);
    IdpMetadata::parse(&answer.body, &Reading::at(app.now())).expect("our own metadata reads")
}

/// Proves AV-MDP-01, AV-MDP-02, AV-MDP-08, SDP-MD04, SDP-MD05, SDP-IDP33, SDP-IDP14, SDP-MD11.
#[test]
fn av_mdp_01_metadata_is_signed_stable_and_says_what_is_on() {
    let app = TestApp::configured(
        "[idp]\norganisation_url = \"https://example.org/\"\nscopes = [\"example.org\"]\n\
         [[idp.contacts]]\nkind = \"technical\"\nemail = \"tech@example.org\"\ngiven_name = \"Sample\"\n",
    );
    let client = app.client();
    let first = client.get("/saml/metadata");
    let policy = avouch_saml::security::algorithm::AlgorithmPolicy::default();
    let key = dev_certificate("idp-rsa2048").public_key().expect("a key");
    verify_enveloped(&first.body, &[key], &policy, &Limits::METADATA).expect("signed");
    let metadata = read(&app, "/saml/metadata");
    assert_eq!(
        metadata.entity_id.as_str(),
        format!("{BASE_URL}/saml/metadata")
    );
    for binding in [Binding::HttpRedirect, Binding::HttpPost] {
        let endpoint = metadata.sso_endpoint(&binding).expect("an endpoint");
        assert_eq!(endpoint.location().as_str(), format!("{BASE_URL}/saml/sso"));
        assert_eq!(endpoint.stated_response_location(), None);
    }
    assert!(
        metadata.slo.is_empty(),
        "logout at SPs is off, so it is not advertised"
    );
    assert_eq!(metadata.scopes, ["example.org"]);
    assert!(
        metadata
            .valid_until
            .is_some_and(|until| until > app.now().plus_seconds(86_400))
    );
    assert!(!metadata.ui.display_names.is_empty());
    assert_eq!(metadata.contacts.len(), 1);

    let tag = first.header("etag").expect("a tag").to_owned();
    app.clock.advance(60);
    let again = client.get_with("/saml/metadata", &[("If-None-Match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(client.get("/saml/metadata").body, first.body);
    app.add_key(KeyKind::P256);
    let changed = client.get_with("/saml/metadata", &[("If-None-Match", &tag)]);
    assert_eq!(changed.status, 200);
    let kinds: Vec<_> = read_signed(&app, "/saml/metadata", &dev_certificate("idp-p256"))
        .keys
        .iter()
        .filter(|k| k.usage.signs())
        .map(|k| k.certificate.public_key().expect("a key").kind())
        .collect();
    assert_eq!(kinds, [KeyKind::P256, KeyKind::Rsa { bits: 2048 }]);
}

/// Proves SDP-MD12: the errorURL is a page of ours.
#[test]
fn sdp_md12_the_error_url_is_a_page() {
    let app = TestApp::start();
    let url = read(&app, "/saml/metadata").error_url.expect("an errorURL");
    assert!(url.starts_with("https://"));
    let path = url.strip_prefix(BASE_URL).expect("ours");
    let page = app.client().get(&format!(
        "{path}?ERRORURL_CODE=AUTHORIZATION_FAILURE&ERRORURL_RP=https://sp.example.org"
    ));
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("https://sp.example.org"));
}

/// Proves SDP-MD01, AV-RSP-04 for an app with an issuer of its own.
#[test]
fn av_rsp_04_an_app_sees_its_own_issuer() {
    let (app, plain, client) = TestApp::ready();
    let sp = Sp::new("own");
    app.connect(&sp, |_, saml| {
        saml.issuer = Some("https://tenant.example.org/idp".to_owned())
    });
    assert_eq!(
        read(&app, "/saml/metadata/own").entity_id.as_str(),
        "https://tenant.example.org/idp"
    );
    let told = app.told(&sp, &app.ask(&client, &sp, |_| ()));
    assert_eq!(told.ok().issuer.as_str(), "https://tenant.example.org/idp");
    let told = app.told(&plain, &app.ask(&client, &plain, |_| ()));
    assert_eq!(
        told.ok().issuer.as_str(),
        format!("{BASE_URL}/saml/metadata")
    );
    assert_eq!(app.client().get("/saml/metadata/unknown").status, 404);
}

/// Proves AV-MDP-08 where each signature is another: the same octets and tag while what it says is
/// the same, whatever else changes, and no signature a GET.
#[test]
fn av_mdp_08_metadata_signed_by_ecdsa_is_stable_too() {
    let app = TestApp::with(Setup {
        key: Some(KeyKind::P256),
        ..Setup::default()
    });
    app.connect(&Sp::new("wiki"), |_, saml| saml.always_this_format = true);
    let client = app.client();
    for path in ["/saml/metadata", "/saml/metadata/wiki"] {
        let first = client.get(path);
        assert_eq!(first.status, 200);
        let tag = first.header("etag").expect("a tag").to_owned();
        // Another user is another version of the state, and no other metadata.
        app.user(&format!("one{}", path.len()));
        app.clock.advance(60);
        assert_eq!(client.get(path).body, first.body, "{path}");
        for known in [tag.clone(), format!("\"x\", W/{tag}")] {
            let again = client.get_with(path, &[("If-None-Match", &known)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        }
        let again = client.get_with(path, &[("If-None-Match", "\"x\"")]);
        assert_eq!(again.status, 200);
        app.clock.advance(86_400);
        let later = client.get_with(path, &[("If-None-Match", &tag)]);
        assert_eq!(later.status, 200, "another validUntil: {path}");
        assert_ne!(later.body, first.body);
    }
    assert_ne!(
        client.get("/saml/metadata").body,
        client.get("/saml/metadata/wiki").body
    );
}

/// Proves AV-MDP-03: the exact list of KeyDescriptors, one key each with its use; an encryption key
/// read from it is one that we can decrypt with.
#[test]
fn av_mdp_03_every_live_key_has_its_descriptors() {
    let (app, sp, client) = TestApp::ready();
    app.change(&app.app_of(&sp), |app| {
        let mail = NameIdFormat::EmailAddress.uri().to_owned();
        app.definition.saml.allowed_name_id_formats.push(mail);
    });
    app.add_key(KeyKind::P256);
    let own = Sp::new("own");
    let id = |state: &str| {
        let keys = app.services.db.read(store::keys::all).expect("keys");
        let key = keys.into_iter().find(|key| key.state == state);
        key.expect("a key in this state").id
    };
    let previous = id("previous");
    app.connect(&own, |_, saml| saml.signing_key = Some(previous.clone()));
    let listed = |path: &str| -> Vec<(KeyUse, String)> {
        let keys = read(&app, path).keys;
        keys.into_iter()
            .map(|key| (key.usage, key.certificate.fingerprint()))
            .collect()
    };
    let (rsa, ec) = (
        dev_certificate("idp-rsa2048").fingerprint(),
        dev_certificate("idp-p256").fingerprint(),
    );
    assert_eq!(
        listed("/saml/metadata"),
        [
            (KeyUse::Signing, ec.clone()),
            (KeyUse::Signing, rsa.clone()),
            (KeyUse::Encryption, rsa.clone()),
        ]
    );
    // The key that signs for an app stands first in what that app reads.
    assert_eq!(
        listed("/saml/metadata/own"),
        [
            (KeyUse::Signing, rsa.clone()),
            (KeyUse::Encryption, rsa),
            (KeyUse::Signing, ec),
        ]
    );
    let xml = client.get("/saml/metadata").text();
    assert_eq!(xml.matches("<md:KeyDescriptor ").count(), 3);
    assert_eq!(
        xml.matches("<ds:X509Certificate>").count(),
        3 + 1,
        "and the signature's"
    );

    let metadata = read(&app, "/saml/metadata");
    let key = metadata
        .keys
        .iter()
        .find(|key| key.usage == KeyUse::Encryption)
        .expect("an encryption key");
    let key = key.certificate.public_key().expect("a key");
    let how = Encryption::choose(&[], &AlgorithmPolicy::default()).expect("a default");
    for (name, good) in [("one@example.org", true), ("two@example.org", false)] {
        let plain = format!(
            "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">{name}</saml:NameID>"
        );
        let octets = encrypt_element(plain.as_bytes(), &key, None, how).expect("encrypted");
        let encrypted = String::from_utf8(octets).expect("UTF-8");
        let subject = format!(
            "<saml:Subject><saml:EncryptedID>{encrypted}</saml:EncryptedID></saml:Subject>"
        );
        let answer = app.post_xml(&client, &sp.raw(&app, "", &subject));
        let xml = sp.read_unverified(&app, &answer);
        assert_eq!(xml.contains("status:Success"), good, "{xml}");
    }
}

/// Proves SDP-MD01 for requests, and what SPs taught: WantAuthnRequestsSigned is what the app's own
/// metadata promises.
#[test]
fn sdp_md01_an_app_reads_whether_it_must_sign() {
    let app = TestApp::start();
    for (name, attributes, want) in [
        ("signs", "AuthnRequestsSigned=\"true\"", true),
        ("plain", "", false),
    ] {
        let mut sp = Sp::new(name);
        sp.role_attributes = attributes.to_owned();
        app.connect(&sp, |_, _| ());
        let metadata = read(&app, &format!("/saml/metadata/{name}"));
        assert_eq!(metadata.want_authn_requests_signed, want, "{name}");
    }
    assert!(!read(&app, "/saml/metadata").want_authn_requests_signed);
}

/// Proves SDP-MD09, SDP-MD10, SDP-MD11, SDP-MD12, SDP-IDP14, AV-MDP-06, AV-MDP-07: all that
/// can be configured is there, as configured.
#[test]
fn sdp_md09_all_that_is_configured_is_said() {
    let png = "data:image/png;base64,iVBORw0KGgo=";
    let app = TestApp::configured(&format!(
        "[idp]\nlanguage = \"en\"\norganisation_name = \"Sample Organisation\"\n\
         organisation_url = \"https://example.org/\"\nscopes = [\"example.org\", \"example.net\"]\n\
         error_url = \"https://example.org/help\"\n\
         display_names = {{ en = \"Sample Login\", de-CH = \"Aamäldig\" }}\n\
         descriptions = {{ en = \"Signs people in\" }}\nkeywords = {{ en = \"sample login\" }}\n\
         information_urls = {{ en = \"https://example.org/about\" }}\n\
         privacy_urls = {{ en = \"https://example.org/privacy\" }}\n\
         registration_authority = \"https://federation.example.org/\"\n\
         entity_attributes = {{ \"urn:x:category\" = \"urn:x:value\" }}\n\
         [[idp.logos]]\nurl = \"https://example.org/logo.png\"\nwidth = 80\nheight = 60\n\
         [[idp.logos]]\nurl = \"{png}\"\nwidth = 16\nheight = 16\nlanguage = \"en\"\n\
         [[idp.contacts]]\nkind = \"technical\"\nemail = \"tech@example.org\"\ngiven_name = \"Sample\"\n\
         [[idp.contacts]]\nkind = \"security\"\nemail = \"security@example.org\"\n\
         [[idp.contacts]]\nkind = \"support\"\nemail = \"help@example.org\"\n"
    ));
    let metadata = read(&app, "/saml/metadata");
    let texts = |texts: &[Localized]| -> Vec<(String, String)> {
        texts
            .iter()
            .map(|t| (t.lang.clone(), t.text.clone()))
            .collect()
    };
    let en = |text: &str| vec![("en".to_owned(), text.to_owned())];
    let ui = &metadata.ui;
    assert_eq!(
        texts(&ui.display_names),
        [
            ("de-CH".to_owned(), "Aamäldig".to_owned()),
            ("en".to_owned(), "Sample Login".to_owned())
        ]
    );
    assert_eq!(texts(&ui.descriptions), en("Signs people in"));
    assert_eq!(texts(&ui.information_urls), en("https://example.org/about"));
    assert_eq!(
        texts(&ui.privacy_statement_urls),
        en("https://example.org/privacy")
    );
    assert_eq!(texts(&ui.keywords), en("sample login"));
    let logos: Vec<_> = ui
        .logos
        .iter()
        .map(|logo| (logo.url.as_str(), logo.width, logo.height))
        .collect();
    assert_eq!(
        logos,
        [("https://example.org/logo.png", 80, 60), (png, 16, 16)]
    );
    let contacts: Vec<_> = metadata
        .contacts
        .iter()
        .map(|c| (c.kind, c.emails.clone()))
        .collect();
    assert_eq!(
        contacts,
        [
            (ContactKind::Technical, vec!["tech@example.org".to_owned()]),
            (
                ContactKind::Security,
                vec!["security@example.org".to_owned()]
            ),
            (ContactKind::Support, vec!["help@example.org".to_owned()]),
        ]
    );
    let organization = metadata.organization.expect("an organisation");
    assert_eq!(texts(&organization.names), en("Sample Organisation"));
    assert_eq!(texts(&organization.urls), en("https://example.org/"));
    assert_eq!(metadata.scopes, ["example.org", "example.net"]);
    assert_eq!(
        metadata.error_url.as_deref(),
        Some("https://example.org/help")
    );
    assert_eq!(
        metadata.registration.expect("registered").authority,
        "https://federation.example.org/"
    );
    assert_eq!(metadata.entity_attributes[0].values, ["urn:x:value"]);
    assert!(!metadata.name_id_formats.is_empty() && !metadata.algorithms.is_empty());
}

/// Proves AV-MDP-04: a rollover with an SP that reads metadata as rarely as it may, in which no
/// sign-on fails; what would break is refused unless forced; a compromised key goes at once.
#[test]
fn av_mdp_04_a_rollover_breaks_no_sign_on() {
    let (app, sp, client) = TestApp::ready();
    let cache = app.services.settings.idp.metadata_cache_minutes * 60;
    let published = || -> Vec<PublicKey> {
        read(&app, "/saml/metadata")
            .keys
            .iter()
            .filter(|key| key.usage.signs())
            .map(|key| key.certificate.public_key().expect("a key"))
            .collect()
    };
    // Signs on, and judges the answer by the keys that the SP has.
    let known = |keys: &[PublicKey]| {
        let xml = sp.read_unverified(&app, &app.ask(&client, &sp, |_| ()));
        assert!(xml.contains("status:Success"));
        let policy = AlgorithmPolicy::default();
        verify_enveloped(xml.as_bytes(), keys, &policy, &Limits::MESSAGE).is_ok()
    };
    let add = |kind| {
        let (private, certificate) = development::pair(kind).expect("a key");
        let (master, now) = (app.services.keyring.master(), app.now());
        let purpose = KeyPurpose::Signing;
        let row = rollover::import(
            master,
            &private,
            &certificate,
            purpose,
            now,
            &mut SystemRandom,
        );
        let row = row.expect("imported");
        app.write(|c| rollover::add(c, row.clone()));
        KeyId::new(row.id)
    };
    let try_to = |step: &dyn Fn(&mut Connection) -> Result<(), RolloverError>| {
        let done: Result<(), RolloverError> = app.services.db.write(|c| step(c));
        done.map_err(|error| error.to_string())
    };
    let refused = |result: Result<(), String>, why: &str| {
        let error = result.expect_err(why);
        assert!(error.contains(why) && error.contains("--force"), "{error}");
    };
    let first = KeyId::new(
        app.services.db.read(store::keys::all).expect("keys")[0]
            .id
            .clone(),
    );
    let mut cached = published();
    assert!(known(&cached));

    let second = add(KeyKind::P256);
    assert!(known(&cached), "a key that is published does not sign yet");
    let activate = |id: &KeyId| {
        try_to(&|c| {
            rollover::check_activate(c, id, cache, app.now())?;
            rollover::activate(c, id, app.now())
        })
    };
    let retire = |id: &KeyId| {
        try_to(&|c| {
            rollover::check_retire(c, id, cache, app.now())?;
            rollover::retire(c, id)
        })
    };
    app.clock.advance(cache - 1);
    refused(activate(&second), "their sign-ons would fail");
    app.clock.advance(1);
    cached = published();
    // The session must outlast the caches.
    let client = app.signed_in("one");
    let known = |keys: &[PublicKey]| {
        let xml = sp.read_unverified(&app, &app.ask(&client, &sp, |_| ()));
        assert!(xml.contains("status:Success"));
        let policy = AlgorithmPolicy::default();
        verify_enveloped(xml.as_bytes(), keys, &policy, &Limits::MESSAGE).is_ok()
    };
    assert_eq!(activate(&second), Ok(()));
    assert!(known(&cached), "signed by a key that the SP had read of");
    refused(retire(&first), "the key signed until");

    let pinned = Sp::new("pinned");
    let own = app.connect(&pinned, |_, saml| {
        saml.signing_key = Some(first.as_str().to_owned());
    });
    app.clock.advance(cache);
    refused(retire(&first), "pinned chose this key");
    app.change(&own, |app| app.definition.saml.signing_key = None);
    assert_eq!(retire(&first), Ok(()));
    assert_eq!(published().len(), 1, "gone with the next read");

    // The second is compromised: everything at once, and the SP must read again.
    let third = add(KeyKind::P384);
    refused(activate(&third), "their sign-ons would fail");
    assert_eq!(
        try_to(&|c| rollover::activate(c, &third, app.now())),
        Ok(())
    );
    refused(retire(&second), "the key signed until");
    assert_eq!(try_to(&|c| rollover::retire(c, &second)), Ok(()));
    let keys = published();
    assert!(keys.len() == 1 && !cached.contains(&keys[0]));
}
