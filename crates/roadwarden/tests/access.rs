//! Access over the whole service: what is secret stands in no log and no answer, and what a command line ends, ends.

#![allow(clippy::unwrap_used, reason = "a test that fails here says where")]

mod harness;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use harness::{BINARY, Home, Server, Terminal, eventually, http, http_with};

const PASSWORD: &str = "canary password of wang";
const GUESS: &str = "canary guess of somebody";
const MQTT: &str = "canary-mqtt-password";
const MQTT_GUESS: &str = "canary-mqtt-guess";
const CODE_GUESS: &str = "canary-terminal-code";
const INFLUX: &str = "canary-influx-token";

/// Every secret there is, by what it is; each must stand in no line of the log, no answer and no file of the data.
#[test]
fn secrets_stand_in_no_log_no_answer_and_no_file() {
    let more = format!(
        "[[mqtt.accounts]]\nname = \"police\"\ndepartment = \"police\"\npassword = {{ env = \"CANARY\" }}\n\
         [influxdb]\nurl = \"http://127.0.0.1:9\"\norg = \"o\"\nbucket = \"b\"\ntoken = \"{INFLUX}\"\n"
    );
    let home = Home::new("secrets", &more);
    let config = home.config();
    let accounts = |arguments: &[&str]| {
        let mut child = Command::new(BINARY)
            .args(arguments)
            .args(["--name", "wang", "--role", "admin"])
            .env("CANARY", MQTT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let path = config.to_str().unwrap();
    assert_eq!(accounts(&["user", "--config", path, "add"]), "");
    let token = accounts(&["token", "--config", path]);
    let server = Server::start_with(&home, &[("CANARY", MQTT), ("RUST_LOG", "trace")]);

    let mut secrets = BTreeMap::from([
        ("password", PASSWORD.to_owned()),
        ("guessed password", GUESS.to_owned()),
        ("password of the broker", MQTT.to_owned()),
        ("guessed password of the broker", MQTT_GUESS.to_owned()),
        ("guessed code of a terminal", CODE_GUESS.to_owned()),
        ("token of the store", INFLUX.to_owned()),
        ("token", token.clone()),
    ]);
    secrets.extend(sign_in(server.http));
    assert!(connects(server.mqtt, MQTT) && !connects(server.mqtt, MQTT_GUESS));
    let mut terminal = Terminal::connect(server.gateway).unwrap();
    terminal.sign_in("13800000002");
    let registered = &terminal.answers.iter().find(|(id, _)| *id == 0x8100).unwrap().1;
    secrets.insert("code of a terminal", String::from_utf8(registered[3..].to_vec()).unwrap());
    let mut liar = Terminal::connect(server.gateway).unwrap();
    liar.send(&harness::frame(0x0102, "13800000003", 1, CODE_GUESS.as_bytes())).unwrap();
    liar.read_until("the refusal", |t| !t.answers.is_empty());

    let answers = everything(&server, &token);
    assert!(answers.contains("wang") && answers.contains("13800000002"), "the answers say something");
    let (code, log) = server.stop();
    assert_eq!(code, 0);
    let log = log.join("\n");
    assert!(log.contains("DEBUG"), "the log says something");
    for (what, secret) in &secrets {
        assert!(secret.len() >= 8, "{what}");
        assert!(!log.contains(secret.as_str()), "{what} is in the log");
        assert!(!answers.contains(secret.as_str()), "{what} is in an answer");
        assert!(!in_files(&home.path.join("data"), secret.as_bytes()), "{what} is in a file");
    }
}

/// Fails, signs in, sets up a second factor; what was secret about it.
fn sign_in(address: SocketAddr) -> BTreeMap<&'static str, String> {
    let body = |password: &str| serde_json::json!({ "name": "wang", "password": password }).to_string();
    assert_eq!(http(address, "POST", "", "/api/v1/session", &body(GUESS)).0, 401);
    let (status, heads, _) = http_with(address, "POST", "", "/api/v1/session", "", &body(PASSWORD));
    assert_eq!(status, 200);
    let cookie = heads.split("roadwarden_session=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let signed = format!("X-CSRF: 1\r\nCookie: roadwarden_session={cookie}\r\n");
    let begin = serde_json::json!({ "password": PASSWORD }).to_string();
    let (status, _, begun) = http_with(address, "POST", "", "/api/v1/me/second-factor", &signed, &begin);
    assert_eq!(status, 201, "{begun}");
    let begun: serde_json::Value = serde_json::from_str(&begun).unwrap();
    let wrong = "{\"code\":\"000000\"}";
    let confirm = "/api/v1/me/second-factor/confirm";
    assert_eq!(http_with(address, "POST", "", confirm, &signed, wrong).0, 422);
    BTreeMap::from([("session", cookie), ("second factor", begun["secret"].as_str().unwrap().to_owned())])
}

/// What every list and document says to an administrator.
fn everything(server: &Server, token: &str) -> String {
    let document = server.get_json(token, "/api/openapi.json");
    let paths = document["paths"].as_object().unwrap();
    let mut said = String::new();
    for path in paths.iter().filter(|(_, methods)| methods.get("get").is_some()).map(|(path, _)| path) {
        if path.contains('{') || path.contains("/live") {
            continue;
        }
        let (status, body) = server.get(token, path);
        assert!(status < 500, "{path}: {status}");
        said.push_str(&body);
    }
    assert!(said.len() > 10_000);
    said
}

/// MQTT 3.1.1 by hand: CONNECT, and whether CONNACK says 0.
fn connects(address: SocketAddr, password: &str) -> bool {
    let field = |text: &str| [&[0, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let rest =
        [&field("MQTT"), &[4, 0xc2, 0, 60][..], &field("x"), &field("police"), &field(password)].concat();
    let packet = [&[0x10, u8::try_from(rest.len()).unwrap()], &rest[..]].concat();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(harness::PATIENCE)).unwrap();
    stream.write_all(&packet).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).is_ok() && answer == [0x20, 2, 0, 0]
}

fn in_files(dir: &std::path::Path, secret: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return in_files(&path, secret);
        }
        // What a terminal sent is kept as it came, a wrong code too: that is what a journal is for.
        let is_journal = path.components().any(|part| part.as_os_str() == "journal");
        let bytes = std::fs::read(&path).unwrap_or_default();
        !is_journal && bytes.windows(secret.len()).any(|window| window == secret)
    })
}

