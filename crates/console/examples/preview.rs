//! The console over made-up vehicles and alerts, to look at the page: `cargo run -p console --example preview [VEHICLES]`.
//! Sign in as `duty` with the password `preview`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::Duration;

use console::Console;
use ledger::Role;

/// One alert is raised anew every so many seconds.
const ALERT_EVERY_S: u64 = 8;

#[tokio::main]
async fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(400);
    let world = common::World::new(count);
    let listen = "127.0.0.1:18080".parse().expect("an address");
    let console = Console::start(listen, world.parts(true)).await.expect("the port is free");
    common::user(&world.ledger, "duty", "preview", Role::Duty);
    println!("http://{}/?ticket={}", console.local_addr(), common::ticket(&world.ledger));
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for tick in 0_u64.. {
        second.tick().await;
        world.drive(tick);
        if tick % ALERT_EVERY_S == ALERT_EVERY_S - 1 {
            let number = usize::try_from(tick / ALERT_EVERY_S).expect("small") + common::ALERTS;
            let alert = Arc::new(common::alert(number, world.now(), common::vehicle(number % count)));
            world.ledger.record(&[Arc::clone(&alert)]).expect("recorded");
            world.live.publish_alert(alert);
        }
    }
}
