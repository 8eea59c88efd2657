//! Whether a shared library is whole, where the loader does not look.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// The length of an ELF header, and of the piece of it that tells 64-bit
/// little-endian files, the only ones that we know, from others.
const HEADER: usize = 64;
const KIND: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
/// The least length of a program header, and the type of those that are
/// loaded.
const PROGRAM_HEADER: usize = 56;
const PT_LOAD: u64 = 1;

/// Tells how long a shared library of Linux says that it is, and how long the
/// file is, if that is less.
///
/// The loader maps such a file all the same, and the process gets SIGBUS, as
/// it touches what is not there (tried with half of ONNX Runtime 1.31.1 and
/// glibc 2.36). Files of other kinds are left to the loader.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn cut_short(path: &Path) -> io::Result<Option<(u64, u64)>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = [0; HEADER];
    if length < HEADER as u64 {
        return Ok(None);
    }
    file.read_exact(&mut header)?;
    if !header.starts_with(&KIND) {
        return Ok(None);
    }
    let (programs, sections) = (number(&header, 32, 8), number(&header, 40, 8));
    let (program_size, program_count) = (number(&header, 54, 2), number(&header, 56, 2));
    let sections_size = number(&header, 58, 2) * number(&header, 60, 2);
    let mut said = sections.saturating_add(sections_size);
    let programs_end = programs.saturating_add(program_size * program_count);
    said = said.max(programs_end);
    if programs_end <= length && program_size >= PROGRAM_HEADER as u64 {
        file.seek(SeekFrom::Start(programs))?;
        for _ in 0..program_count {
            let mut program = [0; PROGRAM_HEADER];
            file.read_exact(&mut program)?;
            file.seek_relative(program_size.cast_signed() - PROGRAM_HEADER as i64)?;
            if number(&program, 0, 4) == PT_LOAD {
                let (start, size) = (number(&program, 8, 8), number(&program, 32, 8));
                said = said.max(start.saturating_add(size));
            }
        }
    }
    Ok((length < said).then_some((length, said)))
}

/// Reads a little-endian number; 0 beyond the end.
fn number(bytes: &[u8], from: usize, size: usize) -> u64 {
    let bytes = bytes.get(from..from + size).unwrap_or_default();
    let bytes = bytes.iter().rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::RequestId;

    #[test]
    fn a_library_is_whole_until_something_of_it_is_missing() {
        let own = std::env::current_exe().unwrap();
        let mut start = vec![0; 1 << 20];
        File::open(&own).unwrap().read_exact(&mut start).unwrap();
        let name = format!("ai-gateway-elf-{}", RequestId::random());
        let cut = std::env::temp_dir().join(name);

        assert_eq!(cut_short(&own).unwrap(), None);
        for length in [64, 100, 4096, start.len()] {
            fs::write(&cut, &start[..length]).unwrap();
            let (there, said) = cut_short(&cut).unwrap().unwrap();
            assert_eq!(there, length as u64);
            assert!(there < said && said <= fs::metadata(&own).unwrap().len());
        }
        fs::remove_file(cut).unwrap();
    }

    #[test]
    fn files_of_other_kinds_are_left_to_the_loader() {
        let name = format!("ai-gateway-elf-{}", RequestId::random());
        let path = std::env::temp_dir().join(name);
        for text in ["", "\x7fELF", &"#!/bin/sh\n".repeat(100)] {
            fs::write(&path, text).unwrap();
            assert_eq!(cut_short(&path).unwrap(), None, "{text:.9}");
        }
        // Numbers that no file could keep to.
        let mut header = [0xff; HEADER];
        header[..KIND.len()].copy_from_slice(&KIND);
        fs::write(&path, header).unwrap();
        assert_eq!(cut_short(&path).unwrap(), Some((64, u64::MAX)));
        fs::remove_file(path).unwrap();
    }
}
