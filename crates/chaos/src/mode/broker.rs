//! The broker is killed, and later stopped as it stands, while alerts come at a high rate: nothing lost, all in order,
//! and terminals notice nothing. With `--lossy` it forgets what it took: receipts bring it back.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Rig;
use crate::Plant;
use crate::alerts::{Call, HELP, Of, Owed};
use crate::ledger::Ledger;
use crate::load::{Load, Rate};
use crate::outside::{Memory, Outside};
use crate::service::{Launch, Service};
use crate::site::{Setup, Site};
use crate::subscriber::{Consumer, Subscriber};
use crate::verdict::Verdict;

/// What came in this long may be on its way when the broker goes, s.
const ON_ITS_WAY_S: u64 = 1;
/// How long everything may take to be received before the rig gives up; the promise is [`Options::drained_s`].
const PATIENCE: Duration = Duration::from_secs(240);
/// Settings of a department that owes receipts, and is sent again soon what it has not received.
const RECEIPTS: &str = "receipts = [\"police\"]\nreceipt_after = \"1s\"\nreceipt_pause_max = \"5s\"\nreceipts_in_flight = 1000\n";

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How long it is dead, s
    #[arg(long, default_value_t = 60)]
    pub down_s: u64,
    /// How long it is stopped (SIGSTOP) after that, s
    #[arg(long, default_value_t = 60)]
    pub stop_s: u64,
    /// Reports a second; every second one is an alert, and the next its end
    #[arg(long, default_value_t = 2_000)]
    pub rate: u32,
    /// Terminals
    #[arg(long, default_value_t = 1_000)]
    pub terminals: usize,
    /// How long it goes well before, s
    #[arg(long, default_value_t = 20)]
    pub calm_s: u64,
    /// What waited must have been received this long after the broker is back, s
    #[arg(long, default_value_t = 60)]
    pub drained_s: u64,
    /// The broker forgets what it acknowledged; departments send receipts
    #[arg(long)]
    pub lossy: bool,
    /// The rig's own broker, also where Debian's mosquitto is installed
    #[arg(long)]
    pub own: bool,
}

/// Service, broker and the police.
struct World {
    ledger: Arc<Ledger>,
    service: Service,
    police: Subscriber,
    broker: Outside,
    rate: Rate,
    patience: Duration,
    /// Removed when dropped.
    _site: Site,
}

/// Kills and stops the broker once each, or makes it forget.
///
/// # Errors
/// When the rig itself can't go on.
pub async fn run(options: &Options, rig: &Rig) -> Result<Verdict> {
    let mut verdict = Verdict::new("broker");
    let mut world = build(options, rig).await?;
    verdict.figure("broker", world.broker.name());
    let owed = if options.lossy {
        forget(options, rig, &mut world, &mut verdict).await?;
        Owed::Newest
    } else {
        lose(options, rig, &mut world, &mut verdict).await?;
        Owed::Revisions
    };
    world.judge(owed, &mut verdict).await?;
    world.service.stop("the end", &mut verdict).await?;
    Ok(verdict)
}

async fn build(options: &Options, rig: &Rig) -> Result<World> {
    let memory = if options.lossy { Memory::Forgets } else { Memory::Keeps };
    let broker = Outside::start(memory, options.own).await?;
    let with_receipts = options.lossy && rig.plant != Plant::NoReceipts;
    let receipts = if with_receipts { RECEIPTS } else { "" };
    let mqtt = format!("mode = \"external\"\nurl = \"mqtt://{}\"\n{receipts}", broker.address());
    let setup =
        Setup { terminals: options.terminals, mqtt: Some(mqtt), more: HELP.settings(), ..Setup::default() };
    let site = Site::new("broker", &setup, &rig.binary)?;
    let service = Service::start(&rig.binary, &site, &Launch::default()).await?;
    let rate = Rate { alarm: HELP.alarm, ..rig.rate(0..options.terminals, options.rate) };
    let ledger = Arc::new(Ledger::new(options.terminals));
    let police = Consumer {
        department: "police",
        account: None,
        client: "chaos-police".to_owned(),
        with_receipts,
        plant: rig.plant,
    };
    let police = Subscriber::follow(broker.address(), police);
    // What is missing because of a plant never comes.
    let patience = if rig.plant == Plant::None { PATIENCE } else { PATIENCE / 30 };
    Ok(World { ledger, service, police, broker, rate, patience, _site: site })
}

