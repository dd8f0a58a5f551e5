//! The algorithms Avouch knows and their identifiers.
//!
//! An identifier that no type here can hold (MD5, DSA, HMAC, RSA PKCS#1 v1.5 key transport, RIPEMD)
//! cannot be selected, sent or accepted by any setting. A weak one that some old peer still needs is
//! named `Danger…`; no default permits it.
//!
//! Spec: XML Signature 1.1 §6, XML Encryption 1.1 §5, SAML V2.0 Implementation Profile (IIP-ALG).

use openssl::hash::MessageDigest;
use openssl::symm::Cipher;

/// Octets of a GCM tag: 128 bits, never fewer.
pub(crate) const TAG_OCTETS: usize = 16;

/// What kind of key an algorithm works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// An RSA key.
    Rsa,
    /// A key on an elliptic curve.
    Ec,
}

/// How a signature is made and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-1: forgeable by collision. Only to accept an old peer.
    DangerRsaSha1,
}

impl SignatureAlgorithm {
    /// Every algorithm, strong ones first.
    pub const ALL: [Self; 7] = [
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::DangerRsaSha1,
    ];

    /// The identifier used in `ds:SignatureMethod` and in the `SigAlg` parameter.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::RsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::EcdsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
            Self::EcdsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
            Self::DangerRsaSha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        }
    }

    /// The algorithm with this identifier, compared octet by octet.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.uri() == uri)
    }

    /// The digest inside the signature; [`sign_enveloped`](super::sign::sign_enveloped) uses the
    /// same for the reference.
    pub const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::RsaSha256 | Self::EcdsaSha256 => DigestAlgorithm::Sha256,
            Self::RsaSha384 | Self::EcdsaSha384 => DigestAlgorithm::Sha384,
            Self::RsaSha512 | Self::EcdsaSha512 => DigestAlgorithm::Sha512,
            Self::DangerRsaSha1 => DigestAlgorithm::DangerSha1,
        }
    }

    /// The keys it works with.
    pub const fn key_family(self) -> KeyFamily {
        match self {
            Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512 | Self::DangerRsaSha1 => {
                KeyFamily::Rsa
            }
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => KeyFamily::Ec,
        }
    }

    /// True for an algorithm that only an explicit setting may permit.
    pub const fn is_danger(self) -> bool {
        matches!(self, Self::DangerRsaSha1)
    }
}

/// The digest of a `ds:Reference`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-1 as a signature digest: collisions are practical. Only to accept an old peer.
    DangerSha1,
}

impl DigestAlgorithm {
    /// Every digest, strong ones first.
    pub const ALL: [Self; 4] = [Self::Sha256, Self::Sha384, Self::Sha512, Self::DangerSha1];

    /// The identifier used in `ds:DigestMethod`.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
            Self::DangerSha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
        }
    }

    /// The digest with this identifier, compared octet by octet.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.uri() == uri)
    }

    /// True for a digest that only an explicit setting may permit.
    pub const fn is_danger(self) -> bool {
        matches!(self, Self::DangerSha1)
    }

    /// The digest of `octets`. Not through [`MessageDigest`], which OpenSSL 3 looks up by its name
    /// in every call.
    pub(in crate::security) fn of(self, octets: &[u8]) -> Vec<u8> {
        macro_rules! digest {
            ($kind:ident) => {{
                let mut state = openssl::sha::$kind::new();
                state.update(octets);
                state.finish().to_vec()
            }};
        }
        match self {
            Self::Sha256 => digest!(Sha256),
            Self::Sha384 => digest!(Sha384),
            Self::Sha512 => digest!(Sha512),
            Self::DangerSha1 => digest!(Sha1),
        }
    }

    /// What stands before the digest in an RSASSA-PKCS1-v1_5 signature: the DER of DigestInfo up to
    /// the digest's octets (RFC 8017 §9.2, note 1).
    pub(in crate::security) const fn digest_info(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[
                0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                0x01, 0x05, 0x00, 0x04, 0x20,
            ],
            Self::Sha384 => &[
                0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                0x02, 0x05, 0x00, 0x04, 0x30,
            ],
            Self::Sha512 => &[
                0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                0x03, 0x05, 0x00, 0x04, 0x40,
            ],
            Self::DangerSha1 => &[
                0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
                0x14,
            ],
        }
    }

    pub(in crate::security) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
            Self::DangerSha1 => MessageDigest::sha1(),
        }
    }
}

