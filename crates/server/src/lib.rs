//! Server.
pub mod access;
pub mod apps;
pub mod audit;
pub mod sessions;
pub mod text_id;
pub mod users;
