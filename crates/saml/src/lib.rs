//! SAML 2.0 messages in and messages out, for identity providers.
//!
//! No network, files, database, clock or global state: octets, instants and randomness are
//! arguments.

pub mod binding;
pub mod fuzzing;
pub mod ids;
pub mod message;
pub mod metadata;
pub mod name_id;
pub mod security;
pub mod status;
pub mod time;
pub mod xml;
