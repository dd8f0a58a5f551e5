//! The use cases: plain synchronous functions from a [`Context`](crate::context::Context) and
//! what arrived to an answer. Each runs on a blocking thread, touches the database in as few and
//! short transactions as it can, and knows nothing of HTTP.

pub mod admin;
pub mod dev;
pub mod failure;
pub mod health;
pub mod launch;
pub mod launcher;
pub mod outcome;
pub mod saml;
pub mod sign_on;
