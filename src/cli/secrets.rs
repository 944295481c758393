//! Secrets, and where they come from, so that they need not stand on the command line, which everybody can read in `ps`.

use std::env::{self, VarError};
use std::fs;

use wspipe::handshake::{Credentials, CredentialsError, Secret, printable};
use wspipe::outcome::Failure;

use super::prompt;

/// The variable of the password of `-u`.
pub(super) const PASSWORD: &str = "WSPIPE_PASSWORD";
/// The variable of a private key's passphrase.
pub(super) const PASSPHRASE: &str = "WSPIPE_PASSPHRASE";

/// How much of a user's name is shown, in bytes.
const SHOWN: usize = 100;

/// The text of an option: as it stands, or what `@FILE` or `@env:NAME` holds, without line ends behind it.
///
/// # Errors
/// There is no such file or variable, or it is not UTF-8.
pub(super) fn text_of(flag: &str, given: &str) -> Result<String, Failure> {
    let Some(source) = given.strip_prefix('@') else { return Ok(given.to_owned()) };
    let told = |what: String| Failure::Usage(format!("{flag} @{source}: {what}"));
    let text = match source.strip_prefix("env:") {
        Some("") => return Err(told("write @env:NAME, with the name of an environment variable".into())),
        Some(name) => variable(name)?.ok_or_else(|| told(format!("there is no environment variable {name}")))?,
        None if source.is_empty() => return Err(told("write @FILE, with the name of a file".into())),
        None => fs::read_to_string(source).map_err(|error| told(error.to_string()))?,
    };
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A secret as it stands, or from `@FILE` or `@env:NAME`.
pub(super) fn secret(flag: &str, given: &str) -> Result<Secret, Failure> {
    text_of(flag, given).map(Secret::new)
}

/// The user and password of `-u`. A password that is not given is that of `WSPIPE_PASSWORD`, or it is asked for.
pub(super) fn credentials(given: &str) -> Result<Credentials, Failure> {
    let told = |error| Failure::Usage(format!("-u: {error}"));
    let credentials: Credentials = text_of("-u", given)?.parse().map_err(told)?;
    if credentials.password().is_some() {
        return Ok(credentials);
    }
    let user = credentials.user();
    let password = match variable(PASSWORD)? {
        Some(password) => Some(Secret::new(password)),
        None => prompt::ask(&format!("Password of {}", printable(user.as_bytes(), SHOWN)))?,
    };
    let password = password.ok_or_else(|| {
        let advice = "give USER:PASS, @FILE or WSPIPE_PASSWORD (USER: is the empty password)";
        Failure::Usage(format!("-u: there is no password, and no terminal to ask for it: {advice}"))
    })?;
    Credentials::new(user, Some(password.expose().to_owned())).map_err(told)
}

/// The user and password of a server's `--user`: both have to be there.
pub(super) fn complete_credentials(given: &str) -> Result<Credentials, Failure> {
    let told = |what: String| Failure::Usage(format!("--user: {what}"));
    let credentials: Credentials =
        text_of("--user", given)?.parse().map_err(|error: CredentialsError| told(error.to_string()))?;
    if credentials.password().is_none() {
        return Err(told("there is no password: write USER:PASS (USER: is the empty password)".into()));
    }
    Ok(credentials)
}

/// The value of an environment variable, if it is set.
pub(super) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        // (The system's words for it show the value.)
        Err(VarError::NotUnicode(_)) => Err(Failure::Usage(format!("the environment variable {name} is not UTF-8"))),
    }
}
