//! Avouch, a SAML 2.0 identity provider: the map of the crate.
pub mod access;
pub mod apps;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
pub mod housekeeping;
pub mod keys;
pub mod logging;
pub mod random;
pub mod sessions;
pub mod store;
pub mod text;
pub mod text_id;
pub mod users;
pub mod web;
