//! NOTE to the engineer of this crate: this file was overwritten by mistake; please write it again from memory.
