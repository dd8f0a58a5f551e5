//! A value that is not shown.

/// A secret of the configuration. It has no `Debug` and no `Display`, so that it cannot reach a log.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(super) fn new(value: String) -> Self {
        Self(value)
    }

    /// The secret, for the one who uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
