//! NOTE to the engineer of this crate: your lib.rs and reader.rs of 19:22 were overwritten by mistake; please write them again from memory.
