//! The list of connected apps.

use askama::Template;

use crate::apps::AppState;
use crate::text::{AppList, Text};

use super::super::{AppLabel, Frame, Moment, Page, Tone};

/// `GET /admin/apps?q=…&after=…`.
#[derive(Debug, Template)]
#[template(path = "admin/app_list.html")]
pub struct AppListPage {
    /// Surroundings.
    pub frame: Frame,
    /// What was searched for; may be empty.
    pub query: String,
    /// One page of apps.
    pub rows: Vec<AppRow>,
    /// How many match in all.
    pub total: u64,
    /// URL of the following page, if there is one.
    pub next_url: Option<String>,
    /// URL of the first page, when this is not it.
    pub first_url: Option<String>,
    /// Whether this administrator may add apps.
    pub may_add: bool,
}

/// One app of the list.
#[derive(Debug, Clone)]
pub struct AppRow {
    /// Its page: `/admin/apps/{id}`.
    pub url: String,
    /// Name and logo.
    pub app: AppLabel,
    /// Entity ID of its service provider.
    pub entity_id: String,
    /// In use, blocked or not installed.
    pub state: AppState,
    /// The last sign-on to it.
    pub last_used: Option<Moment>,
    /// A certificate that deserves attention.
    pub certificate: Option<CertificateAge>,
    /// The worst of what keeps users from signing on to it.
    pub finding: Option<(Tone, String)>,
}

/// A certificate that deserves attention.
#[derive(Debug, Clone)]
pub enum CertificateAge {
    /// One has expired.
    Expired,
    /// One expires within 90 days.
    Expiring(Moment),
}

impl AppListPage {
    fn t(&self) -> &AppList {
        &self.frame.t.app_list
    }

    fn total_text(&self) -> String {
        match self.total {
            1 => self.t().one.to_string(),
            n => self.t().total.with(n),
        }
    }

    fn state(&self, row: &AppRow) -> (Tone, Text) {
        match row.state {
            AppState::Installed => (Tone::Good, self.t().installed),
            AppState::Blocked => (Tone::Problem, self.t().blocked),
            AppState::Uninstalled => (Tone::Neutral, self.t().uninstalled),
        }
    }

    fn certificate(&self, row: &AppRow) -> Option<String> {
        Some(match row.certificate.as_ref()? {
            CertificateAge::Expired => self.t().key_expired.to_string(),
            CertificateAge::Expiring(at) => self.t().key_expiring.with(&at.day),
        })
    }

    /// Sample data.
    pub fn sample() -> Self {
        let row = |name: &str, entity_id: &str, state| AppRow {
            url: "/admin/apps/wiki".into(),
            app: AppLabel::named(name),
            entity_id: entity_id.into(),
            state,
            last_used: Some(Moment::sample()),
            certificate: None,
            finding: None,
        };
        let long = "https://service-provider.department-of-very-long-names.example.org/shibboleth/with/a/long/path";
        Self {
            frame: Frame::sample_admin(),
            query: String::new(),
            rows: vec![
                row(
                    "Sample Wiki",
                    "https://wiki.example.org/shibboleth",
                    AppState::Installed,
                ),
                AppRow {
                    certificate: Some(CertificateAge::Expiring(Moment::sample())),
                    finding: Some((Tone::Warning, "May not work: metadata ends soon".into())),
                    last_used: None,
                    ..row(
                        "Library",
                        "urn:mace:example.org:library",
                        AppState::Installed,
                    )
                },
                AppRow {
                    certificate: Some(CertificateAge::Expired),
                    finding: Some((Tone::Problem, "Cannot work: no usable ACS".into())),
                    ..row("Travel expenses of a Department", long, AppState::Blocked)
                },
                row(
                    "Ünïcode & <sons>",
                    "https://unicode.example.org/",
                    AppState::Uninstalled,
                ),
            ],
            total: 4,
            next_url: Some("/admin/apps?after=Library".into()),
            first_url: None,
            may_add: true,
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let nothing = || AppListPage {
        rows: Vec::new(),
        total: 0,
        next_url: None,
        ..AppListPage::sample()
    };
    let no_match = AppListPage {
        query: "no such app".into(),
        ..nothing()
    };
    vec![
        ("admin-apps", AppListPage::sample().html()),
        ("admin-apps-empty", nothing().html()),
        ("admin-apps-no-match", no_match.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_may_add_is_offered_it() {
        assert!(AppListPage::sample().html().contains("/admin/apps/new"));
        let reader = AppListPage {
            may_add: false,
            ..AppListPage::sample()
        };
        assert!(!reader.html().contains("/admin/apps/new"));
    }
}
