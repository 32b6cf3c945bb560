//! What a row of the file says of its frame, and how that is compared with ours.

use jt808::encode_text;
use serde_json::Value;

use crate::facts::{Facts, HEADER, to_hex};

/// One field with a value, in the peer's name for it.
pub struct Claim {
    line: usize,
    id: String,
    key: String,
    /// The how-manieth field of this name.
    place: usize,
    value: Value,
}

/// How a comparison went.
pub enum Verdict {
    /// Our field of that name has this value.
    Agrees,
    /// A field of ours has this value; which is ours by name is not written down.
    AgreesByValue,
    /// We carry its bytes as sent and do not say what they mean.
    Carried,
    /// Ours is another.
    Differs {
        /// What we read, or why nothing.
        ours: String,
    },
}

impl Verdict {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::AgreesByValue => "agrees by value",
            Self::Carried => "carried",
            Self::Differs { .. } => "differs",
        }
    }
}

/// Every claim of a row, which is so manieth in the file: its own columns, and what `peer_says`.
pub fn of(line: usize, row: &Value) -> Vec<Claim> {
    let id = row["id"].as_str().expect("every row has an id").to_lowercase();
    let mut claims = Vec::new();
    let mut add = |key: &str, value: &Value| {
        let place = claims.iter().filter(|claim: &&Claim| claim.key == key).count();
        claims.push(Claim { line, id: id.clone(), key: key.to_owned(), place, value: value.clone() });
    };
    add("row.checksum_ok", &row["checksum_ok"]);
    if row["checksum_ok"] == true {
        for column in ["id", "edition", "length_actual", "phone", "serial"] {
            add(&format!("row.{column}"), &row[column]);
        }
    }
    let says = &row["peer_says"];
    for list in [&says["fields"], &says["built_from"]] {
        for pair in list.as_array().into_iter().flatten() {
            let key = pair[0].as_str().expect("a field has a name");
            if !is_structure(key, &pair[1]) {
                add(key, &pair[1]);
            }
        }
    }
    match says["verify"].as_str() {
        Some("attribute") => add(says["key"].as_str().expect("it has a key"), &says["value"]),
        Some(verify) => add(&format!("verify.{verify}"), &says["hex"]),
        None => {}
    }
    claims
}

/// Source text that makes an object: no value of the frame.
fn is_structure(key: &str, value: &Value) -> bool {
    let Some(source) = value.as_str().and_then(|value| value.strip_prefix('=')) else {
        return value.is_null();
    };
    let is_list = key == "Humiditys.ToArray()" || source.starts_with("new byte[");
    !is_list && !source.starts_with("Enums.") && !source.starts_with("JT808_0x0704.")
}

impl Claim {
    /// The peer's name, with a number where it occurs more than once.
    pub fn name(&self) -> String {
        if self.place == 0 { self.key.clone() } else { format!("{}#{}", self.key, self.place + 1) }
    }

    /// The peer's value.
    pub fn theirs(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }

    /// Compares.
    pub fn judge(&self, facts: &Facts) -> Verdict {
        if self.key == "row.checksum_ok" {
            return verdict(facts.refused.is_none() == (self.value == true), facts.refused.clone());
        }
        if let Some(asked) = self.key.strip_prefix("verify.") {
            return self.verify(asked, facts);
        }
        if let Some(refused) = &facts.refused {
            return Verdict::Differs { ours: refused.clone() };
        }
        if let Some((_, _, path, hex)) =
            WHERE.iter().find(|(line, key, ..)| *line == self.line && *key == self.key)
        {
            return self.look(path, hex, facts);
        }
        match NAMES.iter().find(|name| name.id.is_none_or(|id| id == self.id) && name.theirs == self.key) {
            Some(name) => self.compare(name, facts),
            None => self.search(facts),
        }
    }

