//! Active-safety items (T/JSATL 12-2017, T/GDRTA 002-2020 and relatives) and the video items of JT/T 1078 as events.
//!
//! The same number is another offence in another dialect, so the dialect comes first: the length of the alarm sign at
//! the end of an item tells it. An item of any other length belongs to some other device and is left alone.

use fleet::{Dialect, EventTime, Fix, LonLat, SafetyCode, SafetyEvent, SafetyPhase};
use jt808::{ItemValue, SafetyKind, Scene};

use crate::observe::position;

/// JT/T 1078, table 13, item 0x14: more passengers than allowed.
const PASSENGER_OVERLOAD: u32 = 1 << 4;

/// Appends what one item of a report says. `fix` is the report's own, for items without one.
/// `hint` is what is known of the terminal's dialect besides.
pub(crate) fn observe_item(
    value: &ItemValue<'_>,
    hint: Option<jt808::Dialect>,
    fix: &Fix,
    out: &mut Vec<SafetyEvent>,
) {
    match value {
        ItemValue::Adas(item) => {
            let code = adas(item.scene.sign.hinted(hint).dialect(), item.kind);
            out.extend(
                code.and_then(|code| seen(&item.scene, code, item.alarm_id, item.flag, item.level, fix)),
            );
        }
        ItemValue::DriverState(item) => {
            let code = driver(item.scene.sign.hinted(hint).dialect(), item.kind, item.fatigue);
            out.extend(
                code.and_then(|code| seen(&item.scene, code, item.alarm_id, item.flag, item.level, fix)),
            );
        }
        ItemValue::TyreAlarm(item) => {
            out.extend(seen(&item.scene, SafetyCode::Tyre, item.alarm_id, item.flag, 0, fix));
        }
        ItemValue::BlindSpot(item) => {
            let code = SafetyCode::BlindSpot(item.kind);
            out.extend(seen(&item.scene, code, item.alarm_id, item.flag, 0, fix));
        }
        ItemValue::HarshDriving(item) => {
            let code = SafetyCode::Harsh(item.kind);
            out.extend(seen(&item.scene, code, item.alarm_id, item.flag, 0, fix));
        }
        ItemValue::VideoAlarms(bits) if bits & PASSENGER_OVERLOAD != 0 => {
            out.push(moment(SafetyCode::PassengerOverload, fix));
        }
        ItemValue::AbnormalDriving { flags, fatigue } => observe_abnormal(*flags, *fatigue, fix, out),
        _ => {}
    }
}

/// JT/T 1078, item 0x18: bit 0 fatigue with a degree of 0 to 100, 1 phone, 2 smoking.
fn observe_abnormal(flags: u16, fatigue: Option<u8>, fix: &Fix, out: &mut Vec<SafetyEvent>) {
    let degree = fatigue.map_or(0, |percent| percent.div_ceil(10).min(10));
    let codes = [SafetyCode::Fatigue { degree }, SafetyCode::Phone, SafetyCode::Smoking];
    for (bit, code) in codes.into_iter().enumerate() {
        if flags & 1 << bit != 0 {
            out.push(moment(code, fix));
        }
    }
}

/// Nothing for an event, which is no alarm.
fn adas(dialect: jt808::Dialect, kind: u8) -> Option<SafetyCode> {
    let meaning = SafetyKind::of(dialect, ADAS, kind);
    if meaning.is_some_and(SafetyKind::is_event) {
        return None;
    }
    Some(match meaning {
        Some(SafetyKind::ForwardCollision) => SafetyCode::ForwardCollision,
        Some(SafetyKind::LaneDeparture) => SafetyCode::LaneDeparture,
        Some(SafetyKind::Headway) => SafetyCode::Headway,
        Some(SafetyKind::Pedestrian) => SafetyCode::Pedestrian,
        _ => SafetyCode::AdasOther(kind),
    })
}

/// Nothing for an event, which is no alarm.
fn driver(dialect: jt808::Dialect, kind: u8, degree: u8) -> Option<SafetyCode> {
    let meaning = SafetyKind::of(dialect, DRIVER, kind);
    if meaning.is_some_and(SafetyKind::is_event) {
        return None;
    }
    Some(match meaning {
        Some(SafetyKind::Fatigue) => SafetyCode::Fatigue { degree: degree.min(10) },
        Some(SafetyKind::Phone | SafetyKind::PhonePlaying) => SafetyCode::Phone,
        Some(SafetyKind::Smoking) => SafetyCode::Smoking,
        Some(SafetyKind::Distraction) => SafetyCode::Distraction,
        // 苏标 means above all that nobody sits there.
        Some(SafetyKind::DriverAbnormal) if dialect == jt808::Dialect::Jiangsu => SafetyCode::Absent,
        Some(SafetyKind::CameraCovered) => SafetyCode::CameraCovered,
        _ => SafetyCode::DsmOther(kind),
    })
}

/// Items whose types are looked up.
const ADAS: u8 = 0x64;
const DRIVER: u8 = 0x65;

/// Nothing where the device saw it at a place that is none.
fn seen(
    scene: &Scene<'_>,
    code: SafetyCode,
    alarm_id: u32,
    flag: u8,
    level: u8,
    fix: &Fix,
) -> Option<SafetyEvent> {
    // The hemisphere stands only in the report: it is the one the vehicle is in.
    let south = fix.position.lat_e6 < 0;
    let west = fix.position.lon_e6 < 0;
    let position = LonLat {
        lon_e6: position(scene.longitude, 180, west)?,
        lat_e6: position(scene.latitude, 90, south)?,
    };
    Some(SafetyEvent {
        code,
        alarm_id,
        phase: match flag {
            1 => SafetyPhase::Start,
            2 => SafetyPhase::End,
            _ => SafetyPhase::Moment,
        },
        level,
        at: scene.time.unix_ms().map_or(fix.at, EventTime::from_ms),
        position,
        speed_kmh: scene.speed_kmh,
        attachments: scene.sign.attachments(),
        dialect: dialect(scene),
    })
}

