//! The question before an app is removed.

use askama::Template;

use crate::text::AppRemove;

use super::super::{AppLabel, Frame, Page};

/// `GET /admin/apps/{id}/remove`. Its form posts `csrf` to the same address.
#[derive(Debug, Template)]
#[template(path = "admin/app_remove.html")]
pub struct AppRemovePage {
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

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_admin(),
            app: AppLabel::named("Sample Wiki"),
            entity_id: "https://wiki.example.org/shibboleth".into(),
            app_url: "/admin/apps/wiki".into(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    vec![("admin-app-remove", AppRemovePage::sample().html())]
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
