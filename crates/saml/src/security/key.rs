//! Keys that are strong enough to use, public and private.

use std::fmt;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public};
use openssl::rsa::Rsa;

use super::algorithm::{KeyFamily, SignatureAlgorithm};

/// Why a key is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The octets are no key, or one that OpenSSL finds inconsistent: a point off its curve, say.
    #[error("not a readable key")]
    Unreadable,
    /// Neither RSA nor a named elliptic curve.
    #[error("only RSA keys and EC keys on P-256, P-384 or P-521 are used")]
    Family,
    /// An RSA modulus outside 2048 to 8192 bits.
    #[error("an RSA key of {bits} bits; 2048 to 8192 are accepted")]
    RsaBits {
        /// Bits of the modulus.
        bits: u32,
    },
    /// An RSA exponent that is even, below 3 or above 2^32.
    #[error("an RSA exponent that is even, below 3 or above 2^32")]
    RsaExponent,
    /// A curve that is not accepted.
    #[error("an EC key on another curve than P-256, P-384 or P-521")]
    Curve,
}

/// The kind and size of an accepted key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// 2048 to 8192.
        bits: u32,
    },
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl KeyKind {
    /// RSA or EC.
    pub const fn family(self) -> KeyFamily {
        match self {
            Self::Rsa { .. } => KeyFamily::Rsa,
            Self::P256 | Self::P384 | Self::P521 => KeyFamily::Ec,
        }
    }

    /// Octets of a signature: the modulus, or `r` and `s` at the curve's fixed length.
    pub const fn signature_octets(self) -> usize {
        match self {
            Self::Rsa { bits } => bits.div_ceil(8) as usize,
            Self::P256 => 64,
            Self::P384 => 96,
            Self::P521 => 132,
        }
    }

    /// The signature algorithm used with such a key unless a setting says otherwise.
    pub const fn default_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::RsaSha256,
            Self::P256 => SignatureAlgorithm::EcdsaSha256,
            Self::P384 => SignatureAlgorithm::EcdsaSha384,
            Self::P521 => SignatureAlgorithm::EcdsaSha512,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
        }
    }
}

/// Judges a key before anything is computed with it: a modulus of 16384 bits or a huge exponent
/// would cost more than the message is worth.
fn judge<T: HasPublic>(key: &PKeyRef<T>) -> Result<KeyKind, KeyError> {
    match key.id() {
        Id::RSA => {
            let rsa = key.rsa().map_err(|_| KeyError::Unreadable)?;
            let bits = u32::try_from(rsa.n().num_bits()).map_err(|_| KeyError::Unreadable)?;
            if !(2048..=8192).contains(&bits) {
                return Err(KeyError::RsaBits { bits });
            }
            let limit = BigNum::from_slice(&[1, 0, 0, 0, 0]).map_err(|_| KeyError::Unreadable)?;
            let three = BigNum::from_u32(3).map_err(|_| KeyError::Unreadable)?;
            if !rsa.e().is_bit_set(0) || *rsa.e() < *three || *rsa.e() > *limit {
                return Err(KeyError::RsaExponent);
            }
            Ok(KeyKind::Rsa { bits })
        }
        Id::EC => {
            let ec = key.ec_key().map_err(|_| KeyError::Unreadable)?;
            let kind = match ec.group().curve_name() {
                Some(Nid::X9_62_PRIME256V1) => KeyKind::P256,
                Some(Nid::SECP384R1) => KeyKind::P384,
                Some(Nid::SECP521R1) => KeyKind::P521,
                _ => return Err(KeyError::Curve),
            };
            ec.check_key().map_err(|_| KeyError::Unreadable)?;
            Ok(kind)
        }
        _ => Err(KeyError::Family),
    }
}

