//! What was understood of a service provider's metadata, before anything is saved.

use askama::Template;

use crate::text::AppPreview;

use super::super::fields::{Control, Field};
use super::super::idp_info::sample_fingerprint;
use super::super::{AppLabel, Frame, Moment, Page, Tone};
use super::findings::{FindingLine, Severe};

/// The answer to the forms of [`AppNewPage`](super::AppNewPage). Its form posts
/// (`application/x-www-form-urlencoded`) `csrf`, `metadata`, `signed_by`, `entity_id`, `name` and, for each
/// attribute to release, `release` with its SAML name, to `save_url`.
#[derive(Debug, Template)]
#[template(path = "admin/app_preview.html")]
pub struct AppPreviewPage {
    /// Surroundings.
    pub frame: Frame,
    /// Where the form posts: `/admin/apps`, or `/admin/apps/{id}/metadata/save`.
    pub save_url: String,
    /// Where "discard" leads.
    pub cancel_url: String,
    /// The metadata that will be saved, as it came or as it was made from typed fields.
    pub source: PreviewSource,
    /// Proposed name and the logo.
    pub app: AppLabel,
    /// Entity ID.
    pub entity_id: String,
    /// Description of the app; may be empty.
    pub description: String,
    /// Organisation; may be empty.
    pub organisation: String,
    /// Contacts, each one line such as `technical: helpdesk@example.org`.
    pub contacts: Vec<String>,
    /// Information page; may be empty.
    pub info_url: String,
    /// Privacy statement; may be empty.
    pub privacy_url: String,
    /// Entity categories and other entity attributes, each `name = value`.
    pub categories: Vec<String>,
    /// `validUntil`.
    pub valid_until: Option<Moment>,
    /// Assertion Consumer Services.
    pub endpoints: Vec<EndpointLine>,
    /// Certificates.
    pub certificates: Vec<CertificateLine>,
    /// Requested attributes.
    pub requested: Vec<RequestedLine>,
    /// What is known of the signature of the metadata itself.
    pub signature: String,
    /// AuthnRequestsSigned.
    pub requests_signed: bool,
    /// WantAssertionsSigned.
    pub assertions_signed: bool,
    /// NameIDFormat elements.
    pub formats: Vec<String>,
    /// What deserves attention.
    pub warnings: Vec<String>,
    /// What the metadata holds beside this.
    pub ignored: Vec<String>,
    /// What would keep users from signing on.
    pub findings: Vec<FindingLine>,
    /// When metadata is replaced: what would change. None when an app is added.
    pub changes: Option<Vec<Change>>,
}

/// The metadata that will be saved.
#[derive(Debug, Clone)]
pub struct PreviewSource {
    /// The document of this one entity, or the whole one whose signature is verified.
    pub metadata: String,
    /// Certificates it is signed by.
    pub signed_by: String,
    /// What it is shown beside, when it is to take the place of other metadata.
    pub compared: String,
}

/// One Assertion Consumer Service.
#[derive(Debug, Clone)]
pub struct EndpointLine {
    /// Location.
    pub url: String,
    /// The binding's short name, such as `HTTP-POST`.
    pub binding: String,
    /// Index, if it has one.
    pub index: Option<u16>,
    /// It is the default.
    pub default: bool,
    /// Avouch can answer there.
    pub usable: bool,
}

/// One certificate of the service provider.
#[derive(Debug, Clone)]
pub struct CertificateLine {
    /// What it is for.
    pub used_for: Use,
    /// Subject.
    pub subject: String,
    /// Such as `RSA 2048` or `EC P-256`.
    pub kind: String,
    /// SHA-256 fingerprint, hex with colons.
    pub fingerprint: String,
    /// When it expires.
    pub expires: Moment,
    /// It has expired. SAML goes by the key, so it is still used.
    pub expired: bool,
    /// It is not used, and why.
    pub ignored_because: Option<String>,
}

/// The `use` of a KeyDescriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// `signing`.
    Signing,
    /// `encryption`.
    Encryption,
    /// None given.
    Both,
}

/// One attribute the metadata requests.
#[derive(Debug, Clone)]
pub struct RequestedLine {
    /// SAML name.
    pub name: String,
    /// Friendly name; may be empty.
    pub friendly: String,
    /// `isRequired`.
    pub required: bool,
    /// Avouch has a source for it, so it can be offered for release; ticked when required.
    pub can_release: bool,
}

