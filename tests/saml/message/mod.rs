//! Messages, read and written.

mod artifact_resolve;
mod authn_request;
mod hostile;
mod issued;
mod logout;
mod properties;
pub(crate) mod support;
