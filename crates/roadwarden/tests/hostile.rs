//! The service among hostile terminals: how much memory they cost it, and that a good terminal is served meanwhile.
//!
//! A few hundred connections here; `cargo xtask chaos hostile` sends a million frames under a ceiling.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

#[path = "../../gateway/tests/attack/mod.rs"]
mod attack;
mod harness;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use attack::KINDS;
use harness::{Home, Server, Terminal, eventually, frame, location, now_ms};

/// A hostile connection costs the service at most this, whatever comes on it: a task, the rest of a frame twice, the
/// frames and the answers of one read while its peer takes none. The kernel's buffers are bounded by its own settings.
const BYTES_A_CONNECTION: u64 = 64 << 10;
/// And all of them together this, beyond what they cost each: what is kept of parts of reports until they are whole,
/// the journal's and the allocator's buffers.
const BYTES_BESIDE: u64 = 96 << 20;
const GOOD: &str = "13800000001";
/// The first number of a hostile terminal.
const FIRST: u64 = 1_000;

#[test]
fn hostile_terminals_cost_bounded_memory_and_a_good_one_is_served() {
    let (silent, each) = (200, 10);
    let home = Home::new("hostile", "");
    // Hostile terminals are on file as well: what they send is taken as far as it can be.
    home.write("vehicles.csv", &vehicles(FIRST..FIRST + each * (KINDS.len() as u64 + 1)));
    let server = Server::start(&home);
    let mut good = Good::sign_in(server.gateway);
    let before = resident(&server);
    let mut held: Vec<TcpStream> = (0..silent).map(|_| connect(server.gateway)).collect();
    good.report("connections that say nothing");
    report_memory(&server, before, held.len(), "that say nothing");
    for (place, (name, bytes)) in (0..).zip(KINDS) {
        for number in 0..each {
            held.push(flood(server.gateway, &bytes(FIRST + place * each + number), 1));
        }
        good.report(name);
        report_memory(&server, before, held.len(), name);
    }
    for number in 0..each {
        let number = FIRST + KINDS.len() as u64 * each + number;
        held.push(flood(server.gateway, &attack::heartbeats(number), 1_000));
    }
    good.report("peers that never read");
    report_memory(&server, before, held.len(), "peers that never read");
    held.push(flood(server.gateway, &attack::guesses(GOOD.parse().unwrap()), 1));
    good.report("codes guessed for its own number");
    // Who was never taken is sent away, and only the good one stays.
    drop(held);
    eventually("the hostile connections are gone", || (connections(&server) == 1).then_some(()));
    good.report("nobody");
    assert_eq!(server.stop().0, 0);
}

#[test]
fn t1_without_file_descriptors_new_connections_are_turned_away_and_the_old_stay() {
    let home = Home::new("descriptors", "");
    home.write("vehicles.csv", &vehicles(FIRST..FIRST));
    let server = Server::start(&home);
    let mut good = Good::sign_in(server.gateway);
    good.report("nobody");
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    limit_descriptors(&server, open + 10);
    let mut held: Vec<TcpStream> = (0..60).map(|_| connect(server.gateway)).collect();
    eventually("most are turned away", || {
        (held.iter().filter(|it| is_closed(it)).count() >= 40).then_some(())
    });
    good.report("connections that find no descriptor");
    // Those that found one wait for the first frame of their terminals, and there is room again.
    held.clear();
    limit_descriptors(&server, open + 1_000);
    let (_, metrics) = server.get("", "/metrics");
    assert!(metrics.contains("roadwarden_connections_closed_total{reason=\"descriptors\"}"), "{metrics}");
    let mut again = eventually("a terminal may come again", || {
        let connection = connect(server.gateway);
        (!is_closed(&connection)).then(|| Good::sign_in(server.gateway))
    });
    again.report("nobody");
    assert_eq!(server.stop().0, 0);
}

fn limit_descriptors(server: &Server, count: usize) {
    let done = std::process::Command::new("prlimit")
        .args([format!("--pid={}", server.pid()), format!("--nofile={count}:")])
        .status()
        .unwrap();
    assert!(done.success());
}

/// Whether the other end has closed, or does so within a moment.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// A terminal that does what the standard says.
struct Good {
    link: Terminal,
    serial: u16,
}

impl Good {
    fn sign_in(gateway: SocketAddr) -> Self {
        let mut link = Terminal::connect(gateway).unwrap();
        link.sign_in(GOOD);
        Self { link, serial: 10 }
    }

    /// Sends a report and waits until it is acknowledged.
    fn report(&mut self, beside: &str) {
        let started = std::time::Instant::now();
        self.serial += 1;
        let serial = self.serial;
        let body = location(now_ms(), 91.1, 29.6, 30.0, 0);
        self.link.send(&frame(0x0200, GOOD, serial, &body)).unwrap();
        self.link.read_until(beside, |link| link.acknowledged.contains(&serial));
        println!("acknowledged in {} ms beside {beside}", started.elapsed().as_millis());
    }
}

fn vehicles(numbers: std::ops::Range<u64>) -> String {
    let mut text =
        "terminal,plate,plate_color,class,operator,division,route,hazmat_class,hazmat_un\n".to_owned();
    text.push_str("13800000001,藏A00001,yellow,hazmat-truck,OP1,540102,,3,1203\n");
    for number in numbers {
        text.push_str(&format!("{number},藏A{number:05},yellow,heavy-truck,OP1,540102,,,\n"));
    }
    text
}

fn connect(gateway: SocketAddr) -> TcpStream {
    eventually("a connection is accepted", || TcpStream::connect(gateway).ok())
}

/// Writes so often and reads nothing; ends where the service takes no more, or has closed.
fn flood(gateway: SocketAddr, bytes: &[u8], times: usize) -> TcpStream {
    let mut stream = connect(gateway);
    stream.set_nonblocking(true).unwrap();
    let (mut waits, mut rest) = (0, times * bytes.len());
    while rest > 0 && waits < 20 {
        let from = (times * bytes.len() - rest) % bytes.len();
        match stream.write(&bytes[from..]) {
            Ok(written) => rest -= written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                waits += 1;
                std::thread::yield_now();
            }
            Err(_) => break,
        }
    }
    stream
}

fn report_memory(server: &Server, before: u64, count: usize, name: &str) {
    let grown = resident(server).saturating_sub(before);
    println!("{count} connections hold {} KiB more: {name}", grown >> 10);
    let bound = BYTES_BESIDE + BYTES_A_CONNECTION * u64::try_from(count).unwrap();
    assert!(grown <= bound, "{grown} bytes with {count} connections, at most {bound} are allowed: {name}");
}

/// Bytes of memory the service holds.
fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

fn connections(server: &Server) -> u64 {
    let (_, text) = server.get("", "/metrics");
    let line = text.lines().find(|line| line.starts_with("roadwarden_connections ")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
