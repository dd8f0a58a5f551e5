//! Signatures, encryption and keys, with attacks made from really signed documents.

mod certificate;
mod sign;
mod support;
mod verify;
