//! Adding a user.

use askama::Template;

use crate::text::{Text, UserNew};

use super::super::fields::{Choice, Control, Field, Problem, choose, choose_all};
use super::super::{Frame, Page};
use super::app_new::problem_of;

/// `GET /admin/users/new`, and the answer to a `POST /admin/users` that added nobody.
#[derive(Debug, Template)]
#[template(path = "admin/user_new.html")]
pub struct UserNewPage {
    /// Surroundings.
    pub frame: Frame,
    /// The values of the form.
    pub form: UserForm,
    /// The organisation's profiles.
    pub profiles: Vec<Choice>,
    /// The organisation's permission sets.
    pub permission_sets: Vec<Choice>,
    /// The fewest characters of a password.
    pub password_least: usize,
    /// What was wrong. A field is a field of [`UserForm`], or `password`.
    pub problems: Vec<Problem>,
}

/// What the form holds. Each field is a form field of the same name; the password is never given
/// back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the texts of the page explain each field")]
pub struct UserForm {
    pub username: String,
    pub display_name: String,
    pub given_name: String,
    pub family_name: String,
    pub email: String,
    pub federation_id: String,
    pub locale: String,
    pub profile: String,
    pub permission_sets: Vec<String>,
}

impl UserNewPage {
    fn t(&self) -> &UserNew {
        &self.frame.t.user_new
    }

    fn summary(&self) -> &[Problem] {
        &self.problems
    }

    fn password_hint(&self) -> String {
        self.t().password_hint.with(self.password_least)
    }

    fn password_problem(&self) -> Option<String> {
        problem_of(&self.problems, "password")
    }

    fn field(&self, name: &'static str) -> Field {
        let (t, form) = (self.t(), &self.form);
        let (label, hint, value): (Text, Option<Text>, &str) = match name {
            "username" => (t.username, Some(t.username_hint), &form.username),
            "display_name" => (
                t.display_name,
                Some(t.display_name_hint),
                &form.display_name,
            ),
            "given_name" => (t.given_name, None, &form.given_name),
            "family_name" => (t.family_name, None, &form.family_name),
            "email" => (t.email, None, &form.email),
            "federation_id" => (
                t.federation_id,
                Some(t.federation_id_hint),
                &form.federation_id,
            ),
            "locale" => (t.locale, Some(t.locale_hint), &form.locale),
            "profile" => (t.profile, Some(t.profile_hint), ""),
            _ => (t.permission_sets, None, ""),
        };
        let choices = match name {
            "profile" => choose(self.profiles.clone(), &form.profile),
            "permission_sets" => choose_all(self.permission_sets.clone(), &form.permission_sets),
            _ => Vec::new(),
        };
        Field {
            id: name.into(),
            name,
            label,
            hint: hint.map(Into::into),
            value: value.into(),
            control: Control::Line,
            choices,
            problem: problem_of(&self.problems, name),
            in_force: None,
        }
    }

    /// Sample data.
    pub fn sample() -> Self {
        Self {
            frame: Frame::sample_admin(),
            form: UserForm {
                profile: "staff".into(),
                ..UserForm::default()
            },
            profiles: vec![
                Choice::new("staff", "Staff"),
                Choice::new("students", "Students"),
            ],
            permission_sets: vec![Choice::new("writers", "Wiki writers")],
            password_least: 12,
            problems: Vec::new(),
        }
    }
}

pub(super) fn samples() -> Vec<(&'static str, String)> {
    let t = UserNewPage::sample().frame.t;
    let wrong = UserNewPage {
        form: UserForm {
            username: "sample.one".into(),
            email: "sample".into(),
            ..UserNewPage::sample().form
        },
        problems: vec![
            Problem::new("username", t.user_new.username_taken.to_string()),
            Problem::new("email", t.user_new.email_wrong.to_string()),
            Problem::new("password", t.user_new.password_short.with(12)),
        ],
        ..UserNewPage::sample()
    };
    vec![
        ("admin-user-new", UserNewPage::sample().html()),
        ("admin-user-new-problems", wrong.html()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stands_at_its_field() {
        let (_, html) = samples().remove(1);
        for field in ["username", "email", "password"] {
            assert!(html.contains(&format!("href=\"#{field}\"")), "{field}");
            assert!(html.contains(&format!("id=\"{field}-problem\"")), "{field}");
        }
        assert!(!UserNewPage::sample().html().contains("aria-invalid"));
    }
}
