//! What a form about an app was read with, and how that, what was typed and what is there by now
//! differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::App;
use super::draft::Draft;
use super::settings::{self, SETTINGS, SettingError};
use crate::users::{PermissionSetId, ProfileId};

/// The settings of an app as text, by name, and the rows of who may enter. A form carries it to and
/// fro, so a long value, such as a logo, is kept as its hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Snapshot(BTreeMap<String, String>);

/// The profiles that are let in, a row a line.
pub const PROFILES: &str = "profiles";
/// The permission sets that are let in, a row a line.
pub const PERMISSION_SETS: &str = "permission_sets";

/// Longest value that is kept as it is.
const LONGEST: usize = 8_192;
/// What begins the hash of a longer one. No setting begins so, since none has a control character.
const HASHED: &str = "\u{1}";

impl Snapshot {
    /// The settings that `app` has.
    pub fn of(app: &App) -> Self {
        Self(
            values(app)
                .map(|(key, value)| (key.to_owned(), kept(value)))
                .collect(),
        )
    }

    /// As the field of a form.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("text by text")
    }

    /// Reads what [`Snapshot::to_text`] wrote; nothing is known of a field that does not read.
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// What `mine` would change of `theirs`, in the order of the page, each with what it was when
    /// both were read.
    pub fn differences(&self, mine: &App, theirs: &App) -> Vec<Difference> {
        values(mine)
            .zip(values(theirs))
            .filter(|((_, mine), (_, theirs))| mine != theirs)
            .map(|((key, mine), (_, theirs))| {
                let before = self.0.get(key);
                let is_before = |value: &String| before == Some(&kept(value.clone()));
                Difference {
                    key,
                    changed_by: match (is_before(&mine), is_before(&theirs)) {
                        (true, _) => ChangedBy::Them,
                        (_, true) => ChangedBy::Me,
                        (false, false) => ChangedBy::Both,
                    },
                    before: before.filter(|value| !value.starts_with(HASHED)).cloned(),
                    mine,
                    theirs,
                }
            })
            .collect()
    }
}

/// A setting of which what was typed is not what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The setting: a name of the table, [`PROFILES`] or [`PERMISSION_SETS`].
    pub key: &'static str,
    /// As it was read; `None` when that is not known, or too long to be kept.
    pub before: Option<String>,
    /// As it is there.
    pub theirs: String,
    /// As it was typed.
    pub mine: String,
    /// Who changed it since it was read.
    pub changed_by: ChangedBy,
}

/// Who changed a setting since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangedBy {
    /// Whoever typed.
    Me,
    /// Whoever saved meanwhile.
    Them,
    /// Both, to different values.
    Both,
}

/// Puts the value that `from` has of a setting into `app`.
///
/// # Errors
/// What the table of settings says of the value.
pub fn take(app: &mut App, from: &App, key: &str) -> Result<(), SettingError> {
    match key {
        PROFILES => app.policy.profiles.clone_from(&from.policy.profiles),
        PERMISSION_SETS => {
            let sets = &from.policy.permission_sets;
            app.policy.permission_sets.clone_from(sets);
        }
        key => {
            let setting = settings::setting(key)?;
            let value = setting.value(&Draft::of(from));
            let mut draft = Draft::of(app);
            setting.set(&mut draft, value)?;
            draft.write_into(app);
        }
    }
    Ok(())
}

/// Each setting with its value, in the order of the page.
fn values(app: &App) -> impl Iterator<Item = (&'static str, String)> {
    let draft = Draft::of(app);
    let rows = |ids: Vec<&str>| {
        let mut ids = ids;
        ids.sort_unstable();
        ids.join("\n")
    };
    let policy = &app.policy;
    let profiles = rows(policy.profiles.iter().map(ProfileId::as_str).collect());
    let sets = rows(
        policy
            .permission_sets
            .iter()
            .map(PermissionSetId::as_str)
            .collect(),
    );
    [(PROFILES, profiles), (PERMISSION_SETS, sets)]
        .into_iter()
        .chain(
            SETTINGS
                .iter()
                .map(move |setting| (setting.key, setting.text(&draft))),
        )
}

