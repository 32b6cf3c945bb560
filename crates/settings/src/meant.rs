//! What the configuration means, once everything in it is known to be right.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use argon2::PasswordHash;
use fleet::Department;
use ipnet::IpNet;

use crate::access::{self, Access, AccessProfile};
use crate::audit::{self, Alerts, Audit};
use crate::limits::{self, Limits};
use crate::problem::Collector;
use crate::table::{Secret, Table};
use crate::tiles::{self, Tiles};

/// The configuration without its reference files.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// `[gateway]`
    pub gateway: Gateway,
    /// `[fleet]`
    pub fleet: Fleet,
    /// `[atlas]`
    pub atlas: Maps,
    /// `[mqtt]`
    pub mqtt: Mqtt,
    /// `[http]`
    pub http: Http,
    /// `[access]`
    pub access: Access,
    /// `[alerts]`
    pub alerts: Alerts,
    /// `[audit]`
    pub audit: Audit,
    /// `[map]`; without it the console draws the map that comes with it.
    pub map: Option<Tiles>,
    /// `[influxdb]`; without it positions stay in the embedded store.
    pub influxdb: Option<Influxdb>,
    /// `[journal]`
    pub journal: Journal,
    /// `[media]`
    pub media: Media,
    /// `[pipeline]`
    pub pipeline: Pipeline,
    /// `[dangers]`
    pub dangers: Dangers,
}

/// Where terminals connect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gateway {
    /// JT/T 808 over TCP, and over UDP if `udp`.
    pub listen: SocketAddr,
    /// JT/T 808 under TLS.
    pub tls: Option<GatewayTls>,
    /// Whether UDP is served too.
    pub udp: bool,
    /// T/JSATL 12 attachments.
    pub attachments: SocketAddr,
    /// Where terminals reach it, when that is not where it listens.
    pub attachments_advertise: Option<Advertised>,
    /// Who is let in.
    pub admission: Admission,
    /// Networks of platforms that pass on what their own terminals send: many on one connection, for which they vouch.
    pub relays: Vec<IpNet>,
    /// What bodies to the platform are encrypted under, 1,024 bits; without it they are not supported.
    pub rsa_key: Option<rsa::PrivateKey>,
    /// A connection that says nothing this long is closed.
    pub idle_timeout: Duration,
    /// Connections beyond this are refused.
    pub connections_max: usize,
    /// How fast they are let in and read.
    pub limits: Limits,
}

/// TLS for terminals; all files are PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GatewayTls {
    /// Where.
    pub listen: SocketAddr,
    /// The server's certificate and what leads from it to its root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who signs the certificates of terminals; without it they need none.
    pub client_ca: Option<PathBuf>,
}

/// An address as others know it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Advertised {
    /// Host name, or address in digits without brackets; at most 64 letters, digits, dots, colons and hyphens.
    pub host: String,
    /// Port, never 0.
    pub port: u16,
}

/// Which terminals are let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Any, with generated codes.
    Open,
    /// Those in the vehicles file.
    Registry,
}

/// Files about vehicles and people.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fleet {
    /// `vehicles.csv`
    pub vehicles: Option<PathBuf>,
    /// `drivers.csv`
    pub drivers: Option<PathBuf>,
    /// `operators.csv`
    pub operators: Option<PathBuf>,
    /// `permits.csv`
    pub permits: Option<PathBuf>,
}

/// Files about places.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Maps {
    /// Zones.
    pub zones: Vec<PathBuf>,
    /// Routes.
    pub routes: Vec<PathBuf>,
    /// Roads.
    pub roads: Vec<PathBuf>,
    /// Polygons of administrative divisions.
    pub divisions: Vec<PathBuf>,
}

