//! The question before an app is removed or uninstalled.

use askama::Template;

use crate::text::AppRemove;

use super::super::{AppLabel, Frame, Page};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The app goes with all its settings.
    Remove,
    /// Only the organisation's policy goes.
    Uninstall,
}

/// `GET /admin/apps/{id}/remove` or `/uninstall`. Its form posts `csrf` to the same address.
#[derive(Debug, Template)]
#[template(path = "admin/app_remove.html")]
pub struct AppRemovePage {
    /// What is asked about.
    pub leaving: Leaving,
    /// Surroundings.
    pub frame: Frame,
    /// The app.
    pub app: AppLabel,
    /// Its entity ID.
    pub entity_id: String,
    /// Its page: `/admin/apps/{id}`.
    pub app_url: String,
}

impl AppRemovePage {
    fn t(&self) -> &AppRemove {
        &self.frame.t.app_remove
    }

    fn uninstalls(&self) -> bool {
        self.leaving == Leaving::Uninstall
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            leaving: Leaving::Remove,
            frame: Frame::sample_admin(),
            app: AppLabel::named("Sample Wiki"),
            entity_id: "https://wiki.example.org/shibboleth".into(),
            app_url: "/admin/apps/wiki".into(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let uninstall = AppRemovePage {
        leaving: Leaving::Uninstall,
        ..AppRemovePage::sample()
    };
    vec![
        ("admin-app-remove", AppRemovePage::sample().html()),
        ("admin-app-uninstall", uninstall.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_is_a_form_and_keeping_a_link() {
        let html = AppRemovePage::sample().html();
        assert!(html.contains("<form method=\"post\" action=\"/admin/apps/wiki/remove\""));
        assert!(html.contains("href=\"/admin/apps/wiki\""));
    }
}