/// A value as the snapshot keeps it.
fn kept(value: String) -> String {
    if value.len() <= LONGEST {
        return value;
    }
    let hash = openssl::sha::sha256(value.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{HASHED}{hash}")
}

#[cfg(test)]
mod tests {
    use avouch_saml::time::Timestamp;

    use super::super::saml::SamlSettings;
    use super::super::{AppId, AppState, Definition, LocalPolicy};
    use super::*;

    fn app(change: impl FnOnce(&mut App)) -> App {
        let mut app = App {
            id: AppId::new("app"),
            api_name: "wiki".into(),
            name: "Sample Wiki".into(),
            state: AppState::Installed,
            definition: Definition {
                description: String::new(),
                contact: String::new(),
                logo_url: None,
                info_url: None,
                start_url: None,
                saml: SamlSettings::default(),
            },
            policy: LocalPolicy {
                profiles: vec![ProfileId::new("p1"), ProfileId::new("p2")],
                ..LocalPolicy::default()
            },
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            not_understood: Vec::new(),
        };
        change(&mut app);
        app
    }

    fn found(read: &Snapshot, mine: &App, theirs: &App) -> Vec<(&'static str, ChangedBy)> {
        let differences = read.differences(mine, theirs);
        differences.iter().map(|d| (d.key, d.changed_by)).collect()
    }

    #[test]
    fn who_changed_what_is_told_by_what_was_read() {
        let read = Snapshot::of(&app(|_| ()));
        assert_eq!(Snapshot::parse(&read.to_text()), read);
        let mine = app(|a| {
            a.definition.description = "mine".into();
            a.policy.order = 7;
            a.name = "Same".into();
        });
        let theirs = app(|a| {
            a.policy.profiles.remove(0);
            a.policy.order = 8;
            a.name = "Same".into();
        });
        assert_eq!(
            found(&read, &mine, &theirs),
            [
                (PROFILES, ChangedBy::Them),
                ("description", ChangedBy::Me),
                ("order", ChangedBy::Both),
            ]
        );
        // The order in which profiles are ticked is none of their values.
        let turned = app(|a| a.policy.profiles.reverse());
        assert_eq!(found(&read, &turned, &app(|_| ())), []);
        // Nothing is known of what was read: then everything may have been changed by both.
        let unknown = Snapshot::parse("no snapshot");
        let changed = found(&unknown, &mine, &theirs);
        assert!(changed.iter().all(|(_, by)| *by == ChangedBy::Both));
    }

    #[test]
    fn a_long_value_is_known_again_and_not_carried() {
        let logo = |c: &str| {
            app(|a| {
                a.definition.logo_url = Some(format!("data:image/png;base64,{}", c.repeat(50_000)));
            })
        };
        let read = Snapshot::of(&logo("A"));
        assert!(read.to_text().len() < 20_000);
        let changed = read.differences(&logo("A"), &logo("B"));
        assert_eq!((changed.len(), changed[0].changed_by), (1, ChangedBy::Them));
        assert_eq!(changed[0].before, None);
        let changed = read.differences(&logo("B"), &logo("A"));
        assert_eq!(changed[0].changed_by, ChangedBy::Me);
    }

    #[test]
    fn every_difference_can_be_taken_over() {
        let mine = app(|a| {
            a.policy.profiles.clear();
            a.policy.permission_sets.push(PermissionSetId::new("s1"));
            a.definition.saml.clock_skew_seconds = Some(7);
            a.definition.info_url = Some("https://sp.example.org/".into());
        });
        let mut merged = app(|_| ());
        let read = Snapshot::of(&merged);
        let differences = read.differences(&mine, &merged);
        assert_eq!(differences.len(), 4);
        for difference in differences {
            take(&mut merged, &mine, difference.key).expect("a value of an app");
        }
        assert_eq!(read.differences(&mine, &merged), []);
    }
}
