//! An authenticator app of a few lines.

#![allow(clippy::unwrap_used, reason = "a helper of tests: a broken promise is a failed test")]

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE32_NOPAD;
use ring::hmac;

pub struct App {
    secret: String,
    /// The step it was set up in.
    step: u64,
}

impl App {
    pub fn new(secret: &str) -> Self {
        let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
        Self { secret: secret.to_owned(), step }
    }

    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Of so many steps after it was set up: a service whose clock is a step behind takes the next one too.
    pub fn code(&self, later: u64) -> String {
        let secret = BASE32_NOPAD.decode(self.secret.as_bytes()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let tag = hmac::sign(&key, &(self.step + later).to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let word = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }
}
