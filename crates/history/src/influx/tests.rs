use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fleet::{
    AlertId, Basis, Department, Division, EventTime, Evidence, Heading, LonLat, Measure, MeasureKind,
    PlaceLabel, PlateColor, PositionLabel, RuleId, Severity, Speed, State, Title, VehicleClass, VehicleLabel,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

#[tokio::test]
async fn positions_and_alerts_arrive_as_line_protocol() {
    let dir = Dir::new("arrive");
    let mut server = Server::start(204).await;
    let sink = dir.sink(&server.url, 1 << 20);
    sink.offer_position(vehicle().terminal, Some(&vehicle()), &fix(0));
    sink.offer_alert(&alert());
    sink.clone().stop().await;
    let request = server.next().await;
    assert_eq!(
        request.head.lines().next().unwrap(),
        "POST /api/v2/write?bucket=fleet&org=transport&precision=ms HTTP/1.1"
    );
    assert!(request.head.to_lowercase().contains("\r\nauthorization: token s3cret\r\n"), "{}", request.head);
    let id = alert().id;
    let expected = format!(
        "position,terminal=13800000001,class=hazmat-truck,operator=OP\\ 001,division=540102 \
         lon=91.01,lat=29.5,altitude_m=3650i,speed_kmh=62,heading_deg=180i 1767225600000\n\
         alert,rule=hazmat-zone,severity=critical,state=raised,division=540102,class=hazmat-truck,terminal=13800000001 \
         id=\"{id}\",revision=1i,plate=\"藏A12345\",value=62 1767225600000\n"
    );
    assert_eq!(request.body, expected);
    assert_eq!(dir.spooled(), 0);
}

#[tokio::test]
async fn what_was_offered_while_the_server_was_away_arrives_when_it_is_back() {
    let dir = Dir::new("away");
    let mut server = Server::start(503).await;
    let sink = dir.sink(&server.url, 1 << 20);
    for n in 0..10 {
        sink.offer_position(vehicle().terminal, Some(&vehicle()), &fix(n));
        server.next().await;
    }
    server.answer(204);
    let mut times = Vec::new();
    while times.len() < 10 {
        let request = server.next().await;
        if request.status == 204 {
            times.extend(request.body.lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()));
        }
    }
    times.sort();
    assert_eq!(times, (0..10).map(|n| fix(n).at.ms().to_string()).collect::<Vec<_>>());
    sink.stop().await;
    assert_eq!(dir.spooled(), 0);
}

#[tokio::test]
async fn a_stop_while_the_server_is_away_leaves_the_lines_for_the_next_start() {
    let dir = Dir::new("restart");
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sink = dir.sink(&format!("http://{gone}"), 1 << 20);
    sink.offer_position(vehicle().terminal, None, &fix(7));
    sink.stop().await;
    assert_eq!(dir.spooled(), 1);
    let mut server = Server::start(204).await;
    let sink = dir.sink(&server.url, 1 << 20);
    assert!(server.next().await.body.ends_with(" 1767225607000\n"));
    sink.stop().await;
    assert_eq!(dir.spooled(), 0);
}

#[tokio::test]
async fn lines_the_server_refuses_for_good_are_counted_and_hold_up_nothing() {
    let dir = Dir::new("refused");
    let mut server = Server::start(400).await;
    let sink = dir.sink(&server.url, 1 << 20);
    sink.offer_position(vehicle().terminal, None, &fix(0));
    assert_eq!(server.next().await.status, 400);
    server.answer(204);
    sink.offer_position(vehicle().terminal, None, &fix(1));
    assert!(server.next().await.body.ends_with(" 1767225601000\n"));
    let metrics = sink.metrics.clone();
    sink.stop().await;
    assert_eq!((counted(&metrics, "refused"), metrics.written.get(), dir.spooled()), (1, 1, 0));
}

#[tokio::test]
async fn a_full_queue_drops_and_counts_instead_of_waiting() {
    let (lines, queue) = mpsc::channel(2);
    let sink = Sink {
        lines,
        metrics: Metrics::register(&prometheus::Registry::new()).unwrap(),
        stop: Arc::new(watch::channel(false).0),
        done: watch::channel(()).1,
    };
    (0..5).for_each(|n| sink.offer_position(vehicle().terminal, None, &fix(n)));
    assert_eq!((counted(&sink.metrics, "queue"), queue.len()), (3, 2));
}

#[test]
fn a_url_that_names_no_server_is_refused() {
    let dir = Dir::new("url");
    for wrong in ["", "influx", "/3242", "mailto:a@b", "ftp://x", "http://x:99999"] {
        let error = Sink::start(dir.options(wrong, 1), &prometheus::Registry::new()).err().unwrap();
        assert_eq!(
            error.to_string(),
            format!("{wrong:?} is no url of influxdb, expected http://host:port or https://host:port")
        );
    }
}