/// Where alerts go.
#[derive(Clone, Eq, PartialEq)]
pub enum Mqtt {
    /// The broker inside.
    Embedded {
        /// Where it listens.
        listen: SocketAddr,
        /// Who may connect besides the service itself.
        accounts: Vec<MqttAccount>,
        /// Anybody may connect; no key of the file, the demo sets it.
        anonymous: bool,
        /// Whether positions are published.
        positions: bool,
        /// Where it listens for TLS.
        tls: Option<MqttTls>,
        /// How long a receipt may take.
        receipts: Receipts,
        /// Messages a second at most, of each department that has a bound.
        alerts_per_second: BTreeMap<Department, u32>,
    },
    /// A broker outside.
    External {
        /// `mqtt://host:port` or `mqtts://host:port`.
        url: String,
        /// For a broker that asks for it.
        username: Option<String>,
        /// For a broker that asks for it.
        password: Option<String>,
        /// Whether positions are published.
        positions: bool,
        /// How long a receipt may take.
        receipts: Receipts,
        /// Messages a second at most, of each department that has a bound.
        alerts_per_second: BTreeMap<Department, u32>,
        /// Departments that owe receipts.
        owing: Vec<Department>,
    },
}

impl Mqtt {
    /// How long a receipt may take.
    pub const fn receipts(&self) -> &Receipts {
        match self {
            Self::Embedded { receipts, .. } | Self::External { receipts, .. } => receipts,
        }
    }

    /// Messages of alerts and handling a second at most, of each department that has a bound.
    pub const fn alerts_per_second(&self) -> &BTreeMap<Department, u32> {
        match self {
            Self::Embedded { alerts_per_second, .. } | Self::External { alerts_per_second, .. } => {
                alerts_per_second
            }
        }
    }

    /// Departments that owe receipts: those listed, or those with an account that gives them.
    pub fn owing(&self) -> Vec<Department> {
        let owes = |department: &Department| match self {
            Self::Embedded { accounts, .. } => {
                accounts.iter().any(|account| account.receipts && account.department == *department)
            }
            Self::External { owing, .. } => owing.contains(department),
        };
        Department::ALL.iter().copied().filter(owes).collect()
    }
}

/// How long a department may take to say that it has an alert, and how it is sent again until then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipts {
    /// Without a receipt this long after the broker took it, an alert is sent again.
    pub after: Duration,
    /// The pause doubles each time, up to this.
    pub pause_max: Duration,
    /// Alerts of one department that are sent again and not answered, at once.
    pub in_flight: usize,
}

impl Default for Receipts {
    fn default() -> Self {
        Self { after: Duration::from_secs(60), pause_max: Duration::from_secs(1_800), in_flight: 100 }
    }
}

/// TLS before the embedded broker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MqttTls {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate and those that vouch for it, PEM.
    pub cert: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Who vouches for clients, PEM; with it a client without a certificate is not heard.
    pub client_ca: Option<PathBuf>,
}

/// A department's account at the embedded broker.
#[derive(Clone, Eq, PartialEq)]
pub struct MqttAccount {
    /// User name.
    pub name: String,
    /// Whose alerts it reads.
    pub department: Department,
    /// Password, or its Argon2 hash in PHC form (`$argon2id$…`).
    pub password: String,
    /// Whether it gives receipts, which its department then owes.
    pub receipts: bool,
}

/// The console.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Browsers reach it over HTTPS, through a proxy: cookies are for that alone.
    pub behind_tls: bool,
}

/// A time-series store outside.
#[derive(Clone, Eq, PartialEq)]
pub struct Influxdb {
    /// `http://host:port`
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// Access token.
    pub token: String,
    /// What is spooled on disk while it is away, bytes.
    pub spool_bytes_max: u64,
}

/// The journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Journal {
    /// How long reports gather before they are synced together.
    pub commit_every: Duration,
    /// How long frames are kept.
    pub keep: Duration,
    /// What it may fill, bytes.
    pub disk_bytes_max: u64,
    /// Size of a segment, bytes.
    pub segment_bytes_max: u64,
    /// What of the disk is left free for alerts and the audit log, bytes.
    pub reserve_bytes: u64,
}

