//! The process environment: read here and nowhere else.

use std::collections::BTreeMap;

/// Where sudo says who called it.
const INVOKER: &str = "SUDO_USER";

/// The variables that concern Avouch, by name. Taken once at the start.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn of_process() -> Self {
        // A variable that is not UTF-8 is none of ours: the names are ASCII and so is every value
        // that a setting can take but display names, which are UTF-8.
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// An environment made of pairs: for tests and for `avouch dev`, which reads none.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .filter(|(name, _)| {
                    name.starts_with("AVOUCH_") || name == "DATABASE_URL" || name == INVOKER
                })
                .collect(),
        )
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The user on whose behalf another runs this process, where sudo says so.
    pub fn invoker(&self) -> Option<&str> {
        self.get(INVOKER)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
