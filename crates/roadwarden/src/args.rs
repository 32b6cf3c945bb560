//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

/// Roadwarden 道路卫士: real-time monitoring of coaches, dangerous goods and school buses
#[derive(Parser)]
#[command(version)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// One variant a command.
#[derive(Subcommand)]
pub enum Command {
    /// Read everything `serve` would read, connect to nothing, and name every mistake
    Check(ConfigArg),
    /// JT/T 808 frames explained: JSON for programs, listings for people 解析报文
    Decode(Decode),
    /// The whole system on this machine, with a simulated fleet around Lhasa
    Demo(Demo),
    /// Roads with their limits, and restricted zones, out of OpenStreetMap data
    ImportOsm(ImportOsm),
    /// Run the rules over recordings: no servers, no clock, the same bytes every time
    Replay(Replay),
    /// The service
    Serve(ConfigArg),
    /// Simulated terminals, for tests and load
    Simulate(Simulate),
    /// Make a token for a program and print it once
    Token(Token),
    /// Make, list or remove users of the console
    User(User),
    /// Whether what was received and done is what is kept: every hash of the journal, the audit log and the alerts 校验证据
    Verify(Verify),
}

/// The configuration file.
#[derive(clap::Args)]
pub struct ConfigArg {
    /// The configuration, TOML
    #[arg(long)]
    pub config: PathBuf,
}

/// `verify`.
#[derive(clap::Args)]
pub struct Verify {
    /// The configuration, TOML
    #[arg(long)]
    pub config: PathBuf,
    /// What earlier runs printed, or the service noted (audit.anchors), kept elsewhere: who forges the data cannot forge that too 存档
    #[arg(long)]
    pub against: Option<PathBuf>,
}

/// `decode`.
#[derive(clap::Args)]
pub struct Decode {
    /// Frames in hex; without any, standard input
    pub hex: Vec<String>,
    /// What is written for each frame 输出格式
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
    /// In the annotated format, all bytes of a field that has more than sixteen 长字段的全部字节
    #[arg(long)]
    pub full: bool,
    /// Standard input is a byte stream, not hex text
    #[arg(long)]
    pub raw: bool,
}

/// What `decode` writes.
#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// One object a line
    Json,
    /// A compact listing
    Text,
    /// One line a field: offset, bytes, names, value, meaning; what is not understood too 逐字段注释
    Annotated,
}

/// `demo`.
#[derive(clap::Args)]
pub struct Demo {
    /// Where the console listens
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub http: SocketAddr,
    /// Where terminals connect
    #[arg(long, default_value = "127.0.0.1:6808")]
    pub gateway: SocketAddr,
    /// Where terminals send the files of alarms
    #[arg(long, default_value = "127.0.0.1:6809")]
    pub attachments: SocketAddr,
    /// Where the broker listens
    #[arg(long, default_value = "127.0.0.1:1883")]
    pub mqtt: SocketAddr,
    /// Keep the data here instead of a folder that is removed at the end
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// End by itself after so long, e.g. 10m
    #[arg(long, value_parser = fleet::duration_text::parse)]
    pub duration: Option<Duration>,
}

/// `import-osm`.
#[derive(clap::Args)]
pub struct ImportOsm {
    /// OpenStreetMap data, .osm.pbf
    pub input: PathBuf,
    /// Where roads.geojson and zones.geojson are written
    #[arg(long)]
    pub out: PathBuf,
    /// Bridges longer than this in all are zones, metres
    #[arg(long, default_value_t = osm::BRIDGE_M, value_parser = meters)]
    pub bridge_m: f64,
    /// Tunnels longer than this are zones, metres
    #[arg(long, default_value_t = osm::TUNNEL_M, value_parser = meters)]
    pub tunnel_m: f64,
}

fn meters(text: &str) -> Result<f64, String> {
    let meters = text.parse().ok().filter(|meters: &f64| meters.is_finite() && *meters >= 0.0);
    meters.ok_or_else(|| "expected metres, 0 or more".to_owned())
}

