//! The console over a made-up world, and clients of every role.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a helper of tests: a broken promise is a failed test")]

use console::Console;
use ledger::Role;

use crate::client::{Client, Credential};
use crate::common::{self, World};

/// The operator of an `operator`.
pub const OWN: &str = "OP001";

pub struct Desk {
    pub world: World,
    pub console: Console,
}

impl Desk {
    pub async fn start() -> Self {
        Self::over(World::new(30)).await
    }

    pub async fn over(world: World) -> Self {
        let console = Console::start("127.0.0.1:0".parse().unwrap(), world.parts(false)).await.unwrap();
        Self { world, console }
    }

    pub fn client(&self, credential: Credential) -> Client {
        Client { address: self.console.local_addr(), credential }
    }

    pub fn token(&self, role: Role) -> Client {
        let operator = (role == Role::Operator).then_some(OWN);
        self.client(Credential::Token(common::token(&self.world.ledger, role, operator)))
    }
}