/// Files of evidence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Media {
    /// How long they are kept.
    pub keep: Duration,
    /// What they may fill, bytes.
    pub disk_bytes_max: u64,
    /// What those of one terminal may fill, bytes.
    pub terminal_bytes_max: u64,
}

/// The rule engine's surroundings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pipeline {
    /// Engines side by side.
    pub shards: usize,
    /// How often their state is saved.
    pub snapshot_every: Duration,
}

/// From which figures on a pattern of alerts is entered in the list of major dangers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dangers {
    /// Only people enter something; what is overdue is escalated all the same.
    pub manual_only: bool,
    /// The least share of an operator's alerts in a month that are handled, per cent.
    pub handling_percent_min: u64,
    /// With fewer alerts in the month the share says nothing.
    pub handling_alerts_min: u64,
    /// How long after its end a month is judged.
    pub handling_grace: Duration,
    /// The window of the two counts below.
    pub window: Duration,
    /// So many speeding alerts of an operator within the window.
    pub speeding_alerts: u64,
    /// So many slips of an operator within the window.
    pub slips: u64,
    /// A speeding or fatigue alert is a slip when nobody has handled it for this long.
    pub slip_after: Duration,
    /// One that nobody has handled for this long is a danger by itself.
    pub unhandled_after: Duration,
}

/// Secrets never reach a log.
macro_rules! hide {
    ($name:ident { $($shown:ident),* }, $secret:literal) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($shown), &self.$shown))*
                    .field($secret, &"…").finish()
            }
        }
    };
}
hide!(MqttAccount { name, department, receipts }, "password");
hide!(Influxdb { url, org, bucket, spool_bytes_max }, "token");

impl std::fmt::Debug for Mqtt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded { listen, accounts, anonymous, positions, tls, receipts, alerts_per_second } => f
                .debug_struct("Embedded")
                .field("listen", listen)
                .field("accounts", accounts)
                .field("anonymous", anonymous)
                .field("positions", positions)
                .field("tls", tls)
                .field("receipts", receipts)
                .field("alerts_per_second", alerts_per_second)
                .finish(),
            Self::External { url, username, password, positions, receipts, alerts_per_second, owing } => f
                .debug_struct("External")
                .field("url", url)
                .field("username", username)
                .field("password", &password.as_ref().map(|_| "…"))
                .field("positions", positions)
                .field("receipts", receipts)
                .field("alerts_per_second", alerts_per_second)
                .field("owing", owing)
                .finish(),
        }
    }
}

const MEBIBYTE: u64 = 1 << 20;

/// Lowers every table but `[rules]`.
pub(crate) fn lower(root: &mut Table<'_>, secret: &Secret<'_>, out: &mut Collector) -> Settings {
    let data_dir = root.path("data_dir", out).unwrap_or_else(|| root.beside("data"));
    let gateway = gateway(&mut root.table("gateway", out), out);
    let fleet = fleet(&mut root.table("fleet", out), gateway.admission, out);
    let atlas = maps(&mut root.table("atlas", out), out);
    let mqtt = mqtt(&mut root.table("mqtt", out), secret, out);
    let access = access::lower(&mut root.table("access", out), out);
    let alerts = audit::alerts(&mut root.table("alerts", out), out);
    let audit = audit::lower(&mut root.table("audit", out), out);
    let http = http(&mut root.table("http", out), access.profile, out);
    let map = root.has("map").then(|| tiles::lower(&mut root.table("map", out), secret, out));
    let influxdb = root.has("influxdb").then(|| influxdb(&mut root.table("influxdb", out), secret, out));
    let journal = journal(&mut root.table("journal", out), out);
    let media = media(&mut root.table("media", out), out);
    let pipeline = pipeline(&mut root.table("pipeline", out), out);
    let dangers = dangers(&mut root.table("dangers", out), out);
    Settings {
        data_dir,
        gateway,
        fleet,
        atlas,
        mqtt,
        http,
        access,
        alerts,
        audit,
        map,
        influxdb,
        journal,
        media,
        pipeline,
        dangers,
    }
}

