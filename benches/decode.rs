//! How many JT/T 808 frames a second does the codec read, and how many acknowledgements does it write?
//!
//! From 4,096 distinct raw frames that stay in the cache: undo the escapes, compare the check byte, split the header,
//! read every field of the position with its time and every item. The answer that is checked: the sum of all that was
//! read is the sum of all that was written. The values are such as vehicles send.

use std::hint::black_box;

use benches::{Numbers, is_measuring, measure};
use jt808::{
    Acknowledgement, Deframer, DeviceTime, DriverState, Edition, Frame, Header, ItemValue, Location, Message,
    Phone, encode_frame, unescape,
};

const FRAMES: u64 = 4_096;
const SERIAL_MAX: u16 = 4_095;
const START_MS: u64 = 1_767_225_600_000;

fn main() {
    let rounds = if is_measuring() { 500 } else { 1 };
    for (name, edition, content) in [
        ("0x0200, 8 items, 2013", Edition::V2013, Content::Items),
        ("0x0200, 8 items, 2019", Edition::V2019, Content::Items),
        ("0x0200, 0x65 item, 2019", Edition::V2019, Content::DriverState),
    ] {
        let (frames, expected) = pool(edition, content);
        decode(name, rounds, &frames, expected);
        decode_stream(name, rounds, &frames, expected);
    }
    encode(rounds);
}

/// Frame by frame, as `decode` and a peer's decoder are called.
fn decode(name: &str, rounds: u64, frames: &[Vec<u8>], expected: u64) {
    let mut plain = Vec::new();
    measure(&format!("decode {name}"), rounds * FRAMES, || {
        for _ in 0..rounds {
            let mut sum = 0_u64;
            for raw in frames {
                unescape(black_box(raw), &mut plain).expect("the frames are right");
                sum = sum.wrapping_add(read(&plain));
            }
            assert_eq!(sum, expected);
        }
    });
}

/// In reads of 16 KiB through the deframer, as the gateway does.
fn decode_stream(name: &str, rounds: u64, frames: &[Vec<u8>], expected: u64) {
    let stream = frames.concat();
    measure(&format!("stream {name}"), rounds * FRAMES, || {
        let mut deframer = Deframer::default();
        for _ in 0..rounds {
            let mut sum = 0_u64;
            for chunk in black_box(&stream).chunks(16_384) {
                deframer.push(chunk, &mut |piece| {
                    sum = sum.wrapping_add(read(piece.unescaped.expect("the frames are right")));
                });
            }
            assert_eq!(sum, expected);
        }
    });
}

fn encode(rounds: u64) {
    let phone = Phone::from_digits("13989012345", Edition::V2013).expect("eleven digits fit six bytes");
    let (mut body, mut wire) = (Vec::new(), Vec::new());
    measure("encode 0x8001", rounds * FRAMES, || {
        let mut bytes = 0;
        for serial in (0..rounds).flat_map(|_| 0..=SERIAL_MAX) {
            body.clear();
            wire.clear();
            let message =
                Message::PlatformAcknowledgement(Acknowledgement::new(black_box(serial), Location::ID, 0));
            message.encode_body(Edition::V2013, &mut body);
            encode_frame(&Header::new(0x8001, Edition::V2013, phone, serial), &body, &mut wire);
            bytes += black_box(&wire).len() as u64;
        }
        // 20 bytes each; the 32 serials that end in 0x7d or 0x7e stand in their frame twice.
        assert_eq!(bytes, rounds * (FRAMES * 20 + 64));
    });
    let plain = unescaped(&wire);
    let frame = Frame::decode(&plain).expect("the frame is right");
    let expected = Acknowledgement::new(SERIAL_MAX, Location::ID, 0);
    assert_eq!(frame.message(), Ok(Message::PlatformAcknowledgement(expected)));
}

fn unescaped(wire: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    unescape(wire, &mut plain).expect("the frame is right");
    plain
}

/// Everything one frame says, added up.
fn read(plain: &[u8]) -> u64 {
    let frame = Frame::decode(plain).expect("the frames are right");
    let phone = phone_sum(&frame.header.phone);
    let message = frame.message();
    let Ok(Message::LocationReport(report)) = &message else { panic!("not a position") };
    let fields = u64::from(frame.header.serial)
        + u64::from(report.alarm)
        + u64::from(report.status)
        + u64::from(report.latitude_microdegrees().unsigned_abs())
        + u64::from(report.longitude_microdegrees().unsigned_abs())
        + u64::from(report.altitude_m().unsigned_abs())
        + u64::from(report.speed_tenths)
        + u64::from(report.heading)
        + time(report.time);
    phone + fields + report.items.iter().map(|item| read_item(item.value())).sum::<u64>()
}

