//! The list of the user's apps, and the question before one is opened from another site.

use askama::Template;

use crate::text::Launcher;

use super::{AppLabel, Frame, Moment, Page};

/// `GET /`: the apps the user may open. Each tile posts `csrf` to `/launch/{app}`.
#[derive(Debug, Template)]
#[template(path = "launcher/list.html")]
pub struct LauncherPage {
    /// Surroundings.
    pub frame: Frame,
    /// A page of the apps, in the order shown.
    pub tiles: Vec<Tile>,
    /// What was searched for; may be empty.
    pub query: String,
    /// How many apps match in all.
    pub total: usize,
    /// URL of the following page, if there is one.
    pub next_url: Option<String>,
    /// URL of the first page, when this is not it.
    pub first_url: Option<String>,
}

/// One app of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The app.
    pub app: AppLabel,
    /// One sentence about it; may be empty.
    pub description: String,
    /// Where its button posts: `/launch/{app}`.
    pub launch_url: String,
    /// It cannot be opened: its metadata is over.
    pub ended: bool,
    /// When its metadata ends, if that is soon; for administrators.
    pub ends: Option<Moment>,
}

/// `GET /launch/{app}` that came from another site: asks before signing in. The form posts `csrf`
/// and, if there is one, `RelayState` to the launch URL.
#[derive(Debug, Template)]
#[template(path = "launcher/confirm.html")]
pub struct LaunchConfirmPage {
    /// Surroundings.
    pub frame: Frame,
    /// The app.
    pub app: AppLabel,
    /// Where the form posts: `/launch/{app}`.
    pub launch_url: String,
    /// RelayState of the launch URL.
    pub relay_state: Option<String>,
}

impl LauncherPage {
    fn t(&self) -> &Launcher {
        &self.frame.t.launcher
    }

    /// Sample data.
    pub fn sample() -> Self {
        let tile = |name: &str, description: &str, id: &str| Tile {
            app: AppLabel::named(name),
            description: description.into(),
            launch_url: format!("/launch/{id}"),
            ended: id == "travel",
            ends: None,
        };
        Self {
            query: String::new(),
            total: 5,
            next_url: None,
            first_url: None,
            frame: Frame::sample(),
            tiles: vec![
                tile("Sample Wiki", "Pages that everybody may write.", "wiki"),
                tile("Library", "Journals and books, also from home.", "library"),
                tile("Course planner", "", "courses"),
                tile(
                    "Travel expenses of the Department of Very Long Names",
                    "Claims and receipts.",
                    "travel",
                ),
                tile("Ünïcode & <sons>", "Text that needs escaping.", "unicode"),
            ],
        }
    }
}

impl LaunchConfirmPage {
    fn t(&self) -> &Launcher {
        &self.frame.t.launcher
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample(),
            app: AppLabel::named("Sample Wiki"),
            launch_url: "/launch/wiki".into(),
            relay_state: Some("/page?a=1&b=2".into()),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let empty = LauncherPage {
        tiles: Vec::new(),
        total: 0,
        ..LauncherPage::sample()
    };
    let admin = LauncherPage {
        frame: Frame {
            insecure_http: true,
            ..Frame::sample_admin()
        },
        ..LauncherPage::sample()
    };
    vec![
        ("launcher", LauncherPage::sample().html()),
        ("launcher-empty", empty.html()),
        ("launcher-admin-insecure", admin.html()),
        ("launch-confirm", LaunchConfirmPage::sample().html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_posts_with_the_csrf_token() {
        let page = LauncherPage::sample();
        let html = page.html();
        for tile in &page.tiles {
            assert!(html.contains(&format!("action=\"{}\"", tile.launch_url)));
        }
        assert_eq!(html.matches("name=\"csrf\"").count(), page.tiles.len() + 1);
        assert!(!html.contains("<sons>"));
    }

    #[test]
    fn the_insecure_banner_is_for_administrators() {
        let frame = |is_admin| {
            let mut frame = Frame::sample_admin();
            frame.insecure_http = true;
            if let Some(viewer) = &mut frame.viewer {
                viewer.is_admin = is_admin;
            }
            frame
        };
        let html = |is_admin| {
            LauncherPage {
                frame: frame(is_admin),
                tiles: Vec::new(),
                ..LauncherPage::sample()
            }
            .html()
        };
        assert!(html(true).contains("plain HTTP"));
        assert!(!html(false).contains("plain HTTP"));
    }
}
