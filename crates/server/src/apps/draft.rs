//! An app's settings apart from the app: what is changed before it is stored.

use super::{App, Definition, LocalPolicy};

/// What will be stored of an app, before it is stored.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Short name for URLs and commands.
    pub api_name: String,
    /// Name shown to people.
    pub name: String,
    /// The developer's part.
    pub definition: Definition,
    /// The admin's part.
    pub policy: LocalPolicy,
}

impl Draft {
    /// The draft that would change nothing of `app`.
    pub fn of(app: &App) -> Self {
        Self {
            api_name: app.api_name.clone(),
            name: app.name.clone(),
            definition: app.definition.clone(),
            policy: app.policy.clone(),
        }
    }

    /// Writes the draft into `app`; its row, state and instants stay.
    pub fn write_into(self, app: &mut App) {
        app.api_name = self.api_name;
        app.name = self.name;
        app.definition = self.definition;
        app.policy = self.policy;
    }
}
