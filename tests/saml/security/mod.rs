//! Signatures, encryption and keys, with attacks made from really signed documents.

mod attacks;
mod certificate;
mod encrypt;
mod forge;
mod sign;
pub(crate) mod support;
mod verify;
