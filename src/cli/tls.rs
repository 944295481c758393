//! Options of TLS.

use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use wspipe::handshake::{Secret, printable};
use wspipe::net::{IdentityError, TlsIdentity, TlsOptions, TlsRoots, TlsVersion};
use wspipe::outcome::Failure;

use super::prompt;
use super::secrets::{PASSPHRASE, secret, variable};

/// How much of a path is shown, in bytes.
const SHOWN: usize = 1000;

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
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = "TLS", hide_short_help = true)]
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

    /// The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there
    ///
    /// Without it, that of the environment variable `WSPIPE_PASSPHRASE` is taken, if it is set; else the terminal is asked
    /// where a passphrase is needed.
    #[arg(long, value_name = "TEXT", help_heading = "TLS", hide_short_help = true)]
    passphrase: Option<String>,
}

impl TlsArgs {
    /// What is asked of TLS, by whoever `identity` and `key` say, which may ask for a passphrase.
    pub(super) fn resolve(&self, identity: &IdentityArgs, key: Option<&Path>) -> Result<TlsOptions, Failure> {
        let trusted = |path: &PathBuf| {
            TlsRoots::from_pem(&read("--cacert", path)?).map_err(|error| told("--cacert", path, &error))
        };
        Ok(TlsOptions {
            roots: self.cacert.iter().map(trusted).collect::<Result<_, _>>()?,
            identity: identity.resolve(key)?,
            insecure: self.insecure,
            server_name: self.sni.clone(),
            oldest: Some(self.tls_min),
        })
    }
}

impl IdentityArgs {
    /// The identity that was given, if one was; `key` is the file of the private key, where that is one of its own.
    pub(super) fn resolve(&self, key: Option<&Path>) -> Result<Option<TlsIdentity>, Failure> {
        match (&self.cert, &self.pkcs12) {
            (None, None) if key.is_some() => {
                Err(Failure::Usage("--key wants the certificate, too: --cert FILE".into()))
            }
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let archive = read("--pkcs12", path)?;
                let open = |passphrase: Option<&str>| TlsIdentity::from_pkcs12(&archive, passphrase);
                self.unlock(path, open)?.map(Some).map_err(|error| told("--pkcs12", path, &error))
            }
            (Some(path), _) => {
                let certificates = read("--cert", path)?;
                let (flag, key_path) = key.map_or(("--cert", path.as_path()), |key| ("--key", key));
                let key = read(flag, key_path)?;
                let open = |passphrase: Option<&str>| TlsIdentity::from_pem(&certificates, &key, passphrase);
                let told = |error| match error {
                    IdentityError::NoCertificate | IdentityError::Weak(_) => told("--cert", path, &error),
                    IdentityError::Mismatch if flag == "--key" => {
                        let certificate = printable(path.as_os_str().as_encoded_bytes(), SHOWN);
                        Failure::Usage(format!("{flag} {}: {error} of --cert {certificate}", key_path.display()))
                    }
                    _ => told(flag, key_path, &error),
                };
                self.unlock(key_path, open)?.map(Some).map_err(told)
            }
        }
    }

    /// Opens what is in a file with the passphrase that was given; if none was and it turns out to need one, asks for it.
    fn unlock(
        &self,
        path: &Path,
        open: impl Fn(Option<&str>) -> Result<TlsIdentity, IdentityError>,
    ) -> Result<Result<TlsIdentity, IdentityError>, Failure> {
        let given = match &self.passphrase {
            Some(text) => Some(secret("--passphrase", text)?),
            None => variable(PASSPHRASE)?.map(Secret::new),
        };
        let opened = open(given.as_ref().map(Secret::expose));
        if !matches!(opened, Err(IdentityError::NoPassphrase)) {
            return Ok(opened);
        }
        let path = printable(path.as_os_str().as_encoded_bytes(), SHOWN);
        let typed = prompt::ask(&format!("Passphrase of {path}"))?;
        Ok(typed.map_or(opened, |typed| open(Some(typed.expose()))))
    }
}

fn told(flag: &str, path: &Path, error: &IdentityError) -> Failure {
    Failure::Usage(format!("{flag} {}: {error}", path.display()))
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::Usage(format!("{flag} {}: {error}", path.display())))
}