/// One difference between old and new metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How it is to be seen.
    pub weight: ChangeWeight,
    /// What changes.
    pub what: String,
    /// Old value; empty if there was none.
    pub before: String,
    /// New value; empty if there is none.
    pub after: String,
}

/// How a difference is to be seen, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeWeight {
    /// It could let somebody else receive sign-ins, or weaken them, or tell more.
    Risky,
    /// Keys are added or gone beside those that stay.
    Keys,
    /// Anything else.
    Harmless,
}

impl AppPreviewPage {
    /// The box to tick where it could not work and is meant.
    fn although(&self) -> Field {
        let texts = &self.frame.t.findings;
        Field {
            id: "although".into(),
            name: "although",
            label: texts.accept,
            hint: Some(texts.accept_hint.into()),
            value: String::new(),
            control: Control::Tick { danger: true },
            choices: Vec::new(),
            problem: None,
            in_force: None,
        }
    }

    fn t(&self) -> &AppPreview {
        &self.frame.t.app_preview
    }

    fn replaces(&self) -> bool {
        self.changes.is_some()
    }

    /// The differences by weight: a title, the tone of its banner, and the differences.
    fn groups(&self) -> Vec<(String, &'static str, Vec<&Change>)> {
        let t = self.t();
        [
            (ChangeWeight::Risky, t.changes_risky, "problem"),
            (ChangeWeight::Keys, t.changes_keys, "warning"),
            (ChangeWeight::Harmless, t.changes_safe, "good"),
        ]
        .into_iter()
        .map(|(weight, title, tone)| {
            let all = self.changes.iter().flatten();
            let group = all.filter(|change| change.weight == weight).collect();
            (title.to_string(), tone, group)
        })
        .filter(|(_, _, group): &(_, _, Vec<&Change>)| !group.is_empty())
        .collect()
    }

    fn use_text(&self, line: &CertificateLine) -> String {
        let t = self.t();
        match line.used_for {
            Use::Signing => t.key_signing,
            Use::Encryption => t.key_encryption,
            Use::Both => t.key_both,
        }
        .to_string()
    }

    /// Facts about the app that are single lines: label and value.
    fn about(&self) -> Vec<(String, String)> {
        let t = self.t();
        let mut facts = vec![(t.entity_id, self.entity_id.clone())];
        facts.push((t.description, self.description.clone()));
        facts.push((t.organisation, self.organisation.clone()));
        facts.extend(
            self.contacts
                .iter()
                .map(|contact| (t.contacts, contact.clone())),
        );
        facts.push((t.info_url, self.info_url.clone()));
        facts.push((t.privacy_url, self.privacy_url.clone()));
        facts.extend(
            self.categories
                .iter()
                .map(|category| (t.categories, category.clone())),
        );
        if let Some(at) = &self.valid_until {
            facts.push((t.valid_until, at.shown.clone()));
        }
        facts.retain(|(_, value)| !value.is_empty());
        let mut shown: Vec<(String, String)> = Vec::new();
        for (label, value) in facts {
            // A label is said once, above all its values.
            let label = label.to_string();
            match shown.last_mut() {
                Some((last, values)) if *last == label => {
                    values.push('\n');
                    values.push_str(&value);
                }
                _ => shown.push((label, value)),
            }
        }
        shown
    }

