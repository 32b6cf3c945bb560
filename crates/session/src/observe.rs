//! What a terminal's messages mean to the rules: frames of the journal become observations.

use std::collections::BTreeMap;

use fleet::{
    Alarms, Card, EventTime, Fix, Heading, LonLat, News, Observation, PlateColor, ReceiveTime, Registration,
    Report, Speed, Status, TerminalId,
};
use jt808::{
    DecodeError, Dialect, DriverIdentity, Edition, Frame, ItemValue, Location, LocationBatch, Message, Text,
};
use serde::{Deserialize, Serialize};

use crate::link::carries_news;
use crate::reassembly::{Joined, Reassembly};
use crate::{Refused, safety};

/// Turns raw frames into observations. The same frames in the same order give the same observations; its only state
/// is what sub-packaged reports still miss and where terminals are registered, and that can be saved.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Observer {
    reassembly: Reassembly,
    /// Provinces of registration of terminals whose dialect their signs don't tell; at most [`PROVINCES_MAX`].
    #[serde(default)]
    provinces: BTreeMap<TerminalId, u16>,
    #[serde(skip)]
    unescaped: Vec<u8>,
}

/// Who says it and when we heard it.
#[derive(Clone, Copy)]
struct Source {
    terminal: TerminalId,
    received: ReceiveTime,
    edition: Edition,
    /// What its alarm signs mean where they are like those of others.
    dialect: Option<Dialect>,
}

impl Source {
    fn observe(self, news: News) -> Observation {
        Observation { terminal: self.terminal, received: self.received, news }
    }
}

impl Observer {
    /// Appends what `raw` (7e…7e) says to `out`; messages that carry no news append nothing.
    ///
    /// # Errors
    /// The first thing that was refused. What else the frame says stands in `out` all the same.
    pub fn handle_frame(
        &mut self,
        received: ReceiveTime,
        raw: &[u8],
        out: &mut Vec<Observation>,
    ) -> Result<(), Refused> {
        let mut unescaped = std::mem::take(&mut self.unescaped);
        let taken = jt808::unescape(raw, &mut unescaped)
            .and_then(|_| Frame::decode(&unescaped))
            .map_err(|_| Refused::Frame)
            .and_then(|frame| self.handle(received, &frame, out));
        self.unescaped = unescaped;
        taken
    }

    fn handle(
        &mut self,
        received: ReceiveTime,
        frame: &Frame<'_>,
        out: &mut Vec<Observation>,
    ) -> Result<(), Refused> {
        let header = &frame.header;
        if !carries_news(header.id) {
            return Ok(());
        }
        if header.encrypted() {
            return Err(Refused::Encrypted);
        }
        let terminal = TerminalId::parse(&header.phone.digits()).map_err(|_| Refused::Terminal)?;
        let dialect = self.provinces.get(&terminal).copied().and_then(Dialect::of_province);
        let source = Source { terminal, received, edition: header.edition, dialect };
        match header.packet {
            Some(packet) if packet.total > 1 => {
                match self.reassembly.insert(received, terminal, header, packet, frame.body) {
                    Joined::Not => Ok(()),
                    Joined::Refused => Err(Refused::Part),
                    Joined::Whole(body) => {
                        self.observe(source, Message::decode(header.id, header.edition, &body), out)
                    }
                }
            }
            Some(_) | None => self.observe(source, frame.message(), out),
        }
    }

    fn observe(
        &mut self,
        source: Source,
        message: Result<Message<'_>, DecodeError>,
        out: &mut Vec<Observation>,
    ) -> Result<(), Refused> {
        let message = message.map_err(|_| Refused::Body)?;
        if let Message::Registration(registration) = &message {
            self.learn(source.terminal, registration.province);
        }
        observe(source, &message, out)
    }

    /// Only where it makes a difference, which is in few provinces.
    fn learn(&mut self, terminal: TerminalId, province: u16) {
        let differs = |dialect: Dialect| Dialect::of(dialect.sign_bytes(), None) != Some(dialect);
        if !Dialect::of_province(province).is_some_and(differs) {
            self.provinces.remove(&terminal);
        } else if self.provinces.len() < PROVINCES_MAX || self.provinces.contains_key(&terminal) {
            self.provinces.insert(terminal, province);
        }
    }
}

fn observe(source: Source, message: &Message<'_>, out: &mut Vec<Observation>) -> Result<(), Refused> {
    match message {
        Message::LocationReport(location) => {
            let news = report(source, location, false).inspect_err(|_| {
                out.extend(call_for_help(source, location).map(|news| source.observe(news)));
            })?;
            out.push(source.observe(news));
        }
        Message::LocationAnswer(answer) => out.push(source.observe(report(source, &answer.location, false)?)),
        Message::LocationBatch(batch) => return observe_batch(source, batch, out),
        Message::Registration(registration) => out.push(source.observe(registered(registration))),
        Message::DriverIdentity(identity) => out.push(source.observe(card(source.received, identity)?)),
        _ => {}
    }
    Ok(())
}

