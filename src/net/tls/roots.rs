//! Whom a user trusts besides the system's authorities.

use std::fmt;

use native_tls::Certificate;

use super::identity::IdentityError;

/// Certificates that are trusted, of one file.
#[derive(Clone)]
pub struct TlsRoots(pub(super) Vec<Certificate>);

impl TlsRoots {
    /// From certificates in PEM, of which there may be several.
    ///
    /// # Errors
    /// There is none, or one can't be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, IdentityError> {
        let certificates = Certificate::stack_from_pem(pem).map_err(|error| IdentityError::library(&error))?;
        if certificates.is_empty() { Err(IdentityError::NoCertificate) } else { Ok(TlsRoots(certificates)) }
    }
}

impl fmt::Debug for TlsRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsRoots({})", self.0.len())
    }
}
