//! The use cases: plain synchronous functions from a [`Context`](crate::context::Context) and
//! what arrived to an answer. Each runs on a blocking thread, touches the database in as few and
//! short transactions as it can, and knows nothing of HTTP.

pub mod admin;
pub mod answer;
pub mod attempt;
pub mod consent;
pub mod current_user;
pub mod dev;
pub mod failure;
pub mod health;
pub mod launch;
pub mod launcher;
pub mod login;
pub mod logout;
pub mod outcome;
pub mod own_metadata;
pub mod proceed;
pub mod reply;
pub mod restart;
mod saml_request;
pub mod saml_sso;
pub mod saml_status;
pub mod sign_on;
pub mod subject;