/// A public key that is strong enough to verify signatures or to encrypt to.
#[derive(Clone)]
pub struct PublicKey {
    key: PKey<Public>,
    kind: KeyKind,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`KeyError`]: not a key, or one outside RSA 2048 to 8192 bits and P-256, P-384, P-521.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_pkey(PKey::public_key_from_der(der).map_err(|_| KeyError::Unreadable)?)
    }

    /// Builds an RSA key from the big-endian numbers of a `ds:RSAKeyValue`.
    ///
    /// # Errors
    /// As for [`PublicKey::from_spki_der`].
    pub fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let build = || -> Result<PKey<Public>, ErrorStack> {
            let modulus = BigNum::from_slice(modulus)?;
            let exponent = BigNum::from_slice(exponent)?;
            PKey::from_rsa(Rsa::from_public_components(modulus, exponent)?)
        };
        // Bound the modulus before OpenSSL precomputes anything from it.
        if modulus.len() > 1025 || exponent.len() > 8 {
            return Err(KeyError::RsaBits {
                bits: u32::try_from(modulus.len().saturating_mul(8)).unwrap_or(u32::MAX),
            });
        }
        Self::from_pkey(build().map_err(|_| KeyError::Unreadable)?)
    }

    /// Builds an EC key from the named curve's OID (`urn:oid:…` of a `dsig11:NamedCurve`) and an
    /// encoded point.
    ///
    /// # Errors
    /// As for [`PublicKey::from_spki_der`]; a point off the curve is [`KeyError::Unreadable`].
    pub fn from_ec_point(curve_uri: &str, point: &[u8]) -> Result<Self, KeyError> {
        let curve = match curve_uri {
            "urn:oid:1.2.840.10045.3.1.7" => Nid::X9_62_PRIME256V1,
            "urn:oid:1.3.132.0.34" => Nid::SECP384R1,
            "urn:oid:1.3.132.0.35" => Nid::SECP521R1,
            _ => return Err(KeyError::Curve),
        };
        let build = || -> Result<PKey<Public>, ErrorStack> {
            let group = EcGroup::from_curve_name(curve)?;
            let mut context = BigNumContext::new()?;
            let point = openssl::ec::EcPoint::from_bytes(&group, point, &mut context)?;
            PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)
        };
        Self::from_pkey(build().map_err(|_| KeyError::Unreadable)?)
    }

    pub(super) fn from_pkey(key: PKey<Public>) -> Result<Self, KeyError> {
        let kind = judge(&key)?;
        Ok(Self { key, kind })
    }

    /// Kind and size.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> Vec<u8> {
        self.key
            .public_key_to_der()
            .expect("OpenSSL encodes a key that it has accepted")
    }

    pub(super) fn pkey(&self) -> &PKeyRef<Public> {
        &self.key
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.key.public_eq(&other.key)
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kind)
    }
}

/// A private key, to sign or to decrypt with. It is never shown: no `Debug`, no `Display`.
#[derive(Clone)]
pub struct PrivateKey {
    key: PKey<Private>,
    kind: KeyKind,
}

impl PrivateKey {
    /// Reads an unencrypted PEM key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// [`KeyError`]: not a key, or one that is not accepted.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        // The callback stops OpenSSL from asking the terminal for a passphrase.
        let key = PKey::private_key_from_pem_callback(pem, |_| Ok(0));
        Self::new(key.map_err(|_| KeyError::Unreadable)?)
    }

    /// Reads a DER PKCS#8 key.
    ///
    /// # Errors
    /// As for [`PrivateKey::from_pem`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::new(PKey::private_key_from_pkcs8(der).map_err(|_| KeyError::Unreadable)?)
    }

    /// Makes a new key with OpenSSL's generator.
    ///
    /// # Errors
    /// [`KeyError::RsaBits`] for a size that is not accepted; [`KeyError::Unreadable`] when OpenSSL
    /// cannot make one.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let make = || -> Result<PKey<Private>, ErrorStack> {
            let curve = match kind {
                KeyKind::Rsa { bits } => return PKey::from_rsa(Rsa::generate(bits)?),
                KeyKind::P256 => Nid::X9_62_PRIME256V1,
                KeyKind::P384 => Nid::SECP384R1,
                KeyKind::P521 => Nid::SECP521R1,
            };
            let group = EcGroup::from_curve_name(curve)?;
            PKey::from_ec_key(EcKey::generate(&group)?)
        };
        match kind {
            KeyKind::Rsa { bits } if !(2048..=8192).contains(&bits) => {
                Err(KeyError::RsaBits { bits })
            }
            _ => Self::new(make().map_err(|_| KeyError::Unreadable)?),
        }
    }

    fn new(key: PKey<Private>) -> Result<Self, KeyError> {
        let kind = judge(&key)?;
        Ok(Self { key, kind })
    }

    /// Kind and size.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let der = self.key.public_key_to_der();
        PublicKey::from_spki_der(&der.expect("OpenSSL encodes a key that it has accepted"))
            .expect("the public half of an accepted key is accepted")
    }

    /// The DER PKCS#8 form, for storing it encrypted.
    pub fn pkcs8_der(&self) -> Vec<u8> {
        self.key
            .private_key_to_pkcs8()
            .expect("OpenSSL encodes a key that it has accepted")
    }

    pub(super) fn pkey(&self) -> &PKeyRef<Private> {
        &self.key
    }
}