    /// Sample data.
    pub fn sample() -> Self {
        let certificate = |used_for, expired| CertificateLine {
            used_for,
            subject: "CN=wiki.example.org".into(),
            kind: "RSA 3072".into(),
            fingerprint: sample_fingerprint(),
            expires: Moment::sample(),
            expired,
            ignored_because: None,
        };
        let requested = |name: &str, friendly: &str, required, can_release| RequestedLine {
            name: name.into(),
            friendly: friendly.into(),
            required,
            can_release,
        };
        let endpoint = |url: &str, binding: &str, index, usable| EndpointLine {
            url: url.into(),
            binding: binding.into(),
            index: Some(index),
            default: index == 1,
            usable,
        };
        Self {
            frame: Frame::sample_admin(),
            save_url: "/admin/apps".into(),
            cancel_url: "/admin/apps/new".into(),
            source: PreviewSource {
                metadata: "<EntityDescriptor entityID=\"https://wiki.example.org/shibboleth\"/>"
                    .into(),
                signed_by: String::new(),
                compared: String::new(),
            },
            app: AppLabel::named("Sample Wiki"),
            entity_id: "https://wiki.example.org/shibboleth".into(),
            description: "Pages that everybody may write.".into(),
            organisation: "Example University".into(),
            contacts: vec![
                "technical: helpdesk@example.org".into(),
                "support: support@example.org".into(),
            ],
            info_url: "https://wiki.example.org/about".into(),
            privacy_url: String::new(),
            categories: vec![
                "http://macedir.org/entity-category = http://refeds.org/category/research-and-scholarship"
                    .into(),
            ],
            valid_until: Some(Moment::sample()),
            endpoints: vec![
                endpoint("https://wiki.example.org/Shibboleth.sso/SAML2/POST", "HTTP-POST", 1, true),
                endpoint("https://wiki.example.org/Shibboleth.sso/SAML2/Artifact", "HTTP-Artifact", 2, false),
            ],
            certificates: vec![
                certificate(Use::Signing, true),
                certificate(Use::Encryption, false),
                CertificateLine {
                    ignored_because: Some("RSA keys of 1024 bits are too weak".into()),
                    kind: "RSA 1024".into(),
                    ..certificate(Use::Both, false)
                },
            ],
            requested: vec![
                requested("urn:oid:0.9.2342.19200300.100.1.3", "mail", true, true),
                requested("urn:oid:2.16.840.1.113730.3.1.241", "displayName", false, true),
                requested("urn:oid:1.3.6.1.4.1.99999.1", "", false, false),
            ],
            signature: "none".into(),
            requests_signed: true,
            assertions_signed: false,
            formats: vec!["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into()],
            warnings: vec!["The signing certificate has expired. It is still used, as SAML goes by the key.".into()],
            ignored: vec!["SingleLogoutService (HTTP-Redirect)".into(), "ArtifactResolutionService".into()],
            findings: Vec::new(),
            changes: None,
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let change = |weight, what: &str, before: &str, after: &str| Change {
        weight,
        what: what.into(),
        before: before.into(),
        after: after.into(),
    };
    let replace = AppPreviewPage {
        save_url: "/admin/apps/wiki/metadata/save".into(),
        changes: Some(vec![
            change(
                ChangeWeight::Risky,
                "Assertion Consumer Service",
                "https://wiki.example.org/Shibboleth.sso/SAML2/POST",
                "https://wiki-new.example.org/Shibboleth.sso/SAML2/POST",
            ),
            change(
                ChangeWeight::Keys,
                "another signing key",
                "",
                "RSA 2048, 5A:D1…",
            ),
            change(
                ChangeWeight::Harmless,
                "Contact",
                "",
                "support: support@example.org",
            ),
        ]),
        ..AppPreviewPage::sample()
    };
    let bare = AppPreviewPage {
        certificates: Vec::new(),
        requested: Vec::new(),
        warnings: Vec::new(),
        ignored: Vec::new(),
        formats: Vec::new(),
        ..AppPreviewPage::sample()
    };
    let line = |tone, text: &str| FindingLine {
        tone,
        text: text.into(),
        url: String::new(),
    };
    let findings = AppPreviewPage {
        findings: vec![
            line(
                Tone::Problem,
                "It cannot be answered: none of its Assertion Consumer Services takes answers by \
                 HTTP-POST, only by HTTP-Artifact.",
            ),
            line(
                Tone::Warning,
                "Its metadata is good until 2026-03-02T12:00:00Z only.",
            ),
        ],
        ..AppPreviewPage::sample()
    };
    vec![
        ("admin-app-preview", AppPreviewPage::sample().html()),
        ("admin-app-preview-findings", findings.html()),
        ("admin-app-preview-bare", bare.html()),
        ("admin-app-preview-replace", replace.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> String {
        let found = samples().into_iter().find(|(known, _)| *known == name);
        found.expect("a sample of this name").1
    }

    #[test]
    fn what_is_saved_is_what_was_shown() {
        let html = AppPreviewPage::sample().html();
        assert!(html.contains("name=\"metadata\" value=\"&#60;EntityDescriptor"));
        assert!(html.contains("name=\"entity_id\" value=\"https://wiki.example.org/shibboleth\""));
    }

    #[test]
    fn only_required_attributes_are_ticked_beforehand() {
        let html = AppPreviewPage::sample().html();
        assert_eq!(html.matches("name=\"release\"").count(), 2);
        assert_eq!(html.matches(" checked").count(), 1);
    }

    #[test]
    fn risky_changes_stand_apart() {
        let html = sample("admin-app-preview-replace");
        let risky = html.find("wiki-new.example.org").expect("the new address");
        let keys = html.find("Keys changed").expect("the keys");
        let safe = html.find("Harmless changes").expect("the harmless part");
        assert!(risky < keys && keys < safe);
    }
}