/// How the content of `xenc:EncryptedData` is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataEncryption {
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// AES-128-CBC: no integrity, open to padding oracles. Only for an old peer.
    DangerAes128Cbc,
    /// AES-256-CBC: no integrity, open to padding oracles. Only for an old peer.
    DangerAes256Cbc,
}

impl DataEncryption {
    /// Every cipher, strong ones first.
    pub const ALL: [Self; 4] = [
        Self::Aes128Gcm,
        Self::Aes256Gcm,
        Self::DangerAes128Cbc,
        Self::DangerAes256Cbc,
    ];

    /// The identifier used in `xenc:EncryptionMethod` of EncryptedData.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::DangerAes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::DangerAes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }

    /// The cipher with this identifier, compared octet by octet.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.uri() == uri)
    }

    /// True for a cipher without integrity, which only an explicit setting may permit. A Response
    /// that carries one is signed itself (SAML errata E93).
    pub const fn is_danger(self) -> bool {
        matches!(self, Self::DangerAes128Cbc | Self::DangerAes256Cbc)
    }

    /// Length of the content key in octets.
    pub const fn key_octets(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::DangerAes128Cbc => 16,
            Self::Aes256Gcm | Self::DangerAes256Cbc => 32,
        }
    }

    /// Length of the initialisation vector in octets: 96 bits for GCM, a block for CBC.
    pub const fn iv_octets(self) -> usize {
        if self.is_danger() { 16 } else { 12 }
    }

    pub(in crate::security) fn cipher(self) -> Cipher {
        match self {
            Self::Aes128Gcm => Cipher::aes_128_gcm(),
            Self::Aes256Gcm => Cipher::aes_256_gcm(),
            Self::DangerAes128Cbc => Cipher::aes_128_cbc(),
            Self::DangerAes256Cbc => Cipher::aes_256_cbc(),
        }
    }
}

/// A hash inside RSA-OAEP, as its digest or in its mask generation function.
///
/// SHA-1 is sound here: OAEP does not rest on collision resistance. That is why this is not
/// [`DigestAlgorithm`], where SHA-1 is dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OaepHash {
    /// SHA-1, the default of both positions.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl OaepHash {
    /// Every hash, the default first.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The identifier used in `ds:DigestMethod`.
    pub const fn digest_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// The identifier used in `xenc11:MGF`.
    pub const fn mgf_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2009/xmlenc11#mgf1sha1",
            Self::Sha256 => "http://www.w3.org/2009/xmlenc11#mgf1sha256",
            Self::Sha384 => "http://www.w3.org/2009/xmlenc11#mgf1sha384",
            Self::Sha512 => "http://www.w3.org/2009/xmlenc11#mgf1sha512",
        }
    }

    /// The hash with this digest identifier.
    pub fn from_digest_uri(uri: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.digest_uri() == uri)
    }

    /// The hash with this mask generation identifier.
    pub fn from_mgf_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.mgf_uri() == uri)
    }

    pub(in crate::security) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// How the content key travels: RSA-OAEP under one of its two identifiers.
