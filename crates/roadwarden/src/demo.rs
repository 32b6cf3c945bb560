//! `demo`: everything on this machine, and a simulated fleet that drives around Lhasa and breaks the rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use fleet::{Alert, State};
use ledger::{Identity, Role};
use pipeline::LiveEvent;
use settings::Mqtt;
use simulator::{Plan, Simulator};
use tokio::sync::broadcast::error::RecvError;

use crate::args;
use crate::hold::Hold;
use crate::log::log_to_stderr;
use crate::serve;
use crate::service::{Addresses, Service};

/// The reference data the demo stands on, carried in the binary so that it runs from anywhere.
const SEEDS: &[(&str, &str)] = &[
    ("roadwarden.toml", include_str!("../../../seeds/roadwarden.toml")),
    ("vehicles.csv", include_str!("../../../seeds/vehicles.csv")),
    ("drivers.csv", include_str!("../../../seeds/drivers.csv")),
    ("operators.csv", include_str!("../../../seeds/operators.csv")),
    ("permits.csv", include_str!("../../../seeds/permits.csv")),
    ("zones.geojson", include_str!("../../../seeds/zones.geojson")),
    ("routes.geojson", include_str!("../../../seeds/routes.geojson")),
    ("roads.geojson", include_str!("../../../seeds/roads.geojson")),
    ("divisions.geojson", include_str!("../../../seeds/divisions.geojson")),
];

/// Alerts printed at the start, so that one sees at once that it works.
const FIRST_ALERTS: usize = 12;
/// The seed of the simulated fleet: the same drive every time.
const DRIVE: u64 = 54;
/// How long the printed sign-in may wait to be used.
const TICKET_LASTS: Duration = Duration::from_secs(24 * 3600);

/// Runs the demo until it is told to stop.
pub fn run(args: &args::Demo) -> Result<()> {
    log_to_stderr("warn");
    let home = Home::make(args.data_dir.clone())?;
    let config = home.path.join("seeds/roadwarden.toml");
    let mut loaded = serve::load(&config)?;
    loaded.settings.data_dir = home.path.join("data");
    loaded.settings.gateway.listen = args.gateway;
    loaded.settings.gateway.attachments = args.attachments;
    loaded.settings.http.listen = args.http;
    loaded.settings.mqtt = Mqtt::Embedded {
        listen: args.mqtt,
        accounts: Vec::new(),
        anonymous: true,
        positions: true,
        tls: None,
        receipts: settings::Receipts::default(),
        alerts_per_second: std::collections::BTreeMap::new(),
    };
    let _hold = Hold::take(&loaded.settings.data_dir)?;
    serve::runtime()?.block_on(async {
        let service = Service::start(loaded, &config, true).await?;
        let ticket = guest_ticket(service.ledger())?;
        let addresses = service.addresses();
        greet(&addresses, &ticket);
        let alerts = tokio::spawn(print_first_alerts(service.live()));
        let plan = Plan::demo(DRIVE)?;
        let simulator = Simulator::start(simulator::Options { target: addresses.gateway, plan });
        tokio::select! {
            signal = serve::stop_signal() => { signal?; }
            () = end_after(args.duration) => {}
        }
        eprintln!("\nstopping 正在停止 …");
        alerts.abort();
        let report = simulator.stop().await;
        eprintln!("{}", crate::simulate::line(&report));
        service.stop().await;
        Ok(())
    })
}

/// A way in for whoever started the demo, good once.
fn guest_ticket(ledger: &ledger::Ledger) -> Result<String> {
    let guest = Identity::new("demo", Role::Admin);
    ledger
        .add_one_time_ticket(&guest, crate::clock::now(), TICKET_LASTS)
        .context("cannot make the sign-in ticket")
}

async fn end_after(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

fn greet(addresses: &Addresses, ticket: &str) {
    let Addresses { gateway, mqtt, http, .. } = addresses;
    let mqtt = mqtt.map(|a| a.to_string()).unwrap_or_default();
    let (host, port) = mqtt.rsplit_once(':').unwrap_or_default();
    println!("Roadwarden 道路卫士 · demo 演示\n");
    println!("  console 控制台     http://{http}/?ticket={ticket}");
    println!("                     (signs you in once 一次性登录)");
    println!("  alerts 报警订阅    mosquitto_sub -h {host} -p {port} -v -t 'roadwarden/v1/alerts/#'");
    println!("                     (on the demo anyone may read 演示模式允许匿名只读)");
    println!("  terminals 终端接入 {gateway}  JT/T 808-2011/2013/2019");
    println!("\nAbout 200 simulated vehicles drive real roads around Lhasa. First alerts 首批报警:\n");
}

async fn print_first_alerts(live: pipeline::Live) {
    let mut feed = live.subscribe();
    let mut shown = 0;
    while shown < FIRST_ALERTS {
        match feed.recv().await {
            Ok(LiveEvent::Alert(alert)) if alert.state == State::Raised => {
                println!("{}", one_line(&alert));
                shown += 1;
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
    println!(
        "\n… and on. The console shows all of them 更多报警请见控制台. Ctrl-C ends the demo 按 Ctrl-C 结束."
    );
}

fn one_line(alert: &Alert) -> String {
    let time = alert.raised_at.to_string();
    let clock = time.get(11..19).unwrap_or(&time);
    format!(
        "  {clock}  {:<8} {:<22} {:<10} {}  {}",
        alert.severity.as_str(),
        alert.rule.as_str(),
        alert.vehicle.plate,
        alert.title.zh,
        alert.title.en
    )
}

/// The folder of the demo; removed at the end unless it was asked for.
struct Home {
    path: PathBuf,
    keep: bool,
}

impl Home {
    fn make(asked: Option<PathBuf>) -> Result<Self> {
        let keep = asked.is_some();
        let path = asked
            .unwrap_or_else(|| std::env::temp_dir().join(format!("roadwarden-demo-{}", std::process::id())));
        write_seeds(&path.join("seeds"))?;
        Ok(Self { path, keep })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing depends on it; the system clears its temporary folder too.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn write_seeds(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for (name, text) in SEEDS {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
