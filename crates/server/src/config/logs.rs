//! `[logs]`: how much is logged, and in which form.

use super::reader::Section;

/// `[logs]`.
#[derive(Debug, Clone)]
pub struct Logs {
    /// The form of a line.
    pub format: LogFormat,
    /// The least important level that is logged.
    pub level: LogLevel,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Something is broken.
    Error,
    /// Something should be looked at.
    Warn,
    /// What happens.
    Info,
    /// How it happens.
    Debug,
    /// Everything.
    Trace,
}

impl Logs {
    pub(super) fn read(s: &mut Section<'_, '_>) -> Self {
        Self {
            format: s.choice(
                "format",
                &[("human", LogFormat::Human), ("json", LogFormat::Json)],
            ),
            level: s.choice(
                "level",
                &[
                    ("info", LogLevel::Info),
                    ("error", LogLevel::Error),
                    ("warn", LogLevel::Warn),
                    ("debug", LogLevel::Debug),
                    ("trace", LogLevel::Trace),
                ],
            ),
        }
    }
}