/// Against a real store that takes InfluxDB's protocol, where this machine has one.
#[tokio::test]
async fn victoria_metrics_stores_what_it_is_sent() {
    let dir = Dir::new("victoria");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Command::new("victoria-metrics")
        .arg(format!("-storageDataPath={}", dir.0.join("store").display()))
        .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
        // The test's times are fixed, the store forgets what is older than a month by default.
        .args(["-retentionPeriod=100y", "-search.latencyOffset=0s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _server = match started {
        Ok(child) => Stopped(child),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            println!("victoria-metrics is not installed: the test against it did not run");
            return;
        }
    };
    // It takes a moment to start: the spool carries that over.
    let sink = dir.sink(&format!("http://127.0.0.1:{port}"), 1 << 20);
    (0..3).for_each(|n| sink.offer_position(vehicle().terminal, Some(&vehicle()), &fix(n)));
    sink.offer_alert(&alert());
    let query = "/api/v1/export?match[]=position_lat&match[]=alert_value&start=1767225500&end=1767225700";
    let stored = async {
        loop {
            let text = get(port, query).await.unwrap_or_default();
            let flushed = get(port, "/internal/force_flush").await.is_ok();
            if flushed && text.contains("alert_value") && text.contains("1767225602000") {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    let stored = timeout(Duration::from_secs(30), stored).await.unwrap();
    assert!(stored.contains(r#""operator":"OP 001""#), "{stored}");
    assert!(stored.contains(r#""values":[29.5,29.5,29.5]"#), "{stored}");
    assert!(stored.contains(r#""rule":"hazmat-zone""#) && stored.contains(r#""values":[62]"#), "{stored}");
    sink.stop().await;
    assert_eq!(dir.spooled(), 0);
}

struct Stopped(Child);

impl std::ops::Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

struct Request {
    status: u16,
    head: String,
    body: String,
}

/// Takes one request a connection and says what it was told to say.
struct Server {
    url: String,
    status: watch::Sender<u16>,
    requests: mpsc::Receiver<Request>,
}

impl Server {
    async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (status, told) = watch::channel(status);
        let (sender, requests) = mpsc::channel(100);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let status = *told.borrow();
                let request = serve(stream, status).await;
                if sender.send(request).await.is_err() {
                    return;
                }
            }
        });
        Self { url, status, requests }
    }

    fn answer(&self, status: u16) {
        self.status.send_replace(status);
    }

    async fn next(&mut self) -> Request {
        timeout(Duration::from_secs(20), self.requests.recv()).await.unwrap().unwrap()
    }
}

async fn serve(mut stream: TcpStream, status: u16) -> Request {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        bytes.push(stream.read_u8().await.unwrap());
        if bytes.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8(bytes).unwrap();
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap();
            break (head, length);
        }
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let answer = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    Request { status, head, body: String::from_utf8(body).unwrap() }
}

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("influx-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Self(dir)
    }

    fn options(&self, url: &str, spool_bytes_max: u64) -> Options {
        Options {
            url: url.to_owned(),
            org: "transport".to_owned(),
            bucket: "fleet".to_owned(),
            token: "s3cret".to_owned(),
            spool_dir: self.0.join("spool"),
            spool_bytes_max,
        }
    }

    fn sink(&self, url: &str, spool_bytes_max: u64) -> Sink {
        Sink::start_with(self.options(url, spool_bytes_max), &prometheus::Registry::new(), fast()).unwrap()
    }

    /// Files that wait for the server.
    fn spooled(&self) -> usize {
        let files = |dir: &Path| std::fs::read_dir(dir).unwrap().count();
        files(&self.0.join("spool"))
    }
}

impl std::ops::Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fast() -> Pace {
    Pace {
        flush: Duration::from_millis(5),
        retry_min: Duration::from_millis(5),
        retry_max: Duration::from_millis(50),
    }
}

fn counted(metrics: &Metrics, reason: &str) -> u64 {
    metrics.dropped.with_label_values(&[reason]).get()
}

fn vehicle() -> Vehicle {
    Vehicle {
        terminal: TerminalId::parse("13800000001").unwrap(),
        plate: "藏A12345".to_owned(),
        plate_color: PlateColor::Yellow,
        class: VehicleClass::HazmatTruck,
        operator: "OP 001".to_owned(),
        division: Division::parse("540102").unwrap(),
        route: None,
        hazmat_class: None,
        hazmat_un: None,
        tunnel_code: None,
        tank: None,
    }
}

fn fix(second: i64) -> Fix {
    Fix {
        at: EventTime::from_ms(1_767_225_600_000 + second * 1000),
        position: LonLat { lon_e6: 91_010_000, lat_e6: 29_500_000 },
        altitude_m: 3650,
        speed: Speed::from_tenths(620),
        heading: Some(Heading::from_deg(180)),
    }
}

fn alert() -> Alert {
    let (vehicle, fix) = (vehicle(), fix(0));
    Alert {
        schema: Alert::SCHEMA.to_owned(),
        id: AlertId::derive(vehicle.terminal, RuleId::HAZMAT_ZONE, "galashan", fix.at),
        revision: 1,
        state: State::Raised,
        rule: RuleId::HAZMAT_ZONE,
        severity: Severity::Critical,
        late: false,
        title: Title { zh: "…".to_owned(), en: "…".to_owned() },
        vehicle: VehicleLabel {
            terminal: vehicle.terminal,
            plate: vehicle.plate,
            plate_color: vehicle.plate_color,
            class: vehicle.class,
            operator: vehicle.operator,
            hazmat_class: None,
            hazmat_un: None,
        },
        driver: None,
        started_at: fix.at,
        raised_at: fix.at,
        ended_at: None,
        position: PositionLabel::from(&fix),
        place: PlaceLabel { division: vehicle.division, zone: None, road: None },
        measure: Measure { kind: MeasureKind::SpeedKmh, value: 62.0, limit: None, peak: 64.0, duration_s: 0 },
        basis: vec![Basis { document: "…".to_owned(), article: "…".to_owned() }],
        departments: vec![Department::Police],
        evidence: Evidence::default(),
    }
}
