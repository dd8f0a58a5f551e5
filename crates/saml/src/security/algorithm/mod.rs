//! The algorithms Avouch knows ([`known`]), and which of them may be used ([`policy`]).

pub mod known;
pub mod policy;

pub(crate) use known::TAG_OCTETS;
pub use known::{
    DataEncryption, DigestAlgorithm, KeyFamily, KeyTransport, OaepHash, SignatureAlgorithm,
};
pub use policy::{AlgorithmPolicy, NEVER_PERMITTED, Purpose, UnknownAlgorithm};