fn gateway(table: &mut Table<'_>, out: &mut Collector) -> Gateway {
    let admission = match table.choice("admission", &["registry", "open"], out) {
        "open" => Admission::Open,
        _ => Admission::Registry,
    };
    let gateway = Gateway {
        listen: table.address("listen", "0.0.0.0:6808", out),
        tls: gateway_tls(table, out),
        udp: table.flag("udp", out),
        attachments: table.address("attachments", "0.0.0.0:6809", out),
        attachments_advertise: table.advertised("attachments_advertise", out),
        admission,
        relays: table.networks("relays", out),
        rsa_key: table.rsa_key("rsa_key", out),
        idle_timeout: table.duration("idle_timeout", "3m", ("10s", "1d"), out),
        connections_max: usize::try_from(table.integer("connections_max", 18_000, (1, 1_000_000), out))
            .unwrap_or(usize::MAX),
        limits: limits::lower(&mut table.table("limits", out), out),
    };
    table.finish(out);
    gateway
}

/// The files are wanted where there is a port, and without one they would do nothing.
fn gateway_tls(table: &mut Table<'_>, out: &mut Collector) -> Option<GatewayTls> {
    if table.has("tls_listen") {
        let listen = table.address("tls_listen", "0.0.0.0:6810", out);
        let cert = table.needed("tls_cert", Table::path, out);
        let key = table.needed("tls_key", Table::path, out);
        let client_ca = table.path("tls_client_ca", out);
        return Some(GatewayTls { listen, cert: cert?, key: key?, client_ca });
    }
    table.pass(&["tls_listen"]);
    for key in ["tls_cert", "tls_key", "tls_client_ca"] {
        if table.path(key, out).is_some() {
            let text =
                format!("gateway.{key} is given and gateway.tls_listen is not, expected both or neither");
            table.report(Some(key), text, out);
        }
    }
    None
}

fn fleet(table: &mut Table<'_>, admission: Admission, out: &mut Collector) -> Fleet {
    let fleet = Fleet {
        vehicles: table.path("vehicles", out),
        drivers: table.path("drivers", out),
        operators: table.path("operators", out),
        permits: table.path("permits", out),
    };
    if admission == Admission::Registry && !table.has("vehicles") {
        let text = "fleet.vehicles is missing, expected the path of a vehicles file, \
                    or gateway.admission = \"open\" to let any terminal in";
        table.report(None, text, out);
    }
    table.finish(out);
    fleet
}

fn maps(table: &mut Table<'_>, out: &mut Collector) -> Maps {
    let maps = Maps {
        zones: table.paths("zones", out),
        routes: table.paths("routes", out),
        roads: table.paths("roads", out),
        divisions: table.paths("divisions", out),
    };
    table.finish(out);
    maps
}

fn mqtt(table: &mut Table<'_>, secret: &Secret<'_>, out: &mut Collector) -> Mqtt {
    let external = table.choice("mode", &["embedded", "external"], out) == "external";
    let positions = table.flag("positions", out);
    let receipts = receipts(table, out);
    let alerts_per_second = alerts_per_second(&mut table.table("alerts_per_second", out), out);
    let mqtt = if external {
        let url = table.url("url", &["mqtt", "mqtts"], out);
        let username = table.text("username", out);
        let password = table.secret("password", secret, out);
        let owing = table.words("receipts", &departments(), out);
        let owing = owing.iter().filter_map(|word| word.parse().ok()).collect();
        Mqtt::External { url, username, password, positions, receipts, alerts_per_second, owing }
    } else {
        let listen = table.address("listen", "127.0.0.1:1883", out);
        let mut accounts: Vec<MqttAccount> = Vec::new();
        for mut table in table.tables("accounts", out) {
            accounts.extend(account(&mut table, &accounts, secret, out));
        }
        let tls = mqtt_tls(table, out);
        Mqtt::Embedded { listen, accounts, anonymous: false, positions, tls, receipts, alerts_per_second }
    };
    // The keys of the other mode may stay in the file: one line then switches between the two.
    table.pass(&["listen", "url", "username", "password", "accounts", "receipts"]);
    table.pass(&["tls_listen", "tls_cert", "tls_key", "tls_client_ca"]);
    table.finish(out);
    mqtt
}

