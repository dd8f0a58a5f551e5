//! Signatures and encryption: which algorithms and keys are good, verifying what came in, signing
//! and encrypting what goes out.
//!
//! - [`algorithm`]: identifiers and the policy that permits them.
//! - [`certificate`]: certificates as containers of keys, and the keys that are strong enough.
//! - [`verify`]: from octets received to a message that can be believed.
//! - [`sign`]: the only place that makes a [`sign::SignedXml`].
//! - [`encrypt`]: assertions for their reader, and identifiers encrypted to us.

pub mod algorithm;
pub mod certificate;
pub mod encrypt;
mod enveloped;
mod prescan;
pub mod sign;
pub mod verify;
mod xmlsec;
