//! SAML's part of a sign-on: from an AuthnRequest to a Response, and what we say about ourselves.

pub mod answer;
pub mod attempt;
pub mod enter;
pub mod metadata;
pub mod reply;
pub(in crate::flow) mod request;
pub mod sso;
pub mod status;
pub mod subject;
