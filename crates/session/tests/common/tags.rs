//! A cipher without chance, for what does not depend on real keys.

use fleet::ReceiveTime;
use session::{BLOCK_BYTES, Cipher, PLAIN_BYTES, PublicKey, Sealed};

/// A block is the last byte of the key, how many bytes are in it, and they.
#[derive(Debug)]
pub struct Tags(pub u8);

/// A key that ends so.
pub fn key(tag: u8) -> PublicKey {
    let mut n = [0xc5; BLOCK_BYTES];
    n[BLOCK_BYTES - 1] = tag;
    PublicKey::new(65_537, &n).unwrap()
}

impl Cipher for Tags {
    fn key(&self) -> PublicKey {
        key(self.0)
    }

    fn decrypt(&self, _now: ReceiveTime, body: &[u8]) -> Result<Vec<u8>, Sealed> {
        let mut plain = Vec::new();
        for block in body.chunks(BLOCK_BYTES) {
            if block[0] != self.0 {
                return Err(Sealed::Wrong);
            }
            plain.extend_from_slice(&block[2..2 + usize::from(block[1])]);
        }
        Ok(plain)
    }

    fn encrypt(&self, key: &PublicKey, body: &[u8]) -> Option<Vec<u8>> {
        let mut blocks = Vec::new();
        for plain in body.chunks(PLAIN_BYTES) {
            let mut block = vec![key.n()[BLOCK_BYTES - 1], u8::try_from(plain.len()).unwrap()];
            block.extend_from_slice(plain);
            block.resize(BLOCK_BYTES, 0);
            blocks.append(&mut block);
        }
        Some(blocks)
    }
}
