//! Signatures, encryption and keys, with attacks made from really signed documents.

mod certificate;
mod encrypt;
mod sign;
pub(crate) mod support;
mod verify;
