//! `/saml/metadata`.

use avouch_saml::metadata::endpoint::Binding;
use avouch_saml::metadata::entity::Reading;
use avouch_saml::metadata::idp::IdpMetadata;
use avouch_saml::security::certificate::KeyKind;
use avouch_saml::security::verify::verify_enveloped;
use avouch_saml::xml::limits::Limits;

use crate::support::app::{BASE_URL, TestApp};
use crate::support::emitted::judge;
use crate::support::sp::Sp;
use crate::support::{dev_certificate, dev_path};

fn read(app: &TestApp, path: &str) -> IdpMetadata {
    read_signed(app, path, app.emitted.certificate())
}

/// What stands at `path`, valid by the schemas and signed by the key of this certificate.
fn read_signed(app: &TestApp, path: &str, certificate: &str) -> IdpMetadata {
    let answer = app.client().get(path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    judge(
        &answer.text(),
        &dev_path(&format!("{certificate}.cert.pem")),
    );
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
    let kinds: Vec<_> = read_signed(&app, "/saml/metadata", "idp-p256")
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
