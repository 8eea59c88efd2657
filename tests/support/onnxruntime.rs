//! ONNX Runtime's library, for tests that need the real one.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;

/// Returns the library that `ORT_DYLIB_PATH` names, or that
/// `scripts/onnxruntime.sh` has put into `lib/`. Where there is none the test
/// says so and has nothing to do, unless `REQUIRE_ONNXRUNTIME` is set.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests' library is named by the environment"
)]
pub(crate) fn library() -> Option<PathBuf> {
    let path = std::env::var_os("ORT_DYLIB_PATH").map_or_else(
        || {
            let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/lib");
            PathBuf::from(lib).join(format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}"))
        },
        PathBuf::from,
    );
    if path.is_file() {
        return Some(path);
    }
    let missing = format!("no ONNX Runtime at {}", path.display());
    assert!(
        std::env::var_os("REQUIRE_ONNXRUNTIME").is_none(),
        "{missing}"
    );
    eprintln!("SKIPPED: {missing}; see scripts/onnxruntime.sh");
    None
}
