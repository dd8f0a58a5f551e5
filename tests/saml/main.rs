//! Tests of the SAML crate from outside, filed by module.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod binding;
mod corpus;
mod golden;
mod message;
mod metadata;
#[path = "../support/schema.rs"]
mod schema;
mod security;
mod work;
