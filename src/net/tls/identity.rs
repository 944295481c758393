//! Private keys and certificates from the files that people have them in.

use std::fmt;

use native_tls::{Identity, TlsConnector};
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::pem::{LineEnding, decode_vec};
use pkcs8::der::{Decode, Encode, SecretDocument};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};
use thiserror::Error;

use super::error::plain_words;

/// RFC 8017, appendix C.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480, 2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A private key and its certificates.
#[derive(Clone)]
pub struct TlsIdentity(pub(super) Identity);

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsIdentity(***)")
    }
}

/// Why a file is of no use to TLS. No message shows a key.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// No certificate.
    #[error("there is no certificate in it: `-----BEGIN CERTIFICATE-----` is looked for")]
    NoCertificate,
    /// No private key.
    #[error("there is no private key in it: PEM with a key of PKCS#8, PKCS#1 or SEC 1 (EC) is looked for")]
    NoKey,
    /// A private key that is encrypted, and no passphrase.
    #[error("the private key is encrypted, and there is no passphrase: give --passphrase @FILE or WSPIPE_PASSPHRASE")]
    NoPassphrase,
    /// A passphrase that does not fit.
    #[error("the private key can't be decrypted: is the passphrase right?")]
    WrongPassphrase,
    /// The old way of encrypting keys in PEM.
    #[error(
        "the private key is encrypted in the old way of OpenSSL: `openssl pkcs8 -topk8 -in OLD -out NEW` makes a new file"
    )]
    OldEncryption,
    /// Something else than a PKCS#12 archive.
    #[error("it is no PKCS#12 archive (PEM is for --cert and --key)")]
    NotPkcs12,
    /// An archive and a passphrase that does not fit.
    #[error("the archive can't be decrypted: is the passphrase right?")]
    WrongArchivePassphrase,
    /// The old ways of encrypting archives.
    #[error(
        "the archive is encrypted in an old way, which the library does not read: export it anew, \
         with AES, as `openssl pkcs12 -export` and others do by now"
    )]
    OldArchive,
    /// A private key and the certificate of another one.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// A certificate that TLS does not use any more.
    #[error(
        "the certificate is too weak to be accepted by anybody ({0}): make one anew, as by RSA with 2048 bits or more"
    )]
    Weak(String),
    /// A private key that can't be read.
    #[error("the private key can't be read: {0}")]
    Key(String),
    /// What the system's library says.
    #[error("{0}")]
    Library(String),
}

impl TlsIdentity {
    /// From certificates in PEM, the own one first, and a private key in PEM: PKCS#8 (RFC 5958), encrypted or not, PKCS#1
    /// (RFC 8017) or SEC 1 (RFC 5915).
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn from_pem(certificates: &[u8], key: &[u8], passphrase: Option<&str>) -> Result<Self, IdentityError> {
        if !String::from_utf8_lossy(certificates).contains("-----BEGIN CERTIFICATE-----") {
            return Err(IdentityError::NoCertificate);
        }
        let key = plain_key(key, passphrase)?;
        if key_kind(key.as_bytes()).zip(certificate_kind(certificates)).is_some_and(|(key, own)| key != own) {
            return Err(IdentityError::Mismatch);
        }
        let identity = Identity::from_pkcs8(certificates, key.as_bytes());
        identity.map_err(|error| IdentityError::library(&error)).and_then(TlsIdentity::checked)
    }

    /// From a PKCS#12 archive (RFC 7292). Without a passphrase, one that is empty is tried.
    ///
    /// # Errors
    /// It is none, or the passphrase does not fit.
    pub fn from_pkcs12(archive: &[u8], passphrase: Option<&str>) -> Result<Self, IdentityError> {
        match Identity::from_pkcs12(archive, passphrase.unwrap_or_default()) {
            Ok(identity) => TlsIdentity::checked(identity),
            Err(_) if !is_pkcs12(archive) => Err(IdentityError::NotPkcs12),
            Err(error) => Err(match error.to_string() {
                words if OLD_WAYS.iter().any(|sign| words.contains(sign)) => IdentityError::OldArchive,
                // The library does not tell what is encrypted from what is broken.
                _ if passphrase.is_none() => IdentityError::NoPassphrase,
                words if words.contains("mac verify failure") => IdentityError::WrongArchivePassphrase,
                _ => IdentityError::library(&error),
            }),
        }
    }

    /// A server's side of OpenSSL takes a key of the same kind that does not belong to the certificate, and then fails with each client; a
    /// client's side says so at once.
    fn checked(identity: Identity) -> Result<Self, IdentityError> {
        match TlsConnector::builder().identity(identity.clone()).build() {
            Ok(_) => Ok(TlsIdentity(identity)),
            Err(error) => Err(IdentityError::library(&error)),
        }
    }
}

