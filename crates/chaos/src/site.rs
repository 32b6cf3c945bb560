//! A folder with a configuration, removed at the end.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

use crate::report::number;
use crate::service::Binary;

/// What differs from mode to mode.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub terminals: usize,
    /// Where the service keeps its data; in the folder where none is given.
    pub data_dir: Option<PathBuf>,
    /// Address it listens on; loopback where none is given.
    pub listen: Option<String>,
    /// The table `[mqtt]` without its head.
    pub mqtt: Option<String>,
    /// Further tables.
    pub more: String,
}

/// The folder.
#[derive(Debug)]
pub struct Site {
    pub path: PathBuf,
    pub data_dir: PathBuf,
    /// The HTTP interface, role admin.
    pub token: String,
}

static SITES: AtomicU32 = AtomicU32::new(0);

impl Site {
    /// Writes configuration and registry, and has a token made where the data directory can be written.
    pub fn new(name: &str, setup: &Setup, binary: &Binary) -> Result<Self> {
        let count = SITES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("chaos-{name}-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        let data_dir = setup.data_dir.clone().unwrap_or_else(|| path.join("data"));
        let mut site = Self { path, data_dir, token: String::new() };
        let listen = setup.listen.as_deref().unwrap_or("127.0.0.1");
        let mqtt = setup.mqtt.clone().unwrap_or_else(|| format!("listen = \"{listen}:0\""));
        let config = format!(
            "data_dir = \"{}\"\n[gateway]\nlisten = \"{listen}:0\"\nattachments = \"{listen}:0\"\n\
             [fleet]\nvehicles = \"vehicles.csv\"\noperators = \"operators.csv\"\n\
             [atlas]\nzones = [\"zones.geojson\"]\n\
             [mqtt]\n{mqtt}\n[http]\nlisten = \"{listen}:0\"\n{}",
            site.data_dir.display(),
            setup.more
        );
        site.write("roadwarden.toml", &config)?;
        site.write("operators.csv", "operator,name,division\nOP1,拉萨运输,540102\n")?;
        site.write("zones.geojson", ZONES)?;
        site.write("vehicles.csv", &vehicles(setup.terminals))?;
        site.token = site.make_token(binary)?;
        Ok(site)
    }

    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path.join(name), text).with_context(|| format!("cannot write {name}"))
    }

    pub fn config(&self) -> PathBuf {
        self.path.join("roadwarden.toml")
    }

    /// The same folder with its data elsewhere.
    pub fn move_data(&mut self, to: &Path) -> Result<()> {
        let text = fs::read_to_string(self.config())?;
        let moved = text.replacen(&self.data_dir.display().to_string(), &to.display().to_string(), 1);
        self.data_dir = to.to_owned();
        self.write("roadwarden.toml", &moved)
    }

    /// Makes a token in a ledger that is new.
    pub fn renew_token(&mut self, binary: &Binary) -> Result<()> {
        self.token = self.make_token(binary)?;
        Ok(())
    }

    /// Somebody who may sign in to the console: name and password.
    pub fn add_user(&self, binary: &Binary, (name, password): (&str, &str)) -> Result<()> {
        let mut command = Command::new(&binary.0);
        command.args(["user", "--config"]).arg(self.config());
        command.args(["add", "--name", name, "--role", "admin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", binary.0.display()))?;
        writeln!(child.stdin.take().context("no standard input")?, "{password}")?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "no user: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn make_token(&self, binary: &Binary) -> Result<String> {
        let mut command = Command::new(&binary.0);
        command.args(["token", "--role", "admin", "--name", "chaos", "--config"]).arg(self.config());
        let output = command.output().with_context(|| format!("cannot run {}", binary.0.display()))?;
        ensure!(output.status.success(), "no token: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::env::var_os("CHAOS_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

pub fn plate(terminal: usize) -> String {
    format!("藏{}{:05}", char::from(b'A' + (terminal / 100_000 % 26) as u8), terminal % 100_000)
}

pub fn vehicles(count: usize) -> String {
    let mut text =
        "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un\n".to_owned();
    for terminal in 0..count {
        let (number, plate) = (number(terminal), plate(terminal));
        let _ = writeln!(text, "{number},{plate},yellow,scheduled-coach,OP1,540102,,,");
    }
    text
}

/// Far from where terminals drive.
const ZONES: &str = r#"{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"id": "w1", "kind": "water-source", "name_zh": "北郊水源地", "name_en": "North waterworks", "division": "540102"},
 "geometry": {"type": "Polygon", "coordinates": [[[95.20, 29.59], [95.22, 29.59], [95.22, 29.61], [95.20, 29.61], [95.20, 29.59]]]}}
]}
"#;
