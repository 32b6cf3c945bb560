//! The secret that authentication codes are derived from: 32 bytes in a file that only its owner reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub(crate) fn load_or_make(path: &Path) -> io::Result<[u8; 32]> {
    match File::open(path) {
        Ok(file) => read(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

fn read(mut file: File) -> io::Result<[u8; 32]> {
    let mut secret = [0; 32];
    file.read_exact(&mut secret)?;
    Ok(secret)
}

fn make(path: &Path) -> io::Result<[u8; 32]> {
    let secret = read(File::open("/dev/urandom")?)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    Ok(secret)
}
