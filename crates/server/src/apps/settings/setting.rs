//! One setting: what it takes, where it lives, who may change it.

use super::kind::{Kind, Value};
use super::stored::At;
use crate::apps::draft::Draft;
use crate::users::AdminRight;

/// One thing that can be set on an app.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Its name, in commands and forms.
    pub key: &'static str,
    /// The part of the app's page it stands in.
    pub section: Section,
    /// Who may change it.
    pub right: AdminRight,
    /// What it takes.
    pub kind: Kind,
    /// It may have no value of its own.
    pub optional: bool,
    /// It lets something weak through: shown as such.
    pub danger: bool,
    at: At,
}

/// A part of an app's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Who may use it.
    Access,
    /// What it is.
    Basics,
    /// How it is started.
    Start,
    /// How it recognises a user.
    Subject,
    /// What it is told.
    Attributes,
    /// How answers are signed.
    Signing,
    /// What is asked of its requests.
    Requests,
    /// Encryption.
    Encryption,
    /// Time limits.
    Time,
}

impl Section {
    /// Every part, in the order of the page.
    pub const ALL: &'static [Self] = &[
        Self::Access,
        Self::Basics,
        Self::Start,
        Self::Subject,
        Self::Attributes,
        Self::Signing,
        Self::Requests,
        Self::Encryption,
        Self::Time,
    ];
}

impl Setting {
    pub(super) const fn new(key: &'static str, section: Section, kind: Kind, at: At) -> Self {
        Self {
            key,
            section,
            right: AdminRight::EditApps,
            kind,
            optional: false,
            danger: false,
            at,
        }
    }

    /// It says what is released or to whom, which takes a right of its own.
    pub(super) const fn release(self) -> Self {
        Self {
            right: AdminRight::ManageRelease,
            ..self
        }
    }

    pub(super) const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    pub(super) const fn danger(self) -> Self {
        Self {
            danger: true,
            ..self
        }
    }

    /// The value now.
    pub fn value(&self, draft: &Draft) -> Value {
        (self.at.get)(draft)
    }

    /// The value now as it is typed: what [`apply_setting`] takes. Lists have one item a line.
    pub fn text(&self, draft: &Draft) -> String {
        self.kind.text(&self.value(draft))
    }

    /// The items of a list now, each as it is typed; a single value is one item, none is none.
    pub fn items(&self, draft: &Draft) -> Vec<String> {
        self.kind.items(&self.value(draft))
    }

    /// The value now, for programs: a truth value, a number, a list or a text, whichever it is.
    pub fn json(&self, draft: &Draft) -> serde_json::Value {
        match self.value(draft) {
            Value::Flag(on) => on.into(),
            Value::Number(n) => n.into(),
            Value::Nothing if matches!(self.kind, Kind::Number { .. }) => serde_json::Value::Null,
            list @ (Value::List(_) | Value::Rows(_)) => self.kind.items(&list).into(),
            value => self.kind.text(&value).into(),
        }
    }

    /// The value of a new app, as it is typed.
    pub fn default_text(&self) -> String {
        self.text(&Draft::default())
    }

    /// What a value looks like, for people.
    pub fn expected(&self) -> String {
        self.kind.expected(self.optional)
    }

    /// Gives the setting a value.
    ///
    /// # Errors
    /// [`SettingError::Value`]: nothing was changed; say so.
    pub fn set(&self, draft: &mut Draft, value: Value) -> Result<(), SettingError> {
        let received = self.kind.text(&value);
        self.put(draft, Ok(value), &received)
    }

    /// Gives the setting the value that a text says.
    ///
    /// # Errors
    /// As [`Setting::set`].
    pub fn set_text(&self, draft: &mut Draft, text: &str) -> Result<(), SettingError> {
        self.put(draft, self.kind.read(text), text.trim())
    }

    fn put(
        &self,
        draft: &mut Draft,
        value: Result<Value, String>,
        received: &str,
    ) -> Result<(), SettingError> {
        let checked = if self.optional && received.is_empty() {
            Ok(Value::Nothing)
        } else {
            value.and_then(|value| self.kind.check(value))
        };
        match checked {
            Ok(value) => {
                (self.at.set)(draft, value);
                Ok(())
            }
            Err(hint) => Err(SettingError::Value {
                key: self.key,
                expected: self.expected(),
                received: received.chars().take(200).collect(),
                hint,
            }),
        }
    }
}

/// Why a setting was not changed. The draft is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No setting has this name.
    #[error("there is no setting {key:?}{}", meant(.nearest))]
    Unknown {
        /// What was typed.
        key: String,
        /// The nearest name, when one is near.
        nearest: Option<&'static str>,
    },
    /// The value is not one the setting takes.
    #[error("{key}: expected {expected}, received {received:?}{}", advice(.hint))]
    Value {
        /// The setting.
        key: &'static str,
        /// What it takes.
        expected: String,
        /// What came.
        received: String,
        /// What to do about it; may be empty.
        hint: String,
    },
}

impl SettingError {
    /// The sentence to put beside the field of a form, which names the setting already.
    pub fn beside_its_field(&self) -> String {
        match self {
            Self::Unknown { .. } => self.to_string(),
            Self::Value {
                expected,
                received,
                hint,
                ..
            } => format!(
                "Expected {expected}, received {received:?}{}.",
                advice(hint)
            ),
        }
    }
}

fn meant(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(
        || "; `avouch app show` lists them all".to_owned(),
        |name| format!("; did you mean {name}?"),
    )
}

fn advice(hint: &str) -> String {
    if hint.is_empty() {
        String::new()
    } else {
        format!("; {hint}")
    }
}
