//! A typed path as the live file system has it: absolute, with the links above its last name resolved.

use std::path::Path;

use super::error::Result;
use crate::engine::error::Error as EngineError;
use crate::engine::path::RelPath;

/// The path that `given` means. Sources are known by their canonical paths, so what is compared with them must be too;
/// an entry that is a link itself stays one.
///
/// # Errors
/// What can't be a path.
pub fn live_path(given: &Path) -> Result<RelPath> {
    let absolute = std::path::absolute(given).map_err(|source| EngineError::Io {
        action: "find",
        path: given.to_owned(),
        source,
    })?;
    for folder in absolute.ancestors().skip(1) {
        if let (Ok(canonical), Ok(rest)) = (folder.canonicalize(), absolute.strip_prefix(folder)) {
            return Ok(RelPath::from_absolute(&canonical.join(rest)).map_err(EngineError::from)?);
        }
    }
    Ok(RelPath::from_absolute(&absolute).map_err(EngineError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_but_for_the_last_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.join("link")).unwrap();
        for (given, wanted) in [
            ("link", "link"),
            ("link/x", "real/x"),
            ("link/gone/x", "real/gone/x"),
            ("real", "real"),
        ] {
            let path = live_path(&root.join(given)).unwrap();
            assert_eq!(path.to_absolute(), root.join(wanted), "{given}");
        }
        assert!(live_path(Path::new("/")).unwrap().is_root());
    }
}
