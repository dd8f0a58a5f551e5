//! Faults of ours: what an operator has to look into.

use crate::keys::KeyringError;
use crate::store::StoreError;

/// A fault of ours. Its cause is for the log; it has no `Display`, so that it cannot slip into a
/// page.
pub struct OperatorError {
    cause: Box<dyn std::error::Error + Send + Sync>,
    unavailable: bool,
    code: Option<String>,
}

impl OperatorError {
    /// A fault with its cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            cause: cause.into(),
            unavailable: false,
            code: None,
        }
    }

    /// The same fault, whose event bears this reference code.
    #[must_use]
    pub fn known_as(self, code: String) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// The reference code it is known by already.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether the database is away, and trying again can help.
    pub fn is_unavailable(&self) -> bool {
        self.unavailable
    }

    /// The whole chain of causes, for the log.
    pub fn for_the_log(&self) -> String {
        let mut text = self.cause.to_string();
        let mut next = self.cause.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl std::fmt::Debug for OperatorError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OperatorError({})", self.for_the_log())
    }
}

impl From<StoreError> for OperatorError {
    fn from(error: StoreError) -> Self {
        Self {
            unavailable: error.is_unavailable(),
            cause: error.into(),
            code: None,
        }
    }
}

impl From<KeyringError> for OperatorError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Store(error) => error.into(),
            other => Self::new(other),
        }
    }
}
