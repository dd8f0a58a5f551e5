//! Signatures and encryption: which algorithms and keys are good, verifying what came in, signing
//! and encrypting what goes out.
//!
//! - [`algorithm`] and [`policy`]: identifiers, and which of them may be used.
//! - [`key`] and [`certificate`]: keys that are strong enough, and what they come in.
//! - [`verify`]: from octets received to a message that can be believed.
//! - [`sign`]: the only place that makes a [`sign::SignedXml`].
//! - [`encrypt`] and [`decrypt`]: assertions for their reader, and identifiers encrypted to us.

pub mod algorithm;
pub mod certificate;
pub mod decrypt;
pub mod encrypt;
mod enveloped;
pub mod key;
mod prescan;
pub mod sign;
pub mod verify;
mod verify_error;
mod xmlsec;
