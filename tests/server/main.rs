//! The server, asked through its real routes on a real port.

#[path = "../conformance/postgres.rs"]
mod postgres;
#[path = "../support/mod.rs"]
mod support;

mod admin;
mod architecture;
mod at_once;
mod backup;
mod caches;
mod cli;
mod cost;
mod coverage;
mod dev;
mod field;
mod hardening;
mod health;
mod login;
mod manual;
mod metadata;
mod nodes;
mod processes;
mod readiness;
mod refusals;
mod routes;
mod saml_sso;
mod tls;
mod twice;
mod two_versions;
