//! SAML sign-on, a file for each thing a request can ask or get wrong.

mod acs;
mod attributes;
mod browser;
mod consent;
mod context;
mod encryption;
mod force_authn;
mod launch;
mod name_id;
mod passive;
mod policy;
mod relay_state;
mod request;
mod response;
mod scoping;
mod signature;
mod stages;
mod subject;
mod thread;
