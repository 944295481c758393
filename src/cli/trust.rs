//! Where OpenSSL looks for certificates that are trusted.
//!
//! Reading a bundle of all of them takes OpenSSL some 20 ms, and it is read twice; in a directory where files are named by
//! the hash of what is in them (`c_rehash`), the one certificate that is needed is looked up. Only the environment tells it
//! to use the one and not the other.

#![allow(unsafe_code, reason = "the environment can't be changed otherwise; see `prefer_hashed_directory`")]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

const FILE: &str = "SSL_CERT_FILE";
const DIRECTORY: &str = "SSL_CERT_DIR";

/// Where systems keep them.
const PLACES: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs"];
/// The bundle that Debian's `update-ca-certificates` makes of what is in the directory around it.
const BUNDLE: &str = "ca-certificates.crt";
/// A directory with fewer does not stand for the bundle.
const ENOUGH: usize = 50;

/// Makes OpenSSL use a hashed directory, if there is one and the user has not said to use something else.
///
/// To be called before the first thread is started.
pub(super) fn prefer_hashed_directory() {
    let (file, directory) = (env::var_os(FILE), env::var_os(DIRECTORY));
    // To name the bundle of a directory is to name the directory.
    let may_be = |place: &Path| {
        file.as_ref().is_none_or(|file| *file == place.join(BUNDLE))
            && directory.as_ref().is_none_or(|own| *own == place)
    };
    let place = PLACES.into_iter().find(|place| may_be(Path::new(place)) && is_hashed(Path::new(place)));
    if let Some(place) = place {
        let _ = BEFORE.set(vec![(FILE, file), (DIRECTORY, directory)]);
        // SAFETY: options are resolved on the main thread before it starts any other, so nobody reads the environment now.
        unsafe {
            env::set_var(DIRECTORY, place);
            env::set_var(FILE, "/dev/null");
        }
    }
}

/// What the variables that were changed held before, for the processes that are started: it is no business of theirs.
pub(super) fn before() -> Vec<(&'static str, Option<OsString>)> {
    BEFORE.get().cloned().unwrap_or_default()
}

static BEFORE: OnceLock<Vec<(&'static str, Option<OsString>)>> = OnceLock::new();

/// Whether the files of a directory are named by hashes: eight hexadecimal digits, and `.0`.
fn is_hashed(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else { return false };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let is_hash = |name: &String| {
        let hash = name.strip_suffix(".0");
        hash.is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    names.filter(is_hash).take(ENOUGH).count() == ENOUGH
}