/// Each item by itself: one that is no report costs the others nothing.
fn observe_batch(
    source: Source,
    batch: &LocationBatch<'_>,
    out: &mut Vec<Observation>,
) -> Result<(), Refused> {
    let mut refused = None;
    for item in batch.iter() {
        match item
            .map_err(|_| Refused::Item)
            .and_then(|location| report(source, &location, batch.kind == BLIND_AREA))
        {
            Ok(news) => out.push(source.observe(news)),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    refused.map_or(Ok(()), Err)
}

fn report(source: Source, location: &Location<'_>, backfill: bool) -> Result<News, Refused> {
    let at = location.time.unix_ms().map(EventTime::from_ms).ok_or(Refused::Time)?;
    Ok(News::Report(Box::new(report_at(at, source, location, backfill))))
}

/// A terminal has no time before its first fix, yet its driver may press the button: such a report is heard at the
/// moment it came, without a position. Anything less urgent is not worth an event time that is not the terminal's.
fn call_for_help(source: Source, location: &Location<'_>) -> Option<News> {
    let mut report = report_at(source.received.as_event(), source, location, false);
    report.status = report.status.without(Status::POSITIONED);
    report.alarms.has(Alarms::EMERGENCY.with(Alarms::COLLISION)).then(|| News::Report(Box::new(report)))
}

fn report_at(at: EventTime, source: Source, location: &Location<'_>, backfill: bool) -> Report {
    let status = Status(location.status);
    let place =
        LonLat { lon_e6: location.longitude_microdegrees(), lat_e6: location.latitude_microdegrees() };
    let place = Some(place).filter(|place| place.is_possible());
    let fix = Fix {
        at,
        position: place.unwrap_or_default(),
        altitude_m: location.altitude_m(),
        speed: Speed::from_tenths(location.speed_tenths),
        heading: Some(Heading::from_deg(location.heading)),
    };
    let mut report = Report {
        fix,
        alarms: alarms(source.edition, location.alarm),
        // A place that is none on earth is kept as a sign of life, never as a position.
        status: if place.is_some() { status } else { status.without(Status::POSITIONED) },
        odometer_tenth_km: None,
        recorder_speed: None,
        safety: Vec::new(),
        backfill,
    };
    for item in location.items {
        observe_item(&item.value(), source.dialect, &mut report);
    }
    report
}

fn observe_item(value: &ItemValue<'_>, dialect: Option<Dialect>, report: &mut Report) {
    match value {
        ItemValue::Mileage(tenths) => report.odometer_tenth_km = Some(*tenths),
        ItemValue::RecorderSpeed(tenths) => report.recorder_speed = Some(Speed::from_tenths(*tenths)),
        _ => safety::observe_item(value, dialect, &report.fix, &mut report.safety),
    }
}

/// More than run in those provinces; it bounds what terminals that are admitted unseen cost. Beyond it a sign means
/// what it means in 苏标.
const PROVINCES_MAX: usize = 1 << 20;
/// 0x0704: positions kept while there was no network.
const BLIND_AREA: u8 = 1;
/// 31: illegal door opening in 2013, reserved in 2019.
const DOOR: u32 = 1 << 31;
/// 15 to 17: reserved before 2019.
const SINCE_2019: u32 = 0b111 << 15;

/// A magnitude of the wire with its sign; some send two's complement instead. Nothing where it is no place.
pub(crate) fn position(raw: u32, degrees_max: u32, is_negative: bool) -> Option<i32> {
    let value = raw.cast_signed();
    let value = if is_negative && value > 0 { -value } else { value };
    (value.unsigned_abs() <= degrees_max * 1_000_000).then_some(value)
}

/// Bits with the meaning of 2019: bit 3 is 2013's danger warning, 29 its collision alone, the rest is the same.
fn alarms(edition: Edition, raw: u32) -> Alarms {
    Alarms(match edition {
        Edition::V2011 | Edition::V2013 => raw & !DOOR & !SINCE_2019,
        Edition::V2019 => raw & !DOOR,
    })
}

/// 2011 tells who drives without an event: the card is in since we heard of it.
fn card(received: ReceiveTime, identity: &DriverIdentity<'_>) -> Result<News, Refused> {
    let (at, inserted, certificate, name) = match identity {
        DriverIdentity::Event { state, time, card, .. } => {
            let at = time.unix_ms().map(EventTime::from_ms).ok_or(Refused::Time)?;
            (at, *state == 1, card.as_ref().map(|card| card.certificate), card.as_ref().map(|card| card.name))
        }
        DriverIdentity::Plain { name, certificate, .. } => {
            (received.as_event(), true, Some(*certificate), Some(*name))
        }
    };
    let words =
        |text: Option<Text<'_>>| text.map(|text| text.decode().into_owned()).filter(|text| !text.is_empty());
    Ok(News::Card(Card {
        at,
        inserted,
        certificate: words(certificate).filter(|_| inserted),
        name: words(name),
    }))
}

fn registered(registration: &jt808::Registration<'_>) -> News {
    News::Registration(Registration {
        plate: registration.plate.decode().into_owned(),
        color: PlateColor::from_code(registration.colour),
    })
}
