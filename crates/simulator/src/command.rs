//! The `simulate` command.

use std::net::SocketAddr;
use std::time::Duration;

use crate::plan::{LoadOptions, Plan};
use crate::seeds::SeedsError;
use crate::simulator::{Options, Report, Simulator};

/// Its arguments.
#[derive(Clone, Debug)]
pub struct SimulateArgs {
    /// The gateway.
    pub target: SocketAddr,
    /// `None`: until `stop` resolves.
    pub duration: Option<Duration>,
    /// What to send.
    pub load: LoadOptions,
}

/// Why it can't run.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// No way to the target.
    #[error("no connection to {target}, expected a gateway there")]
    Unreachable {
        /// Where.
        target: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The built-in roads.
    #[error(transparent)]
    Seeds(#[from] SeedsError),
}

/// Runs terminals, tells `progress` every second, and ends after the duration or when `stop` resolves.
pub async fn run_simulate(
    args: SimulateArgs,
    stop: impl Future<Output = ()>,
    mut progress: impl FnMut(&Report),
) -> Result<Report, SimulateError> {
    let target = args.target;
    let probe = tokio::net::TcpStream::connect(target).await;
    drop(probe.map_err(|source| SimulateError::Unreachable { target, source })?);
    let simulator = Simulator::start(Options { target, plan: Plan::load(&args.load)? });
    let ends = async {
        match args.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(ends, stop);
    loop {
        tokio::select! {
            () = &mut ends => break,
            () = &mut stop => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => progress(&simulator.report()),
        }
    }
    Ok(simulator.stop().await)
}
