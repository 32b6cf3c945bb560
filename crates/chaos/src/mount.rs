//! File systems of the rig's own, taken down when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::tools::{need_root, run};

static MOUNTS: AtomicU32 = AtomicU32::new(0);

/// A mounted file system, with the loop device below it where there is one.
#[derive(Debug)]
pub struct Mount {
    pub path: PathBuf,
    device: Option<String>,
}

impl Mount {
    /// Memory of a fixed size.
    pub fn tmpfs(mib: u32) -> Result<Self> {
        need_root("mounting a tmpfs")?;
        let path = place()?;
        let size = format!("size={mib}m");
        run(
            "mount",
            ["-t", "tmpfs", "-o", &size, "chaos"].map(AsRef::as_ref).into_iter().chain([path.as_os_str()]),
        )?;
        Ok(Self { path, device: None })
    }

    /// An image file by a loop device of its own.
    pub fn image(image: &Path) -> Result<Self> {
        need_root("mounting an image")?;
        let path = place()?;
        let device = run("losetup", ["--find".as_ref(), "--show".as_ref(), image.as_os_str()])?;
        let mount = Self { path, device: Some(device.clone()) };
        run("mount", [device.as_ref(), mount.path.as_os_str()])?;
        Ok(mount)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let path = self.path.display().to_string();
        if run("umount", [&path]).is_err() {
            let _ = run("umount", ["--lazy", &path]);
        }
        if let Some(device) = &self.device {
            let _ = run("losetup", ["--detach", device]);
        }
        let _ = fs::remove_dir(&self.path);
    }
}

fn place() -> Result<PathBuf> {
    let count = MOUNTS.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("chaos-mount-{}-{count}", std::process::id()));
    fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}