/// Dead, stopped, back.
async fn lose(options: &Options, rig: &Rig, world: &mut World, verdict: &mut Verdict) -> Result<()> {
    let is_real = rig.plant != Plant::Harmless;
    let mut waits = json!({});
    waits["calm"] = world.report(options.calm_s).await;
    if is_real {
        world.broker.kill().await?;
    }
    let gone = world.received();
    waits["dead"] = world.report(options.down_s).await;
    if is_real {
        world.broker.revive().await?;
        // At once, before what waited has gone out: the whole of both times waits together.
        world.broker.freeze()?;
    }
    waits["stopped"] = world.report(options.stop_s).await;
    let mut waiting = world.calls();
    let came = world.received() - gone;
    verdict.progress(format!("{came} messages came without a broker"));
    if came as u64 > u64::from(options.rate) * ON_ITS_WAY_S {
        verdict.broken(format!("{came} messages came while the broker was gone: it was not"));
    }
    HELP.take_off(&world.police, &mut waiting, 0);
    verdict.figure("alerts_waiting", waiting.len());
    if is_real {
        world.broker.thaw()?;
    }
    let back = Instant::now();
    // New ones go on coming while what waited goes out.
    let load = Load::start(&world.ledger, world.service.gateway, &world.rate);
    let left = world.drain(&mut waiting).await;
    let drained = back.elapsed();
    waits["back"] = load.stop().await.latency_ms();
    verdict.figure("drained_ms", u64::try_from(drained.as_millis())?);
    verdict.figure("acknowledged_after_ms", waits);
    if left > 0 || drained > Duration::from_secs(options.drained_s) {
        let expected = options.drained_s;
        verdict.broken(format!(
            "{left} that waited are missing after {drained:?}, expected none after {expected} s"
        ));
    }
    Ok(())
}

/// The police is away, the broker takes everything for it, and dies with it.
async fn forget(options: &Options, rig: &Rig, world: &mut World, verdict: &mut Verdict) -> Result<()> {
    world.report(options.calm_s).await;
    // What it has is what the broker took.
    let witness = Consumer {
        department: "transport",
        account: None,
        client: "chaos-witness".to_owned(),
        with_receipts: false,
        plant: Plant::None,
    };
    let witness = Subscriber::follow(world.broker.address(), witness);
    let mut away = world.calls();
    world.police.go();
    world.report(options.down_s).await;
    let mut taken = world.calls();
    taken.retain(|call| !away.remove(call));
    let took = taken.len();
    verdict.figure("alerts_forgotten", took);
    ensure!(
        HELP.drain(&witness, &mut taken, world.patience).await == 0,
        "the broker did not take {} alerts",
        taken.len()
    );
    // Longer than what was published lately is published again anyway.
    sleep(Duration::from_secs(options.stop_s)).await;
    if rig.plant != Plant::Harmless {
        world.broker.kill().await?;
        world.broker.revive().await?;
    }
    // The service is back before the police is, and publishes again what nobody receives.
    let (before, from) = (world.calls(), witness.got().len());
    let until = Instant::now() + world.patience;
    loop {
        world.report(1).await;
        let mut fresh = world.calls();
        fresh.retain(|call| !before.contains(call));
        let count = fresh.len();
        HELP.take_off(&witness, &mut fresh, from);
        if fresh.len() < count {
            break;
        }
        ensure!(Instant::now() < until, "the service did not come back to the broker");
    }
    let back = Instant::now();
    world.police.come();
    let mut waiting = world.calls();
    let left = world.drain(&mut waiting).await;
    verdict.figure("drained_ms", u64::try_from(back.elapsed().as_millis())?);
    verdict.progress(format!("{took} alerts were forgotten, {left} are missing"));
    Ok(())
}

impl World {
    /// Reports for so long; how long acknowledgements took.
    async fn report(&self, seconds: u64) -> Value {
        let load = Load::start(&self.ledger, self.service.gateway, &self.rate);
        sleep(Duration::from_secs(seconds)).await;
        load.stop().await.latency_ms()
    }

    /// Every call that was acknowledged by now.
    fn calls(&self) -> HashSet<Call> {
        HELP.calls(&self.ledger, Of::Acknowledged)
    }

    fn received(&self) -> usize {
        self.police.got().len()
    }

    /// Waits until the police has all of these; how many it has not in the end.
    async fn drain(&self, waiting: &mut HashSet<Call>) -> usize {
        HELP.drain(&self.police, waiting, self.patience).await
    }

    async fn judge(&self, owed: Owed, verdict: &mut Verdict) -> Result<()> {
        let accounts = (&*self.ledger, &self.police);
        let listed = HELP.settle(&self.service, accounts, owed, self.patience).await?;
        HELP.compare(&self.ledger, (&listed, &self.police), owed).judge(owed, verdict);
        verdict.figure("acknowledged", self.ledger.acknowledged());
        verdict.figure("alerts", listed.len());
        if listed.is_empty() {
            verdict.broken("the rig got no alert at all: it says nothing");
        }
        Ok(())
    }
}
