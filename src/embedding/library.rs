//! Where ONNX Runtime's library is looked for.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{self, Path, PathBuf};

use super::elf;
use super::fault::LoadFault;

/// Where ONNX Runtime's library may be.
#[derive(Clone, Debug, Default)]
pub struct LibraryPlaces {
    /// The file that somebody named (`ORT_DYLIB_PATH`); no other is tried
    /// then.
    pub named: Option<PathBuf>,
    /// The folders to look into otherwise, in this order, for
    /// `libonnxruntime.so`, or as the system calls it.
    pub folders: Vec<PathBuf>,
}

impl LibraryPlaces {
    /// Returns the absolute path of a file, for a relative one would be looked
    /// up elsewhere by the loader.
    ///
    /// # Errors
    /// [`LoadFault::Library`] if the named one is no file, or
    /// [`LoadFault::Missing`].
    pub(super) fn find(&self) -> Result<PathBuf, LoadFault> {
        if let Some(named) = &self.named {
            return absolute(named);
        }
        let name = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
        let mut looked = Vec::new();
        for folder in &self.folders {
            let path = folder.join(&name);
            // One that is there but is no file is said to be at fault.
            if path.symlink_metadata().is_ok() {
                return absolute(&path);
            }
            looked.push(path::absolute(&path).unwrap_or(path));
        }
        Err(LoadFault::Missing(looked))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, LoadFault> {
    let path = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let reason = match fs::metadata(&path) {
        Ok(data) if data.is_file() => match elf::cut_short(&path) {
            Ok(None) => return Ok(path),
            Ok(Some((there, said))) => format!("it is cut short: {there} of {said} bytes"),
            Err(fault) => fault.to_string(),
        },
        // The loader would wait for whoever writes into a pipe.
        Ok(_) => "it is not a file".to_owned(),
        Err(fault) => fault.to_string(),
    };
    Err(LoadFault::Library { path, reason })
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, remove_dir_all, write};

    use super::*;
    use crate::domain::RequestId;

    /// A folder that is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = format!("ai-gateway-library-{}", RequestId::random());
            let path = std::env::temp_dir().join(name);
            create_dir_all(&path).unwrap();
            Self(path)
        }

        fn with_library(&self, name: &str) -> (PathBuf, PathBuf) {
            let folder = self.0.join(name);
            create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}"));
            write(&path, "").unwrap();
            (folder, path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = remove_dir_all(&self.0);
        }
    }

    #[test]
    fn folders_are_looked_into_in_order() {
        let folder = Folder::new();
        let (first, path) = folder.with_library("first");
        let (second, _) = folder.with_library("second");
        let places = LibraryPlaces {
            named: None,
            folders: vec![folder.0.join("none"), first, second],
        };

        assert_eq!(places.find().unwrap(), path);
    }

    #[test]
    fn the_named_one_goes_before_and_alone() {
        let folder = Folder::new();
        let (beside, path) = folder.with_library("first");
        let named = folder.0.join("mine.so");
        let mut places = LibraryPlaces {
            named: Some(named.clone()),
            folders: vec![beside],
        };
        let missing = places.find().unwrap_err().to_string();
        write(&named, "").unwrap();
        let there = places.find().unwrap();
        places.named = Some(folder.0.clone());
        let a_folder = places.find().unwrap_err().to_string();
        places.named = None;

        assert!(missing.contains("mine.so") && missing.contains("No such file"));
        assert_eq!(there, named);
        assert!(a_folder.ends_with("it is not a file"), "{a_folder}");
        assert_eq!(places.find().unwrap(), path);
    }

    #[test]
    fn what_is_nowhere_is_said_with_every_place() {
        let places = LibraryPlaces {
            named: None,
            folders: vec![PathBuf::from("/nowhere/lib"), PathBuf::from("nowhere/lib")],
        };

        let fault = places.find().unwrap_err();

        let said = fault.to_string();
        assert!(matches!(fault, LoadFault::Missing(_)));
        assert!(said.contains("at /nowhere/lib/libonnxruntime."), "{said}");
        let absolute = path::absolute("nowhere/lib").unwrap();
        assert!(
            said.contains(&format!(" or {}", absolute.display())),
            "{said}"
        );
    }
}
