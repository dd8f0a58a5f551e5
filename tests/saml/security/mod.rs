//! Signatures, encryption and keys, with attacks made from really signed documents.

mod attacks;
mod certificate;
mod decrypt;
mod encrypt;
mod forge;
mod sealed;
mod sign;
pub(crate) mod support;
mod verify;
