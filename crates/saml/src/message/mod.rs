//! The messages themselves, one file each: what is read from a peer, what is written to one.
//!
//! - [`authn_request`]: an SP asks for a sign-on. Read in full, written for service providers.
//! - [`response`]: the answer, which is either a success with an assertion or a failure with a
//!   status.
//! - [`assertion`]: what the identity provider says of the user.
//!
//! Reading is strict about what the schemas say (order, number and form of everything named in
//! them) and indifferent to what they leave open, such as Extensions.

pub mod assertion;
pub mod authn_request;
mod content;
pub mod response;

pub use content::Fault;
