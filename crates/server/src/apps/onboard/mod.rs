//! How an app comes in: pure rules shared by the command line, the admin pages and `avouch dev`.
//!
//! An app comes as SP metadata, or as typed fields that [`typed`] turns into metadata, so that
//! there is one reader and one set of checks. What would be stored of it is a
//! [`Draft`](super::draft::Draft).

pub mod federation;
pub mod preview;
pub mod selection;
pub mod signed;
pub mod typed;