#[test]
fn a_reload_puts_out_whose_account_is_gone() {
    let account =
        "[[mqtt.accounts]]\nname = \"police\"\ndepartment = \"police\"\npassword = \"secret-of-police\"\n";
    let home = Home::new("putout", account);
    let server = Server::start(&home);
    assert!(connects(server.mqtt, "secret-of-police"));
    let config = std::fs::read_to_string(home.config()).unwrap();
    home.write("roadwarden.toml", &config.replace("secret-of-police", "another-secret"));
    server.hang_up("reference files reloaded");
    eventually("the new password", || connects(server.mqtt, "another-secret").then_some(()));
    assert!(!connects(server.mqtt, "secret-of-police"));
    home.write("roadwarden.toml", &config.replace("secret-of-police\"", "\""));
    server.hang_up("reload refused");
    assert!(connects(server.mqtt, "another-secret"), "a mistake leaves the accounts in force");
    assert_eq!(server.stop().0, 0);
}

#[test]
fn the_command_line_holds_people_to_the_same_rules_and_check_names_contradictions() {
    let home = Home::new("rules-of-access", "");
    let command = |verb: &[&str], password: &str| {
        let mut child = Command::new(BINARY)
            .args(["user", "--config"])
            .arg(home.config())
            .args(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that is refused before may have gone.
        let _ = writeln!(child.stdin.take().unwrap(), "{password}");
        let output = child.wait_with_output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let add = ["add", "--name", "wang", "--role", "admin"];
    for (password, told) in
        [("short", "has 5 characters"), ("Password1234", "guessed first"), ("wang-wang-12", "guessed first")]
    {
        let (code, said) = command(&add, password);
        assert!(code == 1 && said.contains(told), "{code} {said}");
    }
    assert_eq!(command(&add, PASSWORD).0, 0);
    // The only one who can let others in.
    let (code, said) = command(&["remove", "--name", "wang"], "");
    assert!(
        code == 1 && said.contains("wang is the last admin") && said.contains("--force"),
        "{code} {said}"
    );
    let (code, said) = command(&["add", "--name", "wang", "--role", "duty"], PASSWORD);
    assert!(code == 1 && said.contains("wang is the last admin"), "{code} {said}");
    assert_eq!(command(&["remove", "--name", "wang", "--force"], "").0, 0);
    assert_eq!(command(&add, PASSWORD).0, 0);
    let (code, said) = command(&["reset-second-factor", "--name", "wang"], "");
    assert!(code == 1 && said.contains("wang has no second factor"), "{code} {said}");
    let config = std::fs::read_to_string(home.config()).unwrap();
    let check = |more: &str, http: &str| {
        home.write("roadwarden.toml", &(config.replace("[http]\n", &format!("[http]\n{http}")) + more));
        let output = harness::run(&["check", "--config", home.config().to_str().unwrap()]);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = check("[access]\nprofile = \"dengbao3\"\nlock_after = 0\n", "");
    assert!(
        code == 1
            && said.contains("http.behind_tls is false")
            && said.contains("access.lock_after is too loose"),
        "{said}"
    );
    let (code, said) = check("[access]\nprofile = \"dengbao3\"\n", "behind_tls = true\n");
    assert_eq!(code, 0, "{said}");
    // Under separate duties nobody keeps accounts and reads the log, from the command line neither.
    let (code, said) = command(&["add", "--name", "wang", "--role", "auditor"], "Yak on the 3rd pass");
    assert!(code == 1 && said.contains("not both"), "{code} {said}");
}
