//! `serve` and `check`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Error, Result};
use gateway::Tls;
use ledger::Via;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Wrong;
use crate::hold::Hold;
use crate::log::log_to_stderr;
use crate::service::{NOT_ADVERTISED, Service, gateway_tls, is_advertised};

/// Exit code after a second signal while stopping: 128 and the number of SIGTERM, as shells have it.
const STOPPED_AT_ONCE: i32 = 143;

/// Reads what `serve` would read and says whether it holds.
pub fn check(config: &Path) -> Result<()> {
    let loaded = load(config)?;
    if let Some(options) = gateway_tls(&loaded.settings) {
        Tls::load(options)
            .map_err(|error| Wrong(format!("{}: {:#}", config.display(), Error::from(error))))?;
    }
    if !is_advertised(&loaded.settings) {
        eprintln!("{}: warning 注意: {NOT_ADVERTISED}", config.display());
    }
    let reference = &loaded.reference;
    eprintln!(
        "{}: all good 无误 ({} vehicles, {} operators, {} zones, {} routes, {} roads; version {})",
        config.display(),
        reference.registry.vehicles().len(),
        reference.registry.operators().len(),
        reference.atlas.zones().count(),
        reference.atlas.routes().count(),
        reference.atlas.roads().len(),
        reference.version,
    );
    Ok(())
}

/// Loads a configuration; every mistake stands on a line of its own.
pub fn load(config: &Path) -> Result<settings::Loaded> {
    settings::load(config).map_err(|problems| Wrong(problems.to_string()).into())
}

/// The service, until it is told to stop.
pub fn run(config: &Path) -> Result<()> {
    let loaded = load(config)?;
    log_to_stderr("info,mqtt5=warn");
    // Given back last, when nothing writes any more.
    let _hold = Hold::take(&loaded.settings.data_dir)?;
    runtime()?.block_on(async {
        let service = Service::start(loaded, config, false).await?;
        let listening = service.addresses();
        tracing::info!(
            gateway = %listening.gateway,
            gateway_tls = listening.gateway_tls.map(tracing::field::display),
            attachments = %listening.attachments,
            mqtt = listening.mqtt.map(tracing::field::display),
            console = %listening.http,
            "listening"
        );
        let mut hangup = signal(SignalKind::hangup())?;
        let stop = stop_signal();
        tokio::pin!(stop);
        let ended = loop {
            tokio::select! {
                reason = &mut stop => {
                    tracing::info!(signal = reason?, "stopping");
                    break Ok(());
                }
                error = service.failed() => break Err(error),
                _ = hangup.recv() => reload(&service).await,
            }
        };
        tokio::select! {
            () = service.stop() => tracing::info!("stopped"),
            // What was acknowledged is on disk whenever that happens; the next start goes on from there.
            reason = stop_signal() => {
                tracing::warn!(signal = reason?, "stopped at once, the next start folds what is left");
                std::process::exit(STOPPED_AT_ONCE);
            }
        }
        ended
    })
}

/// A mistake in one file leaves the running set in force and says why.
async fn reload(service: &Service) {
    if let Some(tls) = service.tls() {
        match tls.reload() {
            Ok(()) => tracing::info!("certificates of the terminals' port were read again"),
            Err(error) => {
                let error = Error::from(error);
                tracing::error!(
                    error = format!("{error:#}"),
                    "certificates refused, those in force stay in force"
                );
            }
        }
    }
    let reloader = Arc::clone(service.reloader());
    match tokio::task::spawn_blocking(move || reloader.reload("SIGHUP", Via::Service)).await {
        Ok(Ok(_)) => {}
        Ok(Err(problems)) => tracing::error!(%problems, "reload refused, the running set stays in force"),
        Err(error) => tracing::error!(%error, "reload failed, the running set stays in force"),
    }
}

/// Waits for the first of the signals that mean "stop in order".
pub async fn stop_signal() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok("terminate"),
        _ = interrupt.recv() => Ok("interrupt"),
    }
}

/// The runtime all of the service runs on.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}
