//! The list of users, and one user.

use askama::Template;

use crate::text::{Text, Users};

use super::super::{Frame, Moment, Page};

/// `GET /admin/users?q=…&after=…`.
#[derive(Debug, Template)]
#[template(path = "admin/user_list.html")]
pub struct UserListPage {
    /// Surroundings.
    pub frame: Frame,
    /// What was searched for; may be empty.
    pub query: String,
    /// One page of users.
    pub rows: Vec<UserRow>,
    /// How many match in all.
    pub total: u64,
    /// URL of the following page, if there is one.
    pub next_url: Option<String>,
    /// URL of the first page, when this is not it.
    pub first_url: Option<String>,
}

/// One user of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Their page: `/admin/users/{id}`.
    pub url: String,
    /// Username.
    pub username: String,
    /// Display name.
    pub name: String,
    /// Mail address; may be empty.
    pub email: String,
    /// May sign in.
    pub active: bool,
    /// Has some administrative right.
    pub is_admin: bool,
    /// Name of the profile.
    pub profile: String,
}

/// `GET /admin/users/{id}`.
#[derive(Debug, Template)]
#[template(path = "admin/user.html")]
pub struct UserPage {
    /// Surroundings.
    pub frame: Frame,
    /// What the list shows too.
    pub row: UserRow,
    /// Row ID.
    pub id: String,
    /// Whether the mail address was verified.
    pub email_verified: bool,
    /// Usernames of others with the same address.
    pub same_mail: Vec<String>,
    /// Given name; may be empty.
    pub given_name: String,
    /// Family name; may be empty.
    pub family_name: String,
    /// Federation ID; may be empty.
    pub federation_id: String,
    /// Locale; may be empty.
    pub locale: String,
    /// Time zone; may be empty.
    pub time_zone: String,
    /// Names of the permission sets.
    pub permission_sets: Vec<String>,
    /// Administrative rights, by word.
    pub rights: Vec<String>,
    /// Custom attributes: name and values.
    pub attributes: Vec<(String, Vec<String>)>,
    /// When they last signed in.
    pub last_login: Option<Moment>,
}

impl UserListPage {
    fn t(&self) -> &Users {
        &self.frame.t.users
    }

    fn total_text(&self) -> String {
        match self.total {
            1 => self.t().one.to_string(),
            n => self.t().total.with(n),
        }
    }

    /// Sample data.
    pub fn sample() -> Self {
        let row = |username: &str, name: &str, active, is_admin| UserRow {
            url: format!("/admin/users/{username}"),
            username: username.into(),
            name: name.into(),
            email: format!("{username}@example.org"),
            active,
            is_admin,
            profile: "Staff".into(),
        };
        Self {
            frame: Frame::sample_admin(),
            query: String::new(),
            rows: vec![
                row("admin", "Sample Admin", true, true),
                row("sample.one", "Sample User One", true, false),
                row(
                    "sample.two",
                    "Sample User Two with a Long and Winding Name",
                    false,
                    false,
                ),
            ],
            total: 3,
            next_url: None,
            first_url: None,
        }
    }
}

impl UserPage {
    fn t(&self) -> &Users {
        &self.frame.t.users
    }

    /// Single values: label and value, none empty.
    fn facts(&self) -> Vec<(Text, String)> {
        let t = self.t();
        let mut email = self.row.email.clone();
        if !email.is_empty() && !self.email_verified {
            email = format!("{email} ({})", t.email_unverified);
        }
        if !self.same_mail.is_empty() {
            let others = self.same_mail.join(", ");
            email = format!("{email} ({})", t.email_shared.with(others));
        }
        let last_login = match &self.last_login {
            Some(at) => at.shown.clone(),
            None => t.never.to_string(),
        };
        let mut facts = vec![
            (t.username, self.row.username.clone()),
            (t.email, email),
            (t.given_name, self.given_name.clone()),
            (t.family_name, self.family_name.clone()),
            (t.federation_id, self.federation_id.clone()),
            (t.locale, self.locale.clone()),
            (t.time_zone, self.time_zone.clone()),
            (t.profile, self.row.profile.clone()),
            (t.permission_sets, self.permission_sets.join(", ")),
            (t.rights, self.rights.join(", ")),
            (t.last_login, last_login),
            (t.user_id, self.id.clone()),
        ];
        facts.retain(|(_, value)| !value.is_empty());
        facts
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_admin(),
            row: UserListPage::sample().rows.swap_remove(1),
            id: "5b6f6f0e-6f1c-4f0e-9a3e-0f7d1c2b3a49".into(),
            email_verified: false,
            same_mail: vec!["sample.two".into()],
            given_name: "Sample".into(),
            family_name: "One".into(),
            federation_id: "fed-0001".into(),
            locale: "en".into(),
            time_zone: "Europe/Helsinki".into(),
            permission_sets: vec!["Wiki writers".into()],
            rights: Vec::new(),
            attributes: vec![
                (
                    "eduPersonAffiliation".into(),
                    vec!["member".into(), "staff".into()],
                ),
                ("note".into(), vec!["Ünï <&> 'quoted' \"øst\" 漢字".into()]),
            ],
            last_login: Some(Moment::sample()),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    vec![
        ("admin-users", UserListPage::sample().html()),
        ("admin-user", UserPage::sample().html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_shown_with_every_value() {
        let html = UserPage::sample().html();
        for value in [
            "fed-0001",
            "member",
            "staff",
            "Wiki writers",
            "not verified",
            "sample.two has it too",
        ] {
            assert!(html.contains(value), "{value} is missing");
        }
        assert!(!html.contains("<&>"));
    }

    #[test]
    fn a_deactivated_user_is_marked() {
        let active = UserPage::sample();
        assert!(!active.html().contains("Deactivated"));
        let mut inactive = UserPage::sample();
        inactive.row.active = false;
        assert!(inactive.html().contains("Deactivated"));
    }
}
