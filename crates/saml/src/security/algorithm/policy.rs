//! Which algorithms may be used, for each purpose: the allow-list and what can never be on it.
//!
//! Spec: SAML V2.0 Implementation Profile (IIP-ALG08).

use super::known::{DataEncryption, DigestAlgorithm, KeyTransport, OaepHash, SignatureAlgorithm};

/// What an algorithm is used for. Permission is separate for each: SHA-1 inside OAEP is sound where
/// SHA-1 inside a signature is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `ds:SignatureMethod` and `SigAlg`.
    Signature,
    /// `ds:DigestMethod` of a signature's reference.
    SignatureDigest,
    /// `xenc:EncryptionMethod` of EncryptedData.
    DataEncryption,
    /// `xenc:EncryptionMethod` of EncryptedKey.
    KeyTransport,
    /// `ds:DigestMethod` inside RSA-OAEP.
    OaepDigest,
    /// `xenc11:MGF` inside RSA-OAEP.
    OaepMask,
}

/// A name that is no algorithm of its purpose, so that a misspelt block list is seen at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{uri} is not an algorithm for {purpose:?}")]
pub struct UnknownAlgorithm {
    /// The name given.
    pub uri: String,
    /// What it was meant for.
    pub purpose: Purpose,
}

/// Which algorithms may be used, for each purpose. An allow-list: what it does not hold is refused,
/// when a message uses it and when a setting selects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmPolicy {
    signature: Vec<SignatureAlgorithm>,
    digest: Vec<DigestAlgorithm>,
    data: Vec<DataEncryption>,
    transport: Vec<&'static str>,
    oaep_digest: Vec<OaepHash>,
    oaep_mask: Vec<OaepHash>,
}

impl Default for AlgorithmPolicy {
    /// Every strong algorithm and no dangerous one.
    fn default() -> Self {
        Self {
            signature: Vec::from_iter(
                SignatureAlgorithm::ALL
                    .into_iter()
                    .filter(|algorithm| !algorithm.is_danger()),
            ),
            digest: Vec::from_iter(
                DigestAlgorithm::ALL
                    .into_iter()
                    .filter(|digest| !digest.is_danger()),
            ),
            data: Vec::from_iter(
                DataEncryption::ALL
                    .into_iter()
                    .filter(|cipher| !cipher.is_danger()),
            ),
            transport: vec![KeyTransport::MGF1P_URI, KeyTransport::OAEP_URI],
            oaep_digest: OaepHash::ALL.to_vec(),
            oaep_mask: OaepHash::ALL.to_vec(),
        }
    }
}

impl AlgorithmPolicy {
    /// Whether signatures may be made and accepted with `algorithm`.
    pub fn permits_signature(&self, algorithm: SignatureAlgorithm) -> bool {
        self.signature.contains(&algorithm)
    }

    /// Whether the reference of a signature may be digested with `digest`.
    pub fn permits_digest(&self, digest: DigestAlgorithm) -> bool {
        self.digest.contains(&digest)
    }

    /// Whether content may be encrypted and decrypted with `cipher`.
    pub fn permits_data(&self, cipher: DataEncryption) -> bool {
        self.data.contains(&cipher)
    }

    /// Whether a content key may travel by `transport`.
    pub fn permits_transport(&self, transport: KeyTransport) -> bool {
        self.transport.contains(&transport.uri())
            && self.oaep_digest.contains(&transport.digest())
            && self.oaep_mask.contains(&transport.mgf())
    }

    /// Whether the algorithm named `uri` may be used for `purpose`. Unknown names may not.
    pub fn permits_uri(&self, purpose: Purpose, uri: &str) -> bool {
        match purpose {
            Purpose::Signature => {
                SignatureAlgorithm::from_uri(uri).is_some_and(|known| self.permits_signature(known))
            }
            Purpose::SignatureDigest => {
                DigestAlgorithm::from_uri(uri).is_some_and(|known| self.permits_digest(known))
            }
            Purpose::DataEncryption => {
                DataEncryption::from_uri(uri).is_some_and(|known| self.permits_data(known))
            }
            Purpose::KeyTransport => self.transport.contains(&uri),
            Purpose::OaepDigest => OaepHash::from_digest_uri(uri)
                .is_some_and(|known| self.oaep_digest.contains(&known)),
            Purpose::OaepMask => {
                OaepHash::from_mgf_uri(uri).is_some_and(|known| self.oaep_mask.contains(&known))
            }
        }
    }

    /// Takes the algorithm named `uri` off the list of `purpose`. Names of algorithms that are never
    /// permitted (see [`NEVER_PERMITTED`]) may be given too; they are blocked already.
    ///
    /// # Errors
    /// [`UnknownAlgorithm`]: the name means nothing here. Refuse the configuration that holds it.
    pub fn block(&mut self, purpose: Purpose, uri: &str) -> Result<(), UnknownAlgorithm> {
        let known = match purpose {
            Purpose::Signature => SignatureAlgorithm::from_uri(uri)
                .map(|blocked| self.signature.retain(|kept| *kept != blocked))
                .is_some(),
            Purpose::SignatureDigest => DigestAlgorithm::from_uri(uri)
                .map(|blocked| self.digest.retain(|kept| *kept != blocked))
                .is_some(),
            Purpose::DataEncryption => DataEncryption::from_uri(uri)
                .map(|blocked| self.data.retain(|kept| *kept != blocked))
                .is_some(),
            Purpose::KeyTransport => {
                self.transport.retain(|kept| *kept != uri);
                uri == KeyTransport::MGF1P_URI || uri == KeyTransport::OAEP_URI
            }
            Purpose::OaepDigest => OaepHash::from_digest_uri(uri)
                .map(|blocked| self.oaep_digest.retain(|kept| *kept != blocked))
                .is_some(),
            Purpose::OaepMask => OaepHash::from_mgf_uri(uri)
                .map(|blocked| self.oaep_mask.retain(|kept| *kept != blocked))
                .is_some(),
        };
        if known || NEVER_PERMITTED.contains(&uri) {
            Ok(())
        } else {
            Err(UnknownAlgorithm {
                uri: uri.to_owned(),
                purpose,
            })
        }
    }

    /// Also accepts signatures made with SHA-1. For one old peer at a time, never for all.
    pub fn allow_danger_sha1_signatures(&mut self) {
        if !self.permits_signature(SignatureAlgorithm::DangerRsaSha1) {
            self.signature.push(SignatureAlgorithm::DangerRsaSha1);
        }
        if !self.permits_digest(DigestAlgorithm::DangerSha1) {
            self.digest.push(DigestAlgorithm::DangerSha1);
        }
    }

    /// Also permits AES-CBC. For one old peer at a time, never for all.
    pub fn allow_danger_cbc(&mut self) {
        for cipher in DataEncryption::ALL {
            if !self.permits_data(cipher) && cipher.is_danger() {
                self.data.push(cipher);
            }
        }
    }
}

/// Algorithms that peers have been seen to offer and that no setting can permit.
pub const NEVER_PERMITTED: [&str; 15] = [
    "http://www.w3.org/2001/04/xmldsig-more#md5",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-md5",
    "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512",
    "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
    "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
    "http://www.w3.org/2001/04/xmlenc#ripemd160",
    "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
    "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
    "http://www.w3.org/2001/04/xmlenc#kw-tripledes",
];
