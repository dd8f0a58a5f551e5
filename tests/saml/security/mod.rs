//! Signatures, encryption and keys, with attacks made from really signed documents.

mod certificate;
mod encrypt;
mod sign;
mod support;
mod verify;