/// A department without a key takes what there is.
fn alerts_per_second(table: &mut Table<'_>, out: &mut Collector) -> BTreeMap<Department, u32> {
    let rate = |department: &Department| {
        let rate = table.integer(department.as_str(), 0, (1, 10_000), out);
        u32::try_from(rate).ok().filter(|rate| *rate > 0).map(|rate| (*department, rate))
    };
    let rates = Department::ALL.iter().filter_map(rate).collect();
    table.finish(out);
    rates
}

fn receipts(table: &mut Table<'_>, out: &mut Collector) -> Receipts {
    let in_flight = table.integer("receipts_in_flight", 100, (1, 1_000), out);
    let receipts = Receipts {
        after: table.duration("receipt_after", "1m", ("1s", "1h"), out),
        pause_max: table.duration("receipt_pause_max", "30m", ("1s", "1d"), out),
        in_flight: usize::try_from(in_flight).unwrap_or(1),
    };
    if receipts.pause_max < receipts.after {
        let text = "mqtt.receipt_pause_max is shorter than mqtt.receipt_after, expected at least that";
        table.report(Some("receipt_pause_max"), text, out);
    }
    receipts
}

fn departments() -> Vec<&'static str> {
    Department::ALL.iter().map(|department| department.as_str()).collect()
}

fn is_argon2(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.salt.is_some() && hash.hash.is_some())
}

fn mqtt_tls(table: &mut Table<'_>, out: &mut Collector) -> Option<MqttTls> {
    if table.has("tls_listen") {
        let tls = MqttTls {
            listen: table.address("tls_listen", "0.0.0.0:8883", out),
            cert: table.needed("tls_cert", Table::readable, out).unwrap_or_default(),
            key: table.needed("tls_key", Table::readable, out).unwrap_or_default(),
            client_ca: table.readable("tls_client_ca", out),
        };
        return Some(tls);
    }
    for key in ["tls_cert", "tls_key", "tls_client_ca"] {
        if table.has(key) {
            let text = format!("mqtt.{key} is given without mqtt.tls_listen, expected both");
            table.report(Some(key), text, out);
        }
    }
    None
}

fn account(
    table: &mut Table<'_>,
    earlier: &[MqttAccount],
    secret: &Secret<'_>,
    out: &mut Collector,
) -> Option<MqttAccount> {
    let name = table.needed("name", Table::text, out);
    if let Some(name) = name.as_deref().filter(|name| earlier.iter().any(|account| account.name == **name)) {
        let text = format!("mqtt.accounts.name {name:?} stands twice, expected each name once");
        table.report(Some("name"), text, out);
    }
    let department = table.needed("department", |t, key, out| t.one_of(key, &departments(), out), out);
    let department = Department::ALL.iter().copied().find(|known| Some(known.as_str()) == department);
    let password = table.needed("password", |t, key, out| t.secret(key, secret, out), out);
    if password.as_deref().is_some_and(|text| text.starts_with("$argon2") && !is_argon2(text)) {
        // What stands there is not repeated: it may open something.
        let text = "mqtt.accounts.password begins as an Argon2 hash and is none, expected $argon2id$v=19$m=…,t=…,p=…$salt$hash";
        table.report(Some("password"), text, out);
    }
    let receipts = table.flag("receipts", out);
    table.finish(out);
    Some(MqttAccount { name: name?, department: department?, password: password?, receipts })
}

fn http(table: &mut Table<'_>, profile: AccessProfile, out: &mut Collector) -> Http {
    let http = Http {
        listen: table.address("listen", "127.0.0.1:8080", out),
        behind_tls: table.flag("behind_tls", out),
    };
    if profile == AccessProfile::Dengbao3 && !http.behind_tls {
        let text =
            "http.behind_tls is false, expected true with the profile dengbao3: nothing travels in the clear";
        table.report(Some("behind_tls"), text, out);
    }
    table.finish(out);
    http
}