    /// The field of ours with that name.
    fn compare(&self, name: &Name, facts: &Facts) -> Verdict {
        let mut ours = facts.fields.iter().filter(|(path, _)| name.ours.contains(&path.as_str()));
        let Some((path, text)) = ours.nth(self.place) else {
            return self.search(facts);
        };
        let agrees = name.form.write(&self.value).is_some_and(|theirs| match name.form {
            Form::Digits => digits(&theirs).ends_with(&digits(text.split(" +").next().unwrap_or_default())),
            _ => theirs == *text,
        });
        verdict(agrees, Some(format!("{path} {text}")))
    }

    /// A field of ours that carries these bytes.
    fn look(&self, path: &str, hex: &str, facts: &Facts) -> Verdict {
        let mut ours = facts.fields.iter().filter(|(ours, _)| ours == path);
        if ours.any(|(_, text)| text.contains(hex)) {
            Verdict::Carried
        } else {
            Verdict::Differs { ours: format!("no {hex} in {path}") }
        }
    }

    /// Any field of ours with that value, or one that carries its bytes.
    fn search(&self, facts: &Facts) -> Verdict {
        let plain = Form::Plain.write(&self.value).unwrap_or_default();
        let body = facts.fields.iter().filter(|(path, _)| !path.starts_with(HEADER));
        if facts.typed && body.clone().any(|(_, text)| *text == plain) {
            return Verdict::AgreesByValue;
        }
        let bytes = to_hex(&self.bytes());
        if !bytes.is_empty() && body.clone().any(|(_, text)| text.contains(&bytes)) {
            return Verdict::Carried;
        }
        Verdict::Differs { ours: "nothing".to_owned() }
    }

    /// The value as it would stand on the wire.
    fn bytes(&self) -> Vec<u8> {
        if let Some(number) = self.value.as_u64() {
            let wide = number.to_be_bytes();
            return wide[usize::try_from(number.leading_zeros() / 8).expect("at most eight").min(7)..]
                .to_vec();
        }
        let text = self.value.as_str().unwrap_or_default();
        match text.strip_prefix("=new byte[").and_then(|rest| rest.strip_suffix(']')) {
            Some(len) => vec![0; len.parse().expect("a length")],
            None => encode_text(text),
        }
    }

    /// What a test asks of a frame without saying the value it expects.
    fn verify(&self, asked: &str, facts: &Facts) -> Verdict {
        let latitudes = facts.fields.iter().filter(|(path, _)| path == "lat").count();
        let holds = match asked {
            "deframed" => self.value == format!("7e{}7e", to_hex(&facts.plain)),
            "position" | "attributes" => latitudes == 1,
            "positions" => latitudes > 1,
            "null" => latitudes == 0 && facts.refused.is_none(),
            "notNull" | "encoded" => facts.refused.is_none(),
            asked => panic!("{asked} is new"),
        };
        let ours = facts.refused.clone().unwrap_or_else(|| format!("{latitudes} positions"));
        verdict(holds, Some(ours))
    }
}

