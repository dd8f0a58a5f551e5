//! The server, asked through its real routes on a real port.

#[path = "../conformance/postgres.rs"]
mod postgres;
#[path = "../support/mod.rs"]
mod support;

mod admin;
mod cli;
mod cost;
mod coverage;
mod dev;
mod processes;
mod saml_sso;