fn influxdb(table: &mut Table<'_>, secret: &Secret<'_>, out: &mut Collector) -> Influxdb {
    let influxdb = Influxdb {
        url: table.url("url", &["http", "https"], out),
        org: table.needed("org", Table::text, out).unwrap_or_default(),
        bucket: table.needed("bucket", Table::text, out).unwrap_or_default(),
        token: table.needed("token", |t, key, out| t.secret(key, secret, out), out).unwrap_or_default(),
        spool_bytes_max: table.integer("spool_mb", 1_024, (1, 1_048_576), out) * MEBIBYTE,
    };
    table.finish(out);
    influxdb
}

fn journal(table: &mut Table<'_>, out: &mut Collector) -> Journal {
    let journal = Journal {
        commit_every: table.duration("commit_every", "3ms", ("1ms", "1s"), out),
        keep: table.duration("keep", "7d", ("1h", "3650d"), out),
        disk_bytes_max: table.integer("disk_max_mb", 20_480, (64, 104_857_600), out) * MEBIBYTE,
        segment_bytes_max: table.integer("segment_mb", 256, (1, 65_536), out) * MEBIBYTE,
        reserve_bytes: table.integer("reserve_mb", 64, (16, 1_048_576), out) * MEBIBYTE,
    };
    if journal.segment_bytes_max > journal.disk_bytes_max {
        table.report(
            Some("segment_mb"),
            "journal.segment_mb is more than journal.disk_max_mb, expected at most that",
            out,
        );
    }
    table.finish(out);
    journal
}

fn media(table: &mut Table<'_>, out: &mut Collector) -> Media {
    let media = Media {
        keep: table.duration("keep", "1095d", ("1d", "3650d"), out),
        disk_bytes_max: table.integer("disk_max_mb", 102_400, (64, 104_857_600), out) * MEBIBYTE,
        terminal_bytes_max: table.integer("terminal_max_mb", 2_048, (1, 104_857_600), out) * MEBIBYTE,
    };
    if media.terminal_bytes_max > media.disk_bytes_max {
        table.report(
            Some("terminal_max_mb"),
            "media.terminal_max_mb is more than media.disk_max_mb, expected at most that",
            out,
        );
    }
    table.finish(out);
    media
}

fn pipeline(table: &mut Table<'_>, out: &mut Collector) -> Pipeline {
    let pipeline = Pipeline {
        shards: usize::try_from(table.integer("shards", 1, (1, 64), out)).unwrap_or(1),
        snapshot_every: table.duration("snapshot_every", "5m", ("1s", "1d"), out),
    };
    table.finish(out);
    pipeline
}

fn dangers(table: &mut Table<'_>, out: &mut Collector) -> Dangers {
    const COUNT: (u64, u64) = (1, 1_000_000);
    let dangers = Dangers {
        manual_only: table.flag("manual_only", out),
        handling_percent_min: table.integer("handling_percent_min", 90, (1, 100), out),
        handling_alerts_min: table.integer("handling_alerts_min", 10, COUNT, out),
        handling_grace: table.duration("handling_grace", "3d", ("1s", "28d"), out),
        window: table.duration("window", "30d", ("1d", "366d"), out),
        speeding_alerts: table.integer("speeding_alerts", 235, COUNT, out),
        slips: table.integer("slips", 8, COUNT, out),
        slip_after: table.duration("slip_after", "3d", ("1m", "30d"), out),
        unhandled_after: table.duration("unhandled_after", "30d", ("1d", "366d"), out),
    };
    if dangers.slip_after >= dangers.window {
        let text = "dangers.slip_after is not shorter than dangers.window, expected less than that";
        table.report(Some("slip_after"), text, out);
    }
    table.finish(out);
    dangers
}