/// What OpenSSL says of ciphers that it has put away (RC2 and others).
const OLD_WAYS: [&str; 3] = ["unsupported", "unknown cipher", "unknown pbe algorithm"];

impl IdentityError {
    /// What the system's library says.
    pub(super) fn library(error: &native_tls::Error) -> Self {
        let words = plain_words(&error.to_string());
        if ["key values mismatch", "key type mismatch"].iter().any(|sign| words.contains(sign)) {
            IdentityError::Mismatch
        } else if ["key too small", "md too weak"].iter().any(|sign| words.contains(sign)) {
            IdentityError::Weak(words)
        } else {
            IdentityError::Library(words)
        }
    }
}

/// Whether these bytes begin as a PKCS#12 archive does: a sequence whose first element is the version, 3 (RFC 7292, 4).
fn is_pkcs12(bytes: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = bytes else { return false };
    // From 0x80 on it is the number of bytes that hold the length.
    let more = if *length < 0x80 { 0 } else { usize::from(length - 0x80) };
    rest.get(more..).is_some_and(|content| content.starts_with(&[0x02, 0x01, 0x03]))
}

/// The private key among the blocks of a file in PEM, as PKCS#8 in PEM that is not encrypted: the one form that native-tls
/// takes.
fn plain_key(pem: &[u8], passphrase: Option<&str>) -> Result<pkcs8::der::zeroize::Zeroizing<String>, IdentityError> {
    let text = String::from_utf8_lossy(pem);
    let begin = text.match_indices("-----BEGIN ").find(|(at, mark)| {
        text[at + mark.len()..].lines().next().is_some_and(|rest| rest.ends_with("PRIVATE KEY-----"))
    });
    let (begin, mark) = begin.ok_or(IdentityError::NoKey)?;
    let label = text[begin + mark.len()..].lines().next().unwrap_or_default().trim_end_matches('-');
    let end_mark = format!("-----END {label}-----");
    let end = text[begin..].find(&end_mark).ok_or(IdentityError::NoKey)? + begin + end_mark.len();
    let block = &text[begin..end];
    if block.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(IdentityError::OldEncryption);
    }
    let unreadable = |error: pkcs8::der::Error| IdentityError::Key(error.to_string());
    let (_, der) = decode_vec(block.as_bytes()).map_err(|error| IdentityError::Key(error.to_string()))?;
    let document = match label {
        "PRIVATE KEY" => SecretDocument::try_from(&der[..]).map_err(unreadable)?,
        "ENCRYPTED PRIVATE KEY" => {
            let passphrase = passphrase.ok_or(IdentityError::NoPassphrase)?;
            let encrypted = EncryptedPrivateKeyInfoRef::try_from(&der[..])
                .map_err(|error| IdentityError::Key(error.to_string()))?;
            encrypted.decrypt(passphrase).map_err(|_| IdentityError::WrongPassphrase)?
        }
        "RSA PRIVATE KEY" => wrapped(RSA, AnyRef::NULL, &der).map_err(unreadable)?,
        "EC PRIVATE KEY" => {
            let key = EcPrivateKey::from_der(&der).map_err(unreadable)?;
            let curve = key.parameters.and_then(EcParameters::named_curve);
            let curve = curve.ok_or_else(|| IdentityError::Key("it does not name its curve".into()))?;
            wrapped(EC, AnyRef::from(&curve), &der).map_err(unreadable)?
        }
        other => return Err(IdentityError::Key(format!("its kind, {other}, is not known here"))),
    };
    document.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|error| IdentityError::Key(error.to_string()))
}

/// The algorithm of a private key: RSA, EC or another. The library compares only keys of one kind.
fn key_kind(pkcs8: &[u8]) -> Option<ObjectIdentifier> {
    let (_, der) = decode_vec(pkcs8).ok()?;
    Some(PrivateKeyInfoRef::try_from(&der[..]).ok()?.algorithm.oid)
}

/// The algorithm of the key that the first of these certificates is for.
fn certificate_kind(pem: &[u8]) -> Option<ObjectIdentifier> {
    let first = native_tls::Certificate::stack_from_pem(pem).ok()?.into_iter().next()?;
    let certificate = x509_cert::Certificate::from_der(&first.to_der().ok()?).ok()?;
    Some(certificate.tbs_certificate().subject_public_key_info().algorithm.oid)
}

