//! The messages themselves, one file each: what is read from a peer, what is written to one.
//!
//! - [`authn_request`]: an SP asks for a sign-on. Read in full, written for service providers.
//! - [`response`]: the answer, which is either a success with an assertion or a failure with a
//!   status.
//! - [`assertion`]: what the identity provider says of the user.
//! - [`artifact_resolve`]: the message that an artifact stands for is asked for.
//! - [`logout_request`], [`logout_response`]: a session is to end, and whether it did.
//!
//! [`kind`] says what a message is to those that carry it.
//!
//! Reading is strict about what the schemas say (order, number and form of everything named in
//! them) and indifferent to what they leave open, such as Extensions.

pub mod artifact_resolve;
pub mod assertion;
pub mod authn_request;
mod content;
mod error;
mod head;
pub mod identifier;
pub mod kind;
pub mod logout_request;
pub mod logout_response;
mod oddity;
pub mod response;

pub use content::Fault;
pub use error::MessageError;
pub use head::MessageHead;
pub use kind::Head;
pub use oddity::Oddity;