/// Its last eight digits, which tell the terminals apart.
fn phone_sum(phone: &Phone) -> u64 {
    phone.bytes().last_chunk().map_or(0, |last| u64::from(u32::from_be_bytes(*last)))
}

fn read_item(item: ItemValue<'_>) -> u64 {
    match item {
        ItemValue::Mileage(value)
        | ItemValue::VideoAlarms(value)
        | ItemValue::Signals(value)
        | ItemValue::Analogue(value) => u64::from(value),
        ItemValue::Fuel(value) | ItemValue::RecorderSpeed(value) => u64::from(value),
        ItemValue::SignalStrength(value) | ItemValue::Satellites(value) => u64::from(value),
        ItemValue::DriverState(state) => read_state(&state),
        other => panic!("nobody wrote {other:?}"),
    }
}

fn read_state(state: &DriverState<'_>) -> u64 {
    let scene = &state.scene;
    let head = u64::from(state.alarm_id)
        + [state.flag, state.kind, state.level, state.fatigue].map(u64::from).iter().sum::<u64>();
    let place = u64::from(scene.latitude)
        + u64::from(scene.longitude)
        + u64::from(scene.altitude_m)
        + u64::from(scene.speed_kmh);
    let id = scene.sign.terminal().0.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let sign =
        time(scene.sign.time()) + u64::from(scene.sign.sequence()) + u64::from(scene.sign.attachments());
    head + u64::from(state.reserved) + place + time(scene.time) + u64::from(scene.vehicle_status) + id + sign
}

fn time(time: DeviceTime) -> u64 {
    time.unix_ms().and_then(|ms| u64::try_from(ms).ok()).expect("a time of this century")
}

#[derive(Clone, Copy)]
enum Content {
    DriverState,
    Items,
}

/// Raw frames, and the sum of everything that was written into them.
fn pool(edition: Edition, content: Content) -> (Vec<Vec<u8>>, u64) {
    let (mut numbers, mut sum) = (Numbers::new(808), 0);
    let frames = (0..=SERIAL_MAX).map(|serial| {
        let mut writer = Writer { bytes: Vec::new(), numbers: &mut numbers, sum: u64::from(serial) };
        writer.position();
        match content {
            Content::DriverState => writer.driver_state(),
            Content::Items => writer.items(),
        }
        let phone = Phone::from_digits(&format!("138{serial:08}"), edition).expect("eleven digits fit");
        sum += writer.sum + phone_sum(&phone);
        let mut wire = Vec::new();
        encode_frame(&Header::new(Location::ID, edition, phone, serial), &writer.bytes, &mut wire);
        wire
    });
    (frames.collect(), sum)
}

/// Writes numbers and adds them up, knowing nothing of the codec.
struct Writer<'n> {
    bytes: Vec<u8>,
    numbers: &'n mut Numbers,
    sum: u64,
}

impl Writer<'_> {
    fn position(&mut self) {
        self.number(4, 1 << 3);
        // Without south and west, whose bits turn the signs.
        self.put(4, 0x004c_0003);
        self.number(4, 90_000_000);
        self.number(4, 180_000_000);
        self.number(2, 5_000);
        self.number(2, 1_200);
        self.number(2, 360);
        self.time();
    }

    fn items(&mut self) {
        for (id, width) in
            [(0x01, 4), (0x02, 2), (0x03, 2), (0x14, 4), (0x25, 4), (0x2b, 4), (0x30, 1), (0x31, 1)]
        {
            self.bytes.extend([id, width]);
            self.number(usize::from(width), 1 << (8 * width));
        }
    }

    /// T/JSATL 12-2017, a sign of 16 bytes.
    fn driver_state(&mut self) {
        self.bytes.extend([0x65, 47]);
        self.number(4, 100_000);
        for limit in [3, 6, 3, 11] {
            self.number(1, limit);
        }
        self.put(4, 0);
        self.number(1, 251);
        self.number(2, 5_000);
        self.number(4, 90_000_000);
        self.number(4, 180_000_000);
        self.time();
        self.number(2, 1 << 6);
        for _ in 0..7 {
            self.number(1, 0x5b);
        }
        self.time();
        self.number(1, 4);
        self.number(1, 10);
        self.bytes.push(0);
    }

    fn number(&mut self, width: usize, limit: u64) {
        let number = self.numbers.bits() % limit;
        self.put(width, number);
    }

    fn put(&mut self, width: usize, number: u64) {
        self.bytes.extend(&number.to_be_bytes()[8 - width..]);
        self.sum += number;
    }

    /// Some second of the year.
    fn time(&mut self) {
        let ms = START_MS + self.numbers.bits() % 31_536_000 * 1_000;
        let time = i64::try_from(ms).ok().and_then(DeviceTime::from_unix_ms).expect("a time of this century");
        self.bytes.extend(time.bcd());
        self.sum += ms;
    }
}