/// A key of an older form as PKCS#8 (RFC 5958, 2).
fn wrapped(oid: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> pkcs8::der::Result<SecretDocument> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters: Some(parameters) };
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key)?);
    SecretDocument::try_from(info.to_der()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for these tests by OpenSSL: a key on P-256 in every form, one of RSA, and certificates for them.
    const EC_CERTIFICATE: &[u8] = include_bytes!("identity/ec-cert.pem");
    const EC: &[u8] = include_bytes!("identity/ec.pem");
    const EC_PKCS8: &[u8] = include_bytes!("identity/ec-pkcs8.pem");
    const EC_ENCRYPTED: &[u8] = include_bytes!("identity/ec-encrypted.pem");
    const EC_OLD: &[u8] = include_bytes!("identity/ec-old.pem");
    const EC_PKCS12: &[u8] = include_bytes!("identity/ec.p12");
    const RSA_CERTIFICATE: &[u8] = include_bytes!("identity/rsa-cert.pem");
    const RSA: &[u8] = include_bytes!("identity/rsa.pem");
    /// RSA with 512 bits.
    const WEAK_CERTIFICATE: &[u8] = include_bytes!("identity/weak-cert.pem");
    const WEAK: &[u8] = include_bytes!("identity/weak.pem");
    /// Encrypted with RC2-40, as archives were for twenty years.
    #[cfg(feature = "vendored-tls")]
    const EC_LEGACY: &[u8] = include_bytes!("identity/ec-legacy.p12");

    fn acceptor(identity: Result<TlsIdentity, IdentityError>) {
        native_tls::TlsAcceptor::new(identity.unwrap().0).unwrap();
    }

    #[test]
    fn keys_in_every_form() {
        for key in [EC, EC_PKCS8] {
            acceptor(TlsIdentity::from_pem(EC_CERTIFICATE, key, None));
        }
        acceptor(TlsIdentity::from_pem(EC_CERTIFICATE, EC_ENCRYPTED, Some("secret")));
        acceptor(TlsIdentity::from_pem(RSA_CERTIFICATE, RSA, None));
        acceptor(TlsIdentity::from_pkcs12(EC_PKCS12, Some("secret")));
        let both = [b"text before\n", EC_CERTIFICATE, EC, b"text behind\n"].concat();
        acceptor(TlsIdentity::from_pem(&both, &both, None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let words = |certificate: &[u8], key: &[u8], passphrase| {
            TlsIdentity::from_pem(certificate, key, passphrase).err().unwrap().to_string()
        };
        assert!(words(EC, EC, None).starts_with("there is no certificate in it"));
        assert!(words(EC_CERTIFICATE, EC_CERTIFICATE, None).starts_with("there is no private key in it"));
        assert!(words(EC_CERTIFICATE, EC_ENCRYPTED, None).contains("--passphrase"));
        assert!(words(EC_CERTIFICATE, EC_ENCRYPTED, Some("wrong")).contains("is the passphrase right?"));
        assert!(words(EC_CERTIFICATE, EC_OLD, Some("secret")).contains("openssl pkcs8 -topk8"));
        let cut = &EC[..EC.len() / 2];
        assert!(words(EC_CERTIFICATE, cut, None).starts_with("there is no private key in it"));
        let broken = String::from_utf8(EC.to_vec()).unwrap().replace('M', "!");
        assert!(words(EC_CERTIFICATE, broken.as_bytes(), None).starts_with("the private key can't be read"));
        for (certificate, key) in [(EC_CERTIFICATE, RSA), (RSA_CERTIFICATE, EC), (WEAK_CERTIFICATE, RSA)] {
            assert_eq!(
                words(certificate, key, None),
                match certificate {
                    WEAK_CERTIFICATE => IdentityError::Weak("ee key too small".into()).to_string(),
                    _ => IdentityError::Mismatch.to_string(),
                }
            );
        }
        assert!(words(WEAK_CERTIFICATE, WEAK, None).contains("2048 bits"));
        assert!(!format!("{:?}", TlsIdentity::from_pem(EC_CERTIFICATE, EC, None)).contains("BEGIN"));
    }

    #[test]
    fn archives_that_can_not_be_opened() {
        let words = |bytes: &[u8], passphrase| TlsIdentity::from_pkcs12(bytes, passphrase).err().unwrap().to_string();
        assert!(words(EC_PKCS12, None).contains("--passphrase"));
        assert_eq!(words(EC_PKCS12, Some("wrong")), IdentityError::WrongArchivePassphrase.to_string());
        for (bytes, passphrase) in [(EC_CERTIFICATE, None), (EC_CERTIFICATE, Some("secret")), (&[0x30][..], None)] {
            assert_eq!(words(bytes, passphrase), IdentityError::NotPkcs12.to_string());
        }
        assert!(!words(&EC_PKCS12[..200], Some("secret")).contains("error:"));
        #[cfg(feature = "vendored-tls")]
        {
            assert_eq!(words(EC_LEGACY, Some("secret")), IdentityError::OldArchive.to_string());
            assert_eq!(words(EC_LEGACY, Some("wrong")), IdentityError::WrongArchivePassphrase.to_string());
        }
    }
}