///
/// RSA PKCS#1 v1.5 transport has no variant, so it can be neither produced nor accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyTransport {
    /// `xmlenc#rsa-oaep-mgf1p` of 2001: the mask is always MGF1 with SHA-1.
    OaepMgf1p {
        /// The OAEP digest.
        digest: OaepHash,
    },
    /// `xmlenc11#rsa-oaep` of 2009: digest and mask are named apart.
    Oaep {
        /// The OAEP digest.
        digest: OaepHash,
        /// The hash of MGF1.
        mgf: OaepHash,
    },
}

impl KeyTransport {
    /// Identifier of the 2001 form.
    pub const MGF1P_URI: &'static str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
    /// Identifier of the 2009 form.
    pub const OAEP_URI: &'static str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

    /// The identifier used in `xenc:EncryptionMethod` of EncryptedKey.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::OaepMgf1p { .. } => Self::MGF1P_URI,
            Self::Oaep { .. } => Self::OAEP_URI,
        }
    }

    /// The OAEP digest.
    pub const fn digest(self) -> OaepHash {
        match self {
            Self::OaepMgf1p { digest } | Self::Oaep { digest, .. } => digest,
        }
    }

    /// The hash of MGF1.
    pub const fn mgf(self) -> OaepHash {
        match self {
            Self::OaepMgf1p { .. } => OaepHash::Sha1,
            Self::Oaep { mgf, .. } => mgf,
        }
    }

    /// The transport that these identifiers name. A missing digest or mask is SHA-1; a mask beside
    /// the 2001 identifier contradicts it, unless it says SHA-1.
    pub fn from_uris(uri: &str, digest: Option<&str>, mgf: Option<&str>) -> Option<Self> {
        let digest = digest.map_or(Some(OaepHash::Sha1), OaepHash::from_digest_uri)?;
        let mgf = mgf.map_or(Some(OaepHash::Sha1), OaepHash::from_mgf_uri)?;
        match uri {
            Self::MGF1P_URI if mgf == OaepHash::Sha1 => Some(Self::OaepMgf1p { digest }),
            Self::OAEP_URI => Some(Self::Oaep { digest, mgf }),
            _ => None,
        }
    }
}

impl Default for KeyTransport {
    /// The 2001 identifier with SHA-1, which every known peer decrypts.
    fn default() -> Self {
        Self::OaepMgf1p {
            digest: OaepHash::Sha1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_names_its_algorithm_and_only_it() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(
                SignatureAlgorithm::from_uri(algorithm.uri()),
                Some(algorithm)
            );
            let upper = algorithm.uri().to_uppercase();
            assert_eq!(SignatureAlgorithm::from_uri(&upper), None);
        }
        for digest in DigestAlgorithm::ALL {
            assert_eq!(DigestAlgorithm::from_uri(digest.uri()), Some(digest));
        }
        for cipher in DataEncryption::ALL {
            assert_eq!(DataEncryption::from_uri(cipher.uri()), Some(cipher));
        }
        for hash in OaepHash::ALL {
            assert_eq!(OaepHash::from_digest_uri(hash.digest_uri()), Some(hash));
            assert_eq!(OaepHash::from_mgf_uri(hash.mgf_uri()), Some(hash));
        }
    }

    #[test]
    fn transport_defaults_to_sha1_in_both_places() {
        let none = KeyTransport::from_uris(KeyTransport::MGF1P_URI, None, None);
        assert_eq!(none, Some(KeyTransport::default()));
        let none = KeyTransport::from_uris(KeyTransport::OAEP_URI, None, None);
        let both = KeyTransport::Oaep {
            digest: OaepHash::Sha1,
            mgf: OaepHash::Sha1,
        };
        assert_eq!(none, Some(both));
    }

    #[test]
    fn a_mask_that_contradicts_the_2001_identifier_is_refused() {
        let sha256 = Some(OaepHash::Sha256.mgf_uri());
        assert_eq!(
            KeyTransport::from_uris(KeyTransport::MGF1P_URI, None, sha256),
            None
        );
        assert!(KeyTransport::from_uris(KeyTransport::OAEP_URI, None, sha256).is_some());
    }
}