/// `replay`.
#[derive(clap::Args)]
pub struct Replay {
    /// The configuration, TOML
    #[arg(long)]
    pub config: PathBuf,
    /// Where the alerts go, one a line; standard output without it
    #[arg(long)]
    pub alerts: Option<PathBuf>,
    /// Another configuration over the same input: only the alerts it gains, loses and changes come out
    #[arg(long)]
    pub compare: Option<PathBuf>,
    /// Recordings: `.jsonl` frames or `.csv` tracks, either may be `.gz`; `-` is standard input as frames
    #[arg(required = true)]
    pub inputs: Vec<PathBuf>,
}

/// `simulate`.
#[derive(clap::Args)]
pub struct Simulate {
    /// The gateway, HOST:PORT; it has to admit terminals that are in no registry (admission = "open")
    #[arg(long)]
    pub target: String,
    /// How many terminals
    #[arg(long)]
    pub vehicles: u32,
    /// Time between two writes of a terminal, whole seconds, e.g. 10s; 0s: as fast as reports are acknowledged
    #[arg(long, default_value = "10s", value_parser = fleet::duration_text::parse)]
    pub interval: Duration,
    /// How long
    #[arg(long, default_value = "60s", value_parser = fleet::duration_text::parse)]
    pub duration: Duration,
    /// Reports a write
    #[arg(long, default_value_t = 1)]
    pub batch: usize,
    /// Reports a terminal may have unacknowledged
    #[arg(long, default_value_t = 32)]
    pub window: usize,
    /// Where the drives begin; the same seed drives the same way
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What a person or program may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum RoleArg {
    /// Everything
    Admin,
    /// Reads and exports
    Analyst,
    /// Reads the audit log, and nothing else
    Auditor,
    /// Sees and handles what is addressed to its department
    Department,
    /// Watches and handles alerts
    Duty,
    /// Sees and handles its own vehicles
    Operator,
    /// Reads alerts and sends dispositions
    Police,
    /// Leads the duty desk
    Supervisor,
}

/// Who an account is and what it sees.
#[derive(clap::Args)]
pub struct Account {
    /// Name to sign in with, or what a token is for
    #[arg(long)]
    pub name: String,
    /// What it may do
    #[arg(long)]
    pub role: RoleArg,
    /// An operator whose vehicles it sees; needed for the role operator; may be repeated
    #[arg(long, required_if_eq("role", "operator"))]
    pub operator: Vec<String>,
    /// A division it sees, 2, 4 or 6 digits; may be repeated. Without divisions and operators: all
    #[arg(long)]
    pub division: Vec<String>,
    /// police, transport, emergency, ecology or education; needed for the role department
    #[arg(long, required_if_eq("role", "department"))]
    pub department: Option<fleet::Department>,
}

/// `token`.
#[derive(clap::Args)]
pub struct Token {
    /// The configuration, TOML
    #[arg(long)]
    pub config: PathBuf,
    /// Whose it is
    #[command(flatten)]
    pub account: Account,
}

/// `user`.
#[derive(clap::Args)]
pub struct User {
    /// The configuration, TOML
    #[arg(long)]
    pub config: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub verb: UserVerb,
}

/// `user add|list|reset-second-factor|remove`.
#[derive(Subcommand)]
pub enum UserVerb {
    /// Add a user; the password is read from standard input
    Add(Account),
    /// List all users
    List,
    /// Take the second factor of who lost it; all sessions end
    ResetSecondFactor {
        /// Name to sign in with
        #[arg(long)]
        name: String,
    },
    /// Remove a user and end its sessions
    Remove {
        /// Name to sign in with
        #[arg(long)]
        name: String,
        /// The last administrator too: then nobody keeps accounts in the console 允许删除最后一个管理员
        #[arg(long)]
        force: bool,
    },
}
