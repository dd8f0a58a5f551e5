//! Adding an app by a file, by pasted text or by typed fields.

use askama::Template;

use crate::text::AppNew;

use super::super::fields::{Control, Field, Problem};
use super::super::{Frame, Page};

/// `GET /admin/apps/new`, and `GET /admin/apps/{id}/metadata` to replace an app's metadata.
///
/// Each of its three forms posts `multipart/form-data` to `preview_url`, with `csrf` and
/// `source`: `file` with the file field `file`; `paste` with `metadata`, both with `signed_by`; or
/// `typed` with the fields of [`TypedSp`]. The answer is [`AppPreviewPage`](super::AppPreviewPage), or
/// [`AppChoosePage`] when the metadata holds several service providers, or this page again with
/// problems.
#[derive(Debug, Template)]
#[template(path = "admin/app_new.html")]
pub struct AppNewPage {
    /// Surroundings.
    pub frame: Frame,
    /// Name of the app whose metadata is to be replaced; None to add one.
    pub replaces: Option<String>,
    /// Where the forms post: `/admin/apps/preview`, or `/admin/apps/{id}/metadata`.
    pub preview_url: String,
    /// Where "cancel" leads.
    pub cancel_url: String,
    /// Metadata that was pasted, to correct it.
    pub pasted: String,
    /// Certificates the file or the text has to be signed by, to correct them.
    pub signed_by: String,
    /// What was typed, to correct it.
    pub typed: TypedSp,
    /// What was wrong. Its field is `file`, `metadata` or a field of [`TypedSp`].
    pub problems: Vec<Problem>,
}

/// A service provider typed in field by field. Each field of the struct is a form field with the
/// same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedSp {
    /// What people here call the app.
    pub name: String,
    /// Entity ID.
    pub entity_id: String,
    /// ACS URLs, one in each line, the default first.
    pub acs_urls: String,
    /// Certificates it signs with, PEM or bare base64.
    pub certificates: String,
    /// Certificates to encrypt for, PEM or bare base64.
    pub encryption_certificates: String,
    /// The app signs all its requests (sends `yes` or nothing).
    pub requests_signed: bool,
}

/// The metadata holds several service providers: which one? The form posts to the same
/// `preview_url` with `source` = `paste`, `csrf`, `metadata` (the text as it came), `signed_by` and
/// `entity_id`.
#[derive(Debug, Template)]
#[template(path = "admin/app_choose.html")]
pub struct AppChoosePage {
    /// Surroundings.
    pub frame: Frame,
    /// Where the form posts.
    pub preview_url: String,
    /// Where "cancel" leads.
    pub cancel_url: String,
    /// The metadata as it came.
    pub metadata: String,
    /// Certificates it is signed by.
    pub signed_by: String,
    /// Its service providers.
    pub entities: Vec<EntityLine>,
}

/// One service provider of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityLine {
    /// Entity ID.
    pub entity_id: String,
    /// Its name for people; may be empty.
    pub name: String,
    /// An app with this entity ID exists.
    pub taken: bool,
}

/// The fields that a problem can be shown at.
const FIELDS: [&str; 9] = [
    "file",
    "metadata",
    "signed_by",
    "name",
    "entity_id",
    "acs_urls",
    "certificates",
    "encryption_certificates",
    "requests_signed",
];

impl AppNewPage {
    fn t(&self) -> &AppNew {
        &self.frame.t.app_new
    }

    fn title(&self) -> String {
        match &self.replaces {
            Some(app) => self.t().title_replace.with(app),
            None => self.t().title.to_string(),
        }
    }

    /// The problems for the summary above the page, each with the name of its field; what
    /// belongs to no field stands for itself.
    fn summary(&self) -> Vec<Problem> {
        self.problems
            .iter()
            .map(|problem| {
                let field = FIELDS.iter().find(|name| **name == problem.field);
                match field {
                    Some(name) => Problem::new(
                        *name,
                        format!("{}: {}", self.field(name).label, problem.message),
                    ),
                    None => problem.clone(),
                }
            })
            .collect()
    }

