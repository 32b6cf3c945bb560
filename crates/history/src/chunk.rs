//! A chunk: one vehicle's fixes, each as differences to the one before, in zigzag variable-length integers.

use fleet::{EventTime, Fix, Heading, LonLat, Speed};

/// Headings are stored one higher, 0 is none.
const NO_HEADING: i64 = 0;

/// Order of two fixes; equal keys are the same fix.
pub(crate) fn key(fix: &Fix) -> (i64, i32, i32) {
    (fix.at.ms(), fix.position.lon_e6, fix.position.lat_e6)
}

pub(crate) fn pack(fixes: &[Fix]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fixes.len() * 12);
    let mut before = [0; 6];
    for fix in fixes {
        let now = numbers(fix);
        for (now, before) in now.iter().zip(before) {
            put(&mut bytes, now.wrapping_sub(before));
        }
        before = now;
    }
    bytes
}

/// `None` where the bytes aren't whole fixes.
pub(crate) fn unpack(mut bytes: &[u8]) -> Option<Vec<Fix>> {
    let mut fixes = Vec::new();
    let mut now = [0_i64; 6];
    while !bytes.is_empty() {
        for number in &mut now {
            *number = number.wrapping_add(take(&mut bytes)?);
        }
        fixes.push(fix(now)?);
    }
    Some(fixes)
}

fn numbers(fix: &Fix) -> [i64; 6] {
    [
        fix.at.ms(),
        i64::from(fix.position.lon_e6),
        i64::from(fix.position.lat_e6),
        i64::from(fix.altitude_m),
        i64::from(fix.speed.tenths()),
        fix.heading.map_or(NO_HEADING, |heading| i64::from(heading.deg()) + 1),
    ]
}

fn fix([at, lon_e6, lat_e6, altitude_m, speed_tenths, heading]: [i64; 6]) -> Option<Fix> {
    let heading = match heading {
        NO_HEADING => None,
        deg => Some(Heading::from_deg(u16::try_from(deg - 1).ok()?)),
    };
    Some(Fix {
        at: EventTime::from_ms(at),
        position: LonLat { lon_e6: lon_e6.try_into().ok()?, lat_e6: lat_e6.try_into().ok()? },
        altitude_m: altitude_m.try_into().ok()?,
        speed: Speed::from_tenths(speed_tenths.try_into().ok()?),
        heading,
    })
}

fn put(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()));
        }
    }
    None
}
