//! Messages, read and written.

mod authn_request;
mod hostile;
mod issued;
mod properties;
pub(crate) mod support;
