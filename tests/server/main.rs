//! The server, asked through its real routes on a real port.

#[path = "../support/mod.rs"]
mod support;

mod saml_sso;
