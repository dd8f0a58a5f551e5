//! Somebody else changed an app while its form was filled in: what is to be kept, setting by
//! setting.

use askama::Template;

use crate::apps::snapshot::ChangedBy;
use crate::text::{AppConflict, Text};

use super::super::fields::Problem;
use super::super::{AppLabel, Frame, Moment, Page};
use super::app_new::problem_of;

/// The answer to a `POST` to `/admin/apps/{id}` that was read before somebody else saved.
///
/// Its form posts all that was typed there again, with `keep-{setting}` for each setting that
/// differs: `mine` or `theirs`.
#[derive(Debug, Template)]
#[template(path = "admin/app_conflict.html")]
pub struct AppConflictPage {
    /// Surroundings.
    pub frame: Frame,
    /// The app's page: `/admin/apps/{id}`.
    pub url: String,
    /// The app, as it is now.
    pub app: AppLabel,
    /// What others changed meanwhile, newest first.
    pub since: Vec<ChangeSince>,
    /// Each setting that differs.
    pub settings: Vec<SettingConflict>,
    /// What was typed: names and values, in the order of the form.
    pub typed: Vec<(String, String)>,
    /// The version of the app that is shown.
    pub version: i64,
    /// What the app has in that version; see [`crate::apps::snapshot::Snapshot`].
    pub read: String,
    /// What was wrong with the choice.
    pub problems: Vec<Problem>,
}

/// A change that somebody made meanwhile.
#[derive(Debug, Clone)]
pub struct ChangeSince {
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// What, in a sentence.
    pub what: String,
}

/// A setting that differs.
#[derive(Debug, Clone)]
pub struct SettingConflict {
    /// Its name.
    pub key: String,
    /// What the settings page calls it.
    pub label: String,
    /// As it was; `None` when it is not known.
    pub before: Option<String>,
    /// As it is there.
    pub theirs: String,
    /// As it was typed.
    pub mine: String,
    /// Who changed it.
    pub changed_by: ChangedBy,
    /// What was chosen; without it, what only one of the two changed is kept.
    pub kept: Option<Keep>,
}

/// Whose value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// What was typed.
    Mine,
    /// What is there.
    Theirs,
}

impl Keep {
    /// Reads the value of a field `keep-{setting}`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "mine" => Some(Self::Mine),
            "theirs" => Some(Self::Theirs),
            _ => None,
        }
    }
}

impl SettingConflict {
    fn chosen(&self) -> Option<Keep> {
        self.kept.or(match self.changed_by {
            ChangedBy::Me => Some(Keep::Mine),
            ChangedBy::Them => Some(Keep::Theirs),
            ChangedBy::Both => None,
        })
    }

    fn keeps_mine(&self) -> bool {
        self.chosen() == Some(Keep::Mine)
    }

    fn keeps_theirs(&self) -> bool {
        self.chosen() == Some(Keep::Theirs)
    }

    fn field(&self) -> String {
        format!("keep-{}", self.key)
    }
}

impl AppConflictPage {
    fn t(&self) -> &AppConflict {
        &self.frame.t.app_conflict
    }

    fn changed_by(&self, setting: &SettingConflict) -> Text {
        let t = self.t();
        match setting.changed_by {
            ChangedBy::Me => t.changed_by_you,
            ChangedBy::Them => t.changed_by_them,
            ChangedBy::Both => t.changed_by_both,
        }
    }

    fn is_contested(&self, setting: &SettingConflict) -> bool {
        setting.changed_by == ChangedBy::Both
    }

    fn problem(&self, setting: &SettingConflict) -> Option<String> {
        problem_of(&self.problems, &setting.field())
    }

    fn summary(&self) -> Vec<Problem> {
        self.problems
            .iter()
            .map(|problem| {
                let of = |setting: &&SettingConflict| setting.field() == problem.field;
                match self.settings.iter().find(of) {
                    Some(setting) => Problem::new(
                        &problem.field,
                        format!("{}: {}", setting.label, problem.message),
                    ),
                    None => problem.clone(),
                }
            })
            .collect()
    }

    /// Sample data.
    pub fn sample() -> Self {
        let setting =
            |key: &str, label: &str, before: &str, theirs: &str, mine: &str, by| SettingConflict {
                key: key.into(),
                label: label.into(),
                before: Some(before.into()),
                theirs: theirs.into(),
                mine: mine.into(),
                changed_by: by,
                kept: None,
            };
        Self {
            frame: Frame::sample_admin(),
            url: "/admin/apps/wiki".into(),
            app: AppLabel::named("Sample Wiki"),
            since: vec![
                ChangeSince {
                    by: "sample.two".into(),
                    at: Moment::sample(),
                    what: "The settings of Sample Wiki were changed.".into(),
                },
                ChangeSince {
                    by: "sample (command line)".into(),
                    at: Moment::sample(),
                    what: "The app Sample Wiki is now blocked.".into(),
                },
            ],
            settings: vec![
                setting(
                    "profiles",
                    "Profiles",
                    "Staff\nStudents",
                    "Staff",
                    "Staff\nStudents",
                    ChangedBy::Them,
                ),
                setting(
                    "description",
                    "Description",
                    "",
                    "",
                    "Pages that everybody may write.",
                    ChangedBy::Me,
                ),
                setting(
                    "start_url",
                    "Start URL",
                    "",
                    "https://wiki.department-of-very-long-names.example.org/login?return=%2Fstart",
                    "https://wiki.example.org/start",
                    ChangedBy::Both,
                ),
            ],
            typed: vec![(
                "description".into(),
                "Pages that everybody may write.".into(),
            )],
            version: 7,
            read: r#"{"order":"0"}"#.into(),
            problems: Vec::new(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let undecided = AppConflictPage {
        problems: vec![Problem::new("keep-start_url", "Choose which one to keep.")],
        ..AppConflictPage::sample()
    };
    vec![
        ("admin-app-conflict", AppConflictPage::sample().html()),
        ("admin-app-conflict-undecided", undecided.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_alone_changed_is_chosen_and_the_rest_is_asked() {
        let html = AppConflictPage::sample().html();
        let checked = |key: &str, word: &str| {
            let input = format!("name=\"keep-{key}\" type=\"radio\" value=\"{word}\"");
            let (_, rest) = html.split_once(&input).expect("there");
            rest.split('>').next().expect("its end").contains("checked")
        };
        assert!(checked("profiles", "theirs") && !checked("profiles", "mine"));
        assert!(checked("description", "mine") && !checked("description", "theirs"));
        assert!(!checked("start_url", "mine") && !checked("start_url", "theirs"));
        assert!(html.contains("name=\"version\" value=\"7\""));
    }
}
