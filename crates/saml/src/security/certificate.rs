//! Certificates, read as containers of public keys.
//!
//! SAML metadata says which key belongs to whom; the certificate around it says nothing that counts
//! (SAML V2.0 Metadata Interoperability Profile §2.6.1). So an expired, self-signed, version 1 or
//! oddly flagged certificate is as good as any, and nothing of it but the key is judged.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::x509::{X509, X509NameBuilder, X509NameRef};

pub use super::key::{KeyError, KeyKind, PrivateKey, PublicKey};
use crate::time::Timestamp;

/// Why a certificate could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text is not base64.
    #[error("the certificate is not base64")]
    Base64,
    /// The octets are not an X.509 certificate.
    #[error("the octets are not an X.509 certificate")]
    Der,
}

impl PrivateKey {
    /// A self-signed certificate around this key: how it is put into metadata.
    ///
    /// # Errors
    /// [`CertificateError::Der`] when OpenSSL cannot build it: a `common_name` over 64 characters,
    /// or dates out of range.
    pub fn self_signed(
        &self,
        common_name: &str,
        serial: u128,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<Certificate, CertificateError> {
        let build = || -> Result<X509, ErrorStack> {
            let mut name = X509NameBuilder::new()?;
            name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
            let name = name.build();
            let mut x509 = X509::builder()?;
            x509.set_version(2)?;
            // DER integers are signed: the cleared top bit keeps the serial number positive.
            let serial = BigNum::from_slice(&(serial >> 1).to_be_bytes())?.to_asn1_integer()?;
            x509.set_serial_number(&serial)?;
            x509.set_subject_name(&name)?;
            x509.set_issuer_name(&name)?;
            let seconds = |at: Timestamp| Asn1Time::from_unix(at.millis().div_euclid(1000));
            x509.set_not_before(&*seconds(not_before)?)?;
            x509.set_not_after(&*seconds(not_after)?)?;
            x509.set_pubkey(self.pkey())?;
            x509.sign(self.pkey(), MessageDigest::sha256())?;
            Ok(x509.build())
        };
        Certificate::from_x509(build().map_err(|_| CertificateError::Der)?)
    }
}

/// An X.509 certificate.
#[derive(Clone)]
pub struct Certificate {
    x509: X509,
    der: Vec<u8>,
}

impl Certificate {
    /// Reads a DER certificate. Its octets are kept as they came, since a fingerprint is of those;
    /// what stands behind a certificate in strict DER is dropped.
    ///
    /// # Errors
    /// [`CertificateError::Der`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let read = Self::from_x509(X509::from_der(der).map_err(|_| CertificateError::Der)?)?;
        if der.starts_with(&read.der) {
            return Ok(read);
        }
        // OpenSSL reads laxer encodings than it writes, and some that it writes it does not read.
        Ok(Self {
            der: der.to_vec(),
            ..read
        })
    }

    /// Reads a PEM certificate.
    ///
    /// # Errors
    /// [`CertificateError::Der`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        Self::from_x509(X509::from_pem(pem).map_err(|_| CertificateError::Der)?)
    }

    /// Reads the content of a `ds:X509Certificate`. White space may stand anywhere, and the PEM
    /// lines that some tools leave around it, with whatever stands before and behind them, are passed
    /// over.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        let text = match text.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, behind)) => behind,
            None => text,
        };
        let text = match text.split_once("-----END CERTIFICATE-----") {
            Some((before, _)) => before,
            None => text,
        };
        let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let der = BASE64
            .decode(packed)
            .map_err(|_| CertificateError::Base64)?;
        Self::from_der(&der)
    }

    fn from_x509(x509: X509) -> Result<Self, CertificateError> {
        let der = x509.to_der().map_err(|_| CertificateError::Der)?;
        Ok(Self { x509, der })
    }

    /// The DER octets.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The DER octets in base64 on one line, as a `ds:X509Certificate` holds them.
    pub fn base64(&self) -> String {
        BASE64.encode(&self.der)
    }

    /// The PEM form.
    pub fn pem(&self) -> String {
        let base64 = self.base64();
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in base64.as_bytes().chunks(64) {
            pem.extend(line.iter().map(|b| char::from(*b)));
            pem.push('\n');
        }
        pem + "-----END CERTIFICATE-----\n"
    }

    /// The key in it.
    ///
    /// # Errors
    /// [`KeyError`]: the key is not one that is used, however good the certificate is.
    pub fn public_key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_pkey(self.x509.public_key().map_err(|_| KeyError::Unreadable)?)
    }

    /// SHA-256 of the DER octets.
    pub fn sha256(&self) -> [u8; 32] {
        openssl::sha::sha256(&self.der)
    }

    /// SHA-256 of the DER octets as people compare it: upper-case hex pairs joined by colons.
    pub fn fingerprint(&self) -> String {
        pairs(&self.sha256())
    }

    /// SHA-1 of the DER octets, likewise. For comparing with what an old product shows, and for nothing
    /// else: two certificates can be made that share it.
    pub fn sha1_fingerprint(&self) -> String {
        pairs(&openssl::sha::sha1(&self.der))
    }

    /// The subject in one line: `CN=…, O=…` in the certificate's own order.
    pub fn subject(&self) -> String {
        one_line(self.x509.subject_name())
    }

    /// When it starts to be valid. For display only.
    pub fn not_before(&self) -> Option<Timestamp> {
        instant(self.x509.not_before())
    }

    /// When it stops being valid. For display and reminders only.
    pub fn not_after(&self) -> Option<Timestamp> {
        instant(self.x509.not_after())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

fn pairs(octets: &[u8]) -> String {
    let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(":")
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

fn one_line(name: &X509NameRef) -> String {
    let parts: Vec<String> = name
        .entries()
        .map(|entry| {
            let kind = entry.object().nid().short_name().unwrap_or("?");
            let value = entry.data().to_string().unwrap_or_default();
            format!("{kind}={value}")
        })
        .collect();
    parts.join(", ")
}

fn instant(time: &Asn1TimeRef) -> Option<Timestamp> {
    let epoch = Asn1Time::from_unix(0).ok()?;
    let since = epoch.diff(time).ok()?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    Some(Timestamp::from_millis(seconds * 1000))
}
