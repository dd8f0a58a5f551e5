//! Signatures and encryption: which algorithms and keys are good, verifying what came in, signing
//! and encrypting what goes out.
//!
//! - [`algorithm`]: identifiers and the policy that permits them.
//! - [`certificate`]: certificates as containers of keys, and the keys that are strong enough.
//! - [`sign`]: the only place that makes a [`sign::SignedXml`].

pub mod algorithm;
pub mod certificate;
pub mod sign;
