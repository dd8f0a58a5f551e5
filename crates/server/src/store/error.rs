//! What can go wrong between Avouch and its database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the store. Each variant says what the caller is to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or is too busy to answer. Nothing was changed: answer 503
    /// and let the client try again. The next call connects anew.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// A row was written by a later version, and this one cannot act on it. Nothing was changed; a node
    /// of that version can, so answer 503 and let the client try again.
    #[error("{0} was made by a later version of Avouch")]
    OfLaterVersion(String),
    /// A row with this name exists, or the row referred to is gone. Tell whoever asked.
    #[error("{0}")]
    Conflict(Conflict),
    /// A row does not read: written by a newer version, or damaged. An operator must look.
    #[error("{what} in the database does not read: {detail}")]
    Damaged {
        /// Which row and column.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The schema is not the one this version works with.
    #[error("{0}")]
    Schema(String),
    /// The address of the database in the configuration is of no known form.
    #[error("{0}")]
    Address(String),
    /// Anything else: a bug, or a disk that is full.
    #[error("the database refused: {0}")]
    Failed(#[source] DieselError),
}

/// Which rule of the schema a write broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A value that must be unique is taken.
    #[error("{0} is taken already")]
    Taken(String),
    /// The row that is referred to does not exist, or not any more.
    #[error("what it refers to is gone: {0}")]
    Gone(String),
    /// The row was changed since it was read. Read it anew, and apply the change to what is there
    /// or ask whoever wanted it.
    #[error("{0} was changed by somebody else since it was read")]
    Stale(String),
}

impl Conflict {
    /// Why an update of the row `what`, as it was read, wrote nothing.
    pub(super) fn of_nothing_written(is_there: bool, what: String) -> Self {
        if is_there {
            Self::Stale(what)
        } else {
            Self::Gone(what)
        }
    }
}

impl From<Conflict> for StoreError {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl StoreError {
    /// Whether the database or this node, not the request, is at fault and trying again can help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::OfLaterVersion(_))
    }

    /// A column that does not read.
    pub(crate) fn damaged(what: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::Damaged {
            what: what.into(),
            detail: detail.to_string(),
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, info) => {
                let message = info.message();
                match kind {
                    DatabaseErrorKind::UniqueViolation => {
                        Self::Conflict(Conflict::Taken(taken(message, info.constraint_name())))
                    }
                    DatabaseErrorKind::ForeignKeyViolation => {
                        Self::Conflict(Conflict::Gone(message.to_owned()))
                    }
                    _ if is_lost(&error) => Self::Unavailable(message.to_owned()),
                    _ => Self::Failed(error),
                }
            }
            _ if is_lost(&error) => Self::Unavailable(error.to_string()),
            _ => Self::Failed(error),
        }
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Whether the statement failed because the database is away.
pub(super) fn is_lost(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        )
        | DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(_, info) => is_gone(info.message()),
        _ => false,
    }
}

/// Whether another process writes to the file just now.
pub(super) fn is_locked(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message().contains("database is locked"))
}

/// Messages that neither driver gives a kind of its own. PostgreSQL says the `57P0x` ones while
/// it shuts down or starts; the others are SQLite's, for a file that is locked, gone or unreadable.
fn is_gone(message: &str) -> bool {
    [
        "database is locked",
        "disk I/O error",
        "database or disk is full",
        "No space left on device",
        "unable to open database file",
        "attempt to write a readonly database",
        "database disk image is malformed",
        "file is not a database",
        "server closed the connection",
        "no connection to the server",
        "terminating connection",
        "connection to server",
        "could not receive data from server",
        "could not send data to server",
        "the database system is",
        "SSL connection has been closed",
        "Connection refused",
        "connection not open",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

/// The column a unique rule is about, in words: SQLite says `UNIQUE constraint failed: t.col` with
/// every column of the rule, PostgreSQL names the constraint `t_col_key`. The first column is what
/// tells rows apart within their organisation.
fn taken(message: &str, constraint: Option<&str>) -> String {
    let sqlite = message
        .strip_prefix("UNIQUE constraint failed: ")
        .map(|columns| {
            columns
                .split(',')
                .next()
                .unwrap_or(columns)
                .replace('.', "_")
        });
    let rule = sqlite.as_deref().or(constraint).unwrap_or(message);
    let known = [
        ("users_username_folded", "this username"),
        ("users_federation_id", "this federation ID"),
        ("app_saml_entity_id", "this entity ID"),
        ("app_definitions_api_name", "this API name"),
        ("profiles_name", "this profile name"),
        ("permission_sets_name", "this permission set name"),
    ];
    let found = known.iter().find(|(rule_of, _)| rule.starts_with(rule_of));
    found.map_or_else(|| rule.to_owned(), |(_, words)| (*words).to_owned())
}
