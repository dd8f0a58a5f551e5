//! What a service provider has to know about Avouch: the "SAML login information" block.

use super::Moment;

/// Values to configure in a service provider, each shown with a copy button.
#[derive(Debug, Clone)]
pub struct IdpInfo {
    /// Metadata of the organisation.
    pub metadata_url: String,
    /// Until when metadata that is read now is good.
    pub metadata_until: Moment,
    /// The metadata without an end, for an app that is handed a file once.
    pub endless_url: String,
    /// Metadata for one app; None where no app is meant.
    pub app_metadata_url: Option<String>,
    /// Entity ID of Avouch towards this app.
    pub entity_id: String,
    /// Sign-on URL, HTTP-Redirect.
    pub sso_redirect: String,
    /// Sign-on URL, HTTP-POST.
    pub sso_post: String,
    /// Launch URL of the app; None where no app is meant.
    pub launch_url: Option<String>,
    /// Certificates the service provider has to trust, the active one first.
    pub certificates: Vec<IdpCertificate>,
}

/// One certificate of Avouch.
#[derive(Debug, Clone)]
pub struct IdpCertificate {
    /// PEM.
    pub pem: String,
    /// SHA-256 fingerprint, hex with colons.
    pub fingerprint: String,
    /// SHA-1 fingerprint, likewise.
    pub sha1: String,
    /// When it expires.
    pub expires: Moment,
}

impl IdpInfo {
    /// Sample data.
    pub fn sample() -> Self {
        let base = "https://login.example.org";
        Self {
            metadata_url: format!("{base}/saml/metadata"),
            metadata_until: Moment::from_unix_millis(2_087_820_309_000),
            endless_url: format!("{base}/saml/metadata/wiki?valid=none"),
            app_metadata_url: Some(format!("{base}/saml/metadata/wiki")),
            entity_id: format!("{base}/saml/metadata"),
            sso_redirect: format!("{base}/saml/sso"),
            sso_post: format!("{base}/saml/sso"),
            launch_url: Some(format!("{base}/launch/wiki")),
            certificates: vec![IdpCertificate {
                pem: "-----BEGIN CERTIFICATE-----\nU2FtcGxlIG9ubHk6IHRoaXMgaXMgbm90IGEgY2VydGlmaWNhdGUgYXQgYWxsLg==\n-----END CERTIFICATE-----\n".into(),
                fingerprint: sample_fingerprint(),
                sha1: sample_fingerprint()[..59].to_owned(),
                expires: Moment::from_unix_millis(2_087_820_309_000),
            }],
        }
    }
}

/// A fingerprint of nothing, for samples.
pub(super) fn sample_fingerprint() -> String {
    (0..32_u8)
        .map(|i| format!("{:02X}", i.wrapping_mul(37).wrapping_add(11)))
        .collect::<Vec<_>>()
        .join(":")
}