    fn field(&self, name: &'static str) -> Field {
        let t = self.t();
        let typed = &self.typed;
        let (label, hint, value) = match name {
            "file" => (t.file, None, ""),
            "metadata" => (t.paste, None, self.pasted.as_str()),
            "signed_by" => (t.signed_by, Some(t.signed_by_hint), self.signed_by.as_str()),
            "name" => (t.name, Some(t.name_hint), typed.name.as_str()),
            "entity_id" => (
                t.entity_id,
                Some(t.entity_id_hint),
                typed.entity_id.as_str(),
            ),
            "acs_urls" => (t.acs_urls, Some(t.acs_urls_hint), typed.acs_urls.as_str()),
            "certificates" => (
                t.certificates,
                Some(t.certificates_hint),
                typed.certificates.as_str(),
            ),
            "encryption_certificates" => (
                t.encryption_certificates,
                Some(t.encryption_certificates_hint),
                typed.encryption_certificates.as_str(),
            ),
            _ => (
                t.requests_signed,
                Some(t.requests_signed_hint),
                if typed.requests_signed { "yes" } else { "" },
            ),
        };
        Field {
            id: name.into(),
            name,
            label,
            hint: hint.map(Into::into),
            value: value.into(),
            control: Control::Line,
            choices: Vec::new(),
            problem: problem_of(&self.problems, name),
            in_force: None,
        }
    }

    /// The same field in the second of the two forms that have it.
    fn signed_by_again(&self) -> Field {
        Field {
            id: "signed_by-again".into(),
            problem: None,
            ..self.field("signed_by")
        }
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_admin(),
            replaces: None,
            preview_url: "/admin/apps/preview".into(),
            cancel_url: "/admin/apps".into(),
            pasted: String::new(),
            signed_by: String::new(),
            typed: TypedSp::default(),
            problems: Vec::new(),
        }
    }
}

/// What is wrong with one field, if anything is.
pub(super) fn problem_of(problems: &[Problem], field: &str) -> Option<String> {
    let messages: Vec<_> = problems
        .iter()
        .filter(|problem| problem.field == field)
        .map(|problem| problem.message.as_str())
        .collect();
    (!messages.is_empty()).then(|| messages.join(" "))
}

impl AppChoosePage {
    fn t(&self) -> &AppNew {
        &self.frame.t.app_new
    }

    /// Sample data.
    pub fn sample() -> Self {
        let line = |entity_id: &str, name: &str, taken| EntityLine {
            entity_id: entity_id.into(),
            name: name.into(),
            taken,
        };
        Self {
            frame: Frame::sample_admin(),
            preview_url: "/admin/apps/preview".into(),
            cancel_url: "/admin/apps".into(),
            metadata: "<EntitiesDescriptor/>".into(),
            signed_by: String::new(),
            entities: vec![
                line("https://wiki.example.org/shibboleth", "Sample Wiki", true),
                line("https://library.example.org/shibboleth", "Library", false),
                line("urn:mace:example.org:no-name", "", false),
            ],
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let wrong = AppNewPage {
        pasted: "<EntityDescriptor>\n<oops\n".into(),
        typed: TypedSp {
            name: "Sample Wiki".into(),
            entity_id: "wiki".into(),
            acs_urls: "javascript:alert%281%29".into(),
            ..TypedSp::default()
        },
        problems: vec![
            Problem::new("metadata", "Line 2: “<” is not allowed inside a tag."),
            Problem::new(
                "acs_urls",
                "Enter a whole address that starts with https://.",
            ),
        ],
        ..AppNewPage::sample()
    };
    let replace = AppNewPage {
        replaces: Some("Sample Wiki".into()),
        preview_url: "/admin/apps/wiki/metadata".into(),
        cancel_url: "/admin/apps/wiki".into(),
        typed: TypedSp {
            name: "Sample Wiki".into(),
            entity_id: "https://wiki.example.org/shibboleth".into(),
            acs_urls: "https://wiki.example.org/Shibboleth.sso/SAML2/POST".into(),
            requests_signed: true,
            ..TypedSp::default()
        },
        ..AppNewPage::sample()
    };
    vec![
        ("admin-app-new", AppNewPage::sample().html()),
        ("admin-app-new-problems", wrong.html()),
        ("admin-app-replace", replace.html()),
        ("admin-app-choose", AppChoosePage::sample().html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_post_to_one_address() {
        let html = AppNewPage::sample().html();
        assert_eq!(html.matches("action=\"/admin/apps/preview\"").count(), 3);
        assert_eq!(html.matches("enctype=\"multipart/form-data\"").count(), 3);
        for source in ["file", "paste", "typed"] {
            assert!(html.contains(&format!("name=\"source\" value=\"{source}\"")));
        }
    }

    #[test]
    fn a_problem_is_summed_up_and_shown_at_its_field() {
        let (_, html) = samples().remove(1);
        assert!(html.contains("href=\"#acs_urls\""));
        assert!(html.contains("id=\"acs_urls-problem\""));
        assert!(html.contains("aria-invalid=\"true\""));
        assert!(
            html.contains(">Metadata XML: Line 2"),
            "the summary names the field"
        );
        assert!(!AppNewPage::sample().html().contains("aria-invalid"));
    }
}