fn dialect(scene: &Scene<'_>) -> Dialect {
    match scene.sign.dialect() {
        jt808::Dialect::Jiangsu => Dialect::Jiangsu,
        jt808::Dialect::Guangdong => Dialect::Guangdong,
        jt808::Dialect::Beijing
        | jt808::Dialect::Chongqing
        | jt808::Dialect::Heilongjiang
        | jt808::Dialect::Hunan
        | jt808::Dialect::Sichuan
        | jt808::Dialect::Sichuan2013 => Dialect::Other,
    }
}

/// JT/T 1078 says only that it is so; time and place are the report's own.
fn moment(code: SafetyCode, fix: &Fix) -> SafetyEvent {
    SafetyEvent {
        code,
        alarm_id: 0,
        phase: SafetyPhase::Moment,
        level: 0,
        at: fix.at,
        position: fix.position,
        speed_kmh: u8::try_from(fix.speed.tenths() / 10).unwrap_or(u8::MAX),
        attachments: 0,
        dialect: Dialect::Other,
    }
}

#[cfg(test)]
mod tests {
    use fleet::Speed;

    use super::*;

    const DSM: u8 = 0x65;
    const TYRE: u8 = 0x66;
    const VIDEO: u8 = 0x14;
    const ABNORMAL_DRIVING: u8 = 0x18;

    #[test]
    fn the_same_number_means_what_its_dialect_says() {
        for (kind, sign, expected) in [
            (0x01, 16, Some(SafetyCode::Fatigue { degree: 6 })),
            (0x05, 16, Some(SafetyCode::Absent)),
            (0x05, 40, Some(SafetyCode::DsmOther(5))),
            (0x06, 40, Some(SafetyCode::CameraCovered)),
            (0x06, 16, Some(SafetyCode::DsmOther(6))),
            (0x0d, 40, Some(SafetyCode::Phone)),
            (0x10, 16, None),
            (0x11, 40, None),
            (0x01, 17, None),
        ] {
            assert_eq!(codes(DSM, &item(kind, sign)).first().copied(), expected, "{kind:#x} with {sign}");
        }
        assert_eq!(codes(ADAS, &item(0x04, 39)), [SafetyCode::Pedestrian]);
        assert_eq!(codes(ADAS, &item(0x11, 16)), []);
    }

    #[test]
    fn an_event_carries_its_own_time_place_and_attachments() {
        let mut out = Vec::new();
        observe_item(&value(DSM, &item(0x02, 16)), None, &fix(), &mut out);
        let [event] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!((event.alarm_id, event.phase, event.level), (9, SafetyPhase::Start, 2));
        assert_eq!((event.speed_kmh, event.attachments, event.dialect), (60, 5, Dialect::Jiangsu));
        assert_eq!(event.position, LonLat { lon_e6: 91_000_000, lat_e6: 29_000_000 });
        assert_eq!(event.at.to_string(), "2026-01-02T03:04:05+08:00");
    }

    #[test]
    fn the_items_of_jtt_1078_are_bits() {
        assert_eq!(codes(VIDEO, &[0, 0, 0, 0x10]), [SafetyCode::PassengerOverload]);
        assert_eq!(codes(VIDEO, &[0, 0, 0x10]), []);
        let all = [SafetyCode::Fatigue { degree: 5 }, SafetyCode::Phone, SafetyCode::Smoking];
        assert_eq!(codes(ABNORMAL_DRIVING, &[0, 7, 45]), all);
        assert_eq!(codes(ABNORMAL_DRIVING, &[0, 2]), [SafetyCode::Phone]);
    }

    #[test]
    fn a_tyre_entry_has_nine_bytes_or_ten() {
        for entry in [9, 10] {
            let mut value = vec![0; 5 + 19 + 16];
            value.push(2);
            value.extend(vec![0; 2 * entry]);
            assert_eq!(codes(TYRE, &value), [SafetyCode::Tyre]);
            value.push(0);
            assert_eq!(codes(TYRE, &value), []);
        }
    }

    fn value(id: u8, bytes: &[u8]) -> ItemValue<'_> {
        jt808::Item { id, bytes }.value()
    }

    fn codes(id: u8, bytes: &[u8]) -> Vec<SafetyCode> {
        let mut out = Vec::new();
        observe_item(&value(id, bytes), None, &fix(), &mut out);
        out.iter().map(|event| event.code).collect()
    }

    fn item(kind: u8, sign: usize) -> Vec<u8> {
        let mut value = vec![0, 0, 0, 9, 1, kind, 2, 6, 0, 0, 0, 0, 60, 0, 0];
        value.extend(29_000_000_u32.to_be_bytes());
        value.extend(91_000_000_u32.to_be_bytes());
        value.extend([0x26, 0x01, 0x02, 0x03, 0x04, 0x05, 0, 0]);
        let mut mark = vec![0; sign];
        mark[if sign == 16 { 14 } else { 37.min(sign - 1) }] = 5;
        value.extend(mark);
        value
    }

    fn fix() -> Fix {
        Fix {
            at: EventTime::from_ms(0),
            position: LonLat::default(),
            altitude_m: 0,
            speed: Speed::from_tenths(0),
            heading: None,
        }
    }
}