fn verdict(agrees: bool, ours: Option<String>) -> Verdict {
    if agrees {
        Verdict::Agrees
    } else {
        Verdict::Differs { ours: ours.unwrap_or_else(|| "accepted".to_owned()) }
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A peer's name for a field, and ours.
struct Name {
    /// The message it is the name in; any where there is none.
    id: Option<&'static str>,
    theirs: &'static str,
    /// Where a name means several of our fields they are taken in wire order.
    ours: &'static [&'static str],
    form: Form,
}

/// How the peer writes the value.
#[derive(Clone, Copy)]
enum Form {
    /// A number, or a name of the peer's source for it.
    Code(&'static [(&'static str, &'static str)]),
    /// A time, with or without its century.
    Digits,
    /// Four hex digits.
    Hex,
    /// Millionths.
    Micro,
    /// As we do.
    Plain,
    /// Tenths.
    Tenths,
    /// Digits with zeros in front or not.
    Zeros,
}

impl Form {
    /// The value as we would write it.
    fn write(self, value: &Value) -> Option<String> {
        let number = value.as_u64();
        let text = value.as_str();
        match self {
            Self::Code(codes) => {
                let code = codes.iter().find(|(name, _)| text.is_some_and(|text| text.ends_with(name)));
                code.map(|(_, code)| (*code).to_owned()).or(number.map(|number| number.to_string()))
            }
            Self::Digits => text.map(str::to_owned),
            Self::Hex => {
                let digits = text.map(|text| text.split_once("_0x").map_or(text, |(_, rest)| rest));
                let parsed = digits.and_then(|digits| u16::from_str_radix(digits.get(..4)?, 16).ok());
                parsed.map(u64::from).or(number).map(|id| id.to_string())
            }
            Self::Micro => number.map(|micro| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)),
            Self::Plain => number.map(|number| number.to_string()).or(text.map(str::to_owned)),
            Self::Tenths => number.map(|tenths| format!("{}.{}", tenths / 10, tenths % 10)),
            Self::Zeros => text
                .map(|text| text.trim_start_matches('0').to_owned())
                .map(|text| if text.is_empty() { "0".to_owned() } else { text }),
        }
    }
}

/// Values of vendors' items and messages, which we carry: line, the peer's name, our field, the bytes that hold it.
const WHERE: &[(usize, &str, &str, &str)] = &[
    (1, "Temperatures[0]", "51/raw", "0134011a04f604f6"),
    (1, "Temperatures[1]", "51/raw", "0134011a04f604f6"),
    (1, "Temperatures[2]", "51/raw", "0134011a04f604f6"),
    (1, "Temperatures[3]", "51/raw", "0134011a04f604f6"),
    (2, "Direction", "52/raw", "03"),
    (2, "Humiditys.ToArray()", "58/raw", "0285026302700298029a027b02860281"),
    (312, "power", "eb/raw", "0006002d00002db4"),
    (313, "power", "e1/raw", "0072"),
    (315, "batteryLevel", "d4/raw", "64"),
    (317, "battery", "eb/raw", "0004002d0fa5"),
    (318, "alarm", "eb/raw", "000600c5ffffffaf"),
    (322, "fuelUsed", "content", "3536352e3936"),
    (326, "temp1", "f6/raw", "ff94"),
    (327, "batteryLevel", "eb/raw", "000300a84c"),
    (328, "unlockResult", "raw", "65"),
    (330, "lock2Battery", "63/raw", "0fc6"),
    (331, "batteryLevel", "56/raw", "09"),
    (332, "battery", "69/raw", "018b"),
    (333, "batteryLevel", "e1/raw", "2d"),
    (341, "fuel2", "eb/raw", "000800233030312e3437"),
    (349, "batteryLevel", "raw", "4f"),
    // Bit 16 of the status: the driver's door.
    (350, "door", "status", "65602"),
    (352, "iccid", "f8/raw", "898604a6102181622843"),
];

const fn any(theirs: &'static str, ours: &'static [&'static str], form: Form) -> Name {
    Name { id: None, theirs, ours, form }
}

const fn of_id(id: &'static str, theirs: &'static str, ours: &'static [&'static str], form: Form) -> Name {
    Name { id: Some(id), theirs, ours, form }
}

const NAMES: &[Name] = &[
    any("row.id", &["header.id"], Form::Hex),
    any("row.edition", &["header.edition"], Form::Plain),
    any("row.length_actual", &["header.length"], Form::Plain),
    any("row.phone", &["header.phone"], Form::Plain),
    any("row.serial", &["header.serial"], Form::Plain),
    any("MsgId", &["header.id"], Form::Hex),
    any("Header.MsgId", &["header.id"], Form::Hex),
    any("ManualMsgNum", &["header.serial"], Form::Plain),
    any("Header.MsgNum", &["header.serial"], Form::Plain),
    of_id("9101", "MsgNum", &["header.serial"], Form::Plain),
    any("TerminalPhoneNo", &["header.digits"], Form::Zeros),
    any("CalculateCheckXorCode", &["header.checksum"], Form::Plain),
    of_id("0100", "AreaID", &["province"], Form::Plain),
    of_id("0100", "CityOrCountyId", &["city"], Form::Plain),
    of_id("0100", "MakerId", &["maker"], Form::Plain),
    of_id("0100", "PlateColor", &["plate_color"], Form::Plain),
    of_id("0100", "PlateNo", &["plate"], Form::Plain),
    of_id("0100", "TerminalId", &["terminal_id"], Form::Plain),
    of_id("0100", "TerminalModel", &["model"], Form::Plain),
    of_id("0104", "MsgNum", &["answered_serial"], Form::Plain),
    of_id("0104", "AnswerParamsCount", &["count"], Form::Plain),
    any("AlarmFlag", &["alarm"], Form::Plain),
    any("StatusFlag", &["status"], Form::Plain),
    any("Altitude", &["altitude_m"], Form::Plain),
    any("GPSTime", &["time"], Form::Digits),
    any("Lat", &["lat"], Form::Micro),
    any("Lng", &["lon"], Form::Micro),
    any("Speed", &["speed_kmh", "03/speed_kmh"], Form::Tenths),
    any("Direction", &["heading_deg", "12/direction"], Form::Code(&[("direction_out", "1")])),
    any("Mileage", &["01/mileage_km"], Form::Tenths),
    any("Oil", &["02/fuel_l"], Form::Tenths),
    any("EventId", &["04/event"], Form::Plain),
    any("AreaId", &["11/area", "12/area"], Form::Plain),
    any("JT808PositionType", &["11/kind", "12/kind"], Form::Code(&[("circular_region", "1")])),
    any("DrivenRoute", &["13/result"], Form::Code(&[("overlength", "1")])),
    any("DrivenRouteId", &["13/segment"], Form::Plain),
    of_id("0200", "Time", &["13/seconds"], Form::Plain),
    any("CarSignalStatus", &["25/bits"], Form::Plain),
    any("IOStatus", &["2a/bits"], Form::Plain),
    any("WiFiSignalStrength", &["30/strength"], Form::Plain),
    any("GNSSCount", &["31/count"], Form::Plain),
    of_id("0704", "Count", &["count"], Form::Plain),
    of_id("0704", "LocationType", &["kind"], Form::Code(&[("正常位置批量汇报", "0")])),
    of_id("8004", "Time", &["utc"], Form::Digits),
    of_id("8100", "AckMsgNum", &["answered_serial"], Form::Plain),
    of_id("8100", "JT808TerminalRegisterResult", &["result"], Form::Code(&[("terminal_not_database", "4")])),
    of_id("8300", "TextFlag", &["flags"], Form::Plain),
    of_id("8300", "TextType", &["kind"], Form::Plain),
    of_id("8300", "TextInfo", &["text"], Form::Plain),
    of_id("8105", "CommandWord", &["command"], Form::Plain),
    of_id("9101", "ServerIp", &["address"], Form::Plain),
    of_id("9101", "TcpPort", &["tcp_port"], Form::Plain),
    of_id("9101", "UdpPort", &["udp_port"], Form::Plain),
    of_id("9101", "ChannelNo", &["channel"], Form::Plain),
    of_id("9101", "DataType", &["data"], Form::Plain),
    of_id("9101", "StreamType", &["stream"], Form::Plain),
    of_id("9102", "ChannelNo", &["channel"], Form::Plain),
    of_id("9102", "ControlCmd", &["control"], Form::Plain),
    of_id("9102", "CloseAVData", &["close"], Form::Plain),
    of_id("9102", "StreamType", &["stream"], Form::Plain),
    of_id("8800", "MultimediaId", &["id"], Form::Plain),
    of_id("8800", "RetransmitPackageCount", &["count"], Form::Plain),
    of_id("0704", "sat", &["31/count"], Form::Plain),
    of_id("0702", "cardCode", &["certificate"], Form::Plain),
    any("videoAlarm", &["14/bits"], Form::Plain),
];
