//! Looking for a program before it is needed.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Program;

/// Where programs are looked for when there is no `PATH`, as execvp(3) does.
const USUAL_PATH: &str = "/bin:/usr/bin";

/// Why a program can't be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is no such file.
    #[error("there is no {}", .0.display())]
    NoFile(PathBuf),
    /// There is no such program in `PATH`.
    #[error("there is no program \"{}\" in PATH; give its path", .0.display())]
    NotFound(PathBuf),
    /// It is a directory, or may not be executed.
    #[error("{} is not executable", .0.display())]
    NotExecutable(PathBuf),
}

impl Program {
    /// Checks that it is there and may be executed.
    ///
    /// # Errors
    /// It isn't, or it may not.
    pub fn check(&self) -> Result<(), ProgramError> {
        let path = env::var_os("PATH");
        look_for(&self.name, path.as_deref().unwrap_or(OsStr::new(USUAL_PATH)))
    }
}

fn look_for(name: &OsStr, path: &OsStr) -> Result<(), ProgramError> {
    if name.as_bytes().contains(&b'/') {
        let file = PathBuf::from(name);
        return match (file.exists(), is_executable(&file)) {
            (false, _) => Err(ProgramError::NoFile(file)),
            (true, false) => Err(ProgramError::NotExecutable(file)),
            (true, true) => Ok(()),
        };
    }
    let files: Vec<_> = env::split_paths(path).map(|directory| directory.join(name)).collect();
    if !name.is_empty() && files.iter().any(|file| is_executable(file)) {
        return Ok(());
    }
    match files.into_iter().find(|file| file.is_file()) {
        Some(file) => Err(ProgramError::NotExecutable(file)),
        None => Err(ProgramError::NotFound(name.into())),
    }
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_program_is_looked_for_where_the_system_does() {
        let directory = tempfile::tempdir().unwrap();
        let [plain, program] = ["plain", "program"].map(|name| directory.path().join(name));
        for (file, mode) in [(&plain, 0o644), (&program, 0o755)] {
            fs::write(file, "").unwrap();
            fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        }
        let path = env::join_paths([Path::new("/nowhere"), directory.path()]).unwrap();
        let look = |name: &Path| look_for(name.as_os_str(), &path);
        assert_eq!(look(Path::new("program")), Ok(()));
        assert_eq!(look(&program), Ok(()));
        assert_eq!(look(Path::new("plain")), Err(ProgramError::NotExecutable(plain.clone())));
        assert_eq!(look(&plain), Err(ProgramError::NotExecutable(plain.clone())));
        assert_eq!(look(directory.path()), Err(ProgramError::NotExecutable(directory.path().into())));
        assert_eq!(look(Path::new("./nothing")), Err(ProgramError::NoFile("./nothing".into())));
        for name in ["nothing", ""] {
            assert_eq!(look(Path::new(name)), Err(ProgramError::NotFound(name.into())));
        }
    }
}
