//! Options of TLS.

use std::env;
use std::path::{Path, PathBuf};

use wspipe::handshake::Secret;
use wspipe::net::{IdentityError, TlsIdentity, TlsOptions, TlsVersion};
use wspipe::outcome::Failure;

use super::handshake::secret;

/// What a client asks of TLS.
#[derive(Debug, clap::Args)]
pub(super) struct TlsArgs {
    /// Trust the certificates in this PEM file too, besides the system's; repeatable
    #[arg(long, value_name = "FILE", help_heading = "TLS", hide_short_help = true)]
    cacert: Vec<PathBuf>,

    /// Accept any certificate of the server
    #[arg(short = 'k', long, help_heading = "TLS")]
    insecure: bool,

    /// Ask for this name, and expect it in the certificate, rather than the URL's
    #[arg(long, value_name = "NAME", help_heading = "TLS", hide_short_help = true)]
    sni: Option<String>,

    /// The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3
    #[arg(long, value_name = "VERSION", default_value = "1.2", help_heading = "TLS", hide_short_help = true)]
    tls_min: TlsVersion,
}

/// Who this side is.
#[derive(Debug, clap::Args)]
pub(super) struct IdentityArgs {
    /// Our certificate and its chain in PEM; the file may hold the private key as well
    #[arg(long, value_name = "FILE", help_heading = "TLS", conflicts_with = "pkcs12")]
    cert: Option<PathBuf>,

    /// Our certificate and private key in a PKCS#12 archive
    #[arg(long, value_name = "FILE", help_heading = "TLS", hide_short_help = true)]
    pkcs12: Option<PathBuf>,

    /// The passphrase of the private key or the archive; @FILE reads it from a file
    ///
    /// Without it, that of the environment variable `WSPIPE_PASSPHRASE` is taken.
    #[arg(long, value_name = "TEXT", help_heading = "TLS", hide_short_help = true)]
    passphrase: Option<String>,
}

impl TlsArgs {
    pub(super) fn resolve(&self, identity: Option<TlsIdentity>) -> Result<TlsOptions, Failure> {
        let roots = self.cacert.iter().map(|path| read("--cacert", path)).collect::<Result<_, _>>()?;
        Ok(TlsOptions {
            roots,
            identity,
            insecure: self.insecure,
            server_name: self.sni.clone(),
            oldest: Some(self.tls_min),
        })
    }
}

impl IdentityArgs {
    /// The identity that was given, if one was; `key` is the file of the private key, where that is one of its own.
    pub(super) fn resolve(&self, key: Option<&Path>) -> Result<Option<TlsIdentity>, Failure> {
        let passphrase = match &self.passphrase {
            Some(text) => Some(secret("--passphrase", text)?),
            None => env::var("WSPIPE_PASSPHRASE").ok().map(Secret::new),
        };
        let passphrase = passphrase.as_ref().map(Secret::expose);
        let told = |flag: &str, path: &Path| {
            let place = format!("{flag} {}", path.display());
            move |error: IdentityError| Failure::Usage(format!("{place}: {error}"))
        };
        match (&self.cert, &self.pkcs12) {
            (None, None) if key.is_some() => {
                Err(Failure::Usage("--key wants the certificate, too: --cert FILE".into()))
            }
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let archive = read("--pkcs12", path)?;
                TlsIdentity::from_pkcs12(&archive, passphrase.unwrap_or_default())
                    .map(Some)
                    .map_err(told("--pkcs12", path))
            }
            (Some(path), _) => {
                let certificates = read("--cert", path)?;
                let (flag, key_path) = key.map_or(("--cert", path.as_path()), |key| ("--key", key));
                let key = read(flag, key_path)?;
                let told = |error: IdentityError| match error {
                    IdentityError::NoCertificate => told("--cert", path)(error),
                    error => told(flag, key_path)(error),
                };
                TlsIdentity::from_pem(&certificates, &key, passphrase).map(Some).map_err(told)
            }
        }
    }
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Usage(format!("{flag} {}: {error}", path.display())))
}
