//! Fields that only recorders have.

use std::fmt;
use std::marker::PhantomData;

use crate::DecodeError;
use crate::field::{Field, Hex, Meaning, Show, Shown};
use crate::layout::Part;
use crate::reader::Reader;

/// Digits, two a byte, as sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Digits<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for Digits<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Digits<N> {
    /// The number they are, where all of them are digits.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]).try_fold(0_u64, |number, digit| {
            if digit > 9 { None } else { number.checked_mul(10)?.checked_add(digit.into()) }
        })
    }
}

impl<'a, const N: usize> Part<'a> for Digits<N> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.array(field).map(Self)
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, N, &Hex(&self.0));
    }
}

/// 0.1 km, eight digits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mileage(pub Digits<4>);

impl<'a> Part<'a> for Mileage {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        Digits::read(reader, field).map(Self)
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.0.write(into);
    }

    fn show(&self, name: &'static str, meaning: Meaning, show: &mut dyn Show) {
        match self.0.number().and_then(|tenths| i64::try_from(tenths).ok()) {
            Some(tenths) => show.value(name, 4, Field::Tenths(tenths)),
            None => self.0.show(name, meaning, show),
        }
    }
}

/// One of a number of samples in a row.
pub(crate) trait Sample: Sized {
    const BYTES: usize;
    /// What one says, in Chinese.
    const CHINESE: &'static str;
    fn of(bytes: &[u8]) -> Option<Self>;
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// `N` samples in a row, kept as sent and read on demand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Run<'a, T, const N: usize> {
    bytes: &'a [u8],
    samples: PhantomData<T>,
}

impl<T, const N: usize> Default for Run<'_, T, N> {
    fn default() -> Self {
        Self { bytes: &[], samples: PhantomData }
    }
}

#[expect(private_bounds, reason = "samples are declared in this crate alone")]
impl<'a, T: Sample, const N: usize> Run<'a, T, N> {
    /// The samples, in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T, N> {
        self.bytes.chunks_exact(T::BYTES).filter_map(T::of)
    }
}

impl<'a, T: Sample, const N: usize> Part<'a> for Run<'a, T, N> {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.take(N * T::BYTES, field).map(|bytes| Self { bytes, samples: PhantomData })
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self.bytes);
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        for sample in self.iter() {
            let (value, meaning) = (Field::Entry(&Written(&sample)), Meaning::Plain);
            show.field(Shown { name, chinese: T::CHINESE, bytes: T::BYTES, value, meaning });
        }
    }
}

struct Written<'s, T>(&'s T);

impl<T: Sample> fmt::Display for Written<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Speed and signals.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SpeedSample {
    /// Nothing where there was none (0xff).
    pub speed_kmh: Option<u8>,
    /// Bits 0 to 2 own, 3 low beam, 4 high beam, 5 right and 6 left indicator, 7 brake.
    pub signals: u8,
}

impl Sample for SpeedSample {
    const BYTES: usize = 2;
    const CHINESE: &'static str = "速度和状态信号";

    fn of(bytes: &[u8]) -> Option<Self> {
        let [speed, signals] = *bytes.as_array::<2>()?;
        Some(Self { speed_kmh: known(speed), signals })
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        speed(self.speed_kmh, f)?;
        if self.speed_kmh.is_none() {
            return Ok(());
        }
        for (_, english) in SIGNALS.of(self.signals.into()) {
            write!(f, ", {english}")?;
        }
        Ok(())
    }
}

/// What the bits of a signal byte mean, unless the recorder names its own.
const SIGNALS: Meaning = Meaning::Bits(&[
    (0, "自定义 D0", "own 0"),
    (1, "自定义 D1", "own 1"),
    (2, "自定义 D2", "own 2"),
    (3, "近光", "low beam"),
    (4, "远光", "high beam"),
    (5, "右转向", "right indicator"),
    (6, "左转向", "left indicator"),
    (7, "制动", "brake"),
]);

/// Two speeds of one second.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SpeedPair {
    /// The recorder's own; nothing where there was none (0xff).
    pub recorded_kmh: Option<u8>,
    /// That of the satellites; nothing where there was none (0xff).
    pub reference_kmh: Option<u8>,
}

impl Sample for SpeedPair {
    const BYTES: usize = 2;
    const CHINESE: &'static str = "记录速度和参考速度";

    fn of(bytes: &[u8]) -> Option<Self> {
        let [recorded, reference] = *bytes.as_array::<2>()?;
        Some(Self { recorded_kmh: known(recorded), reference_kmh: known(reference) })
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        speed(self.recorded_kmh, f)?;
        write!(f, ", reference ")?;
        speed(self.reference_kmh, f)
    }
}

/// Where, of one minute, and how fast on average.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PositionSample {
    /// Where.
    pub place: Place,
    /// Nothing where there was none (0xff).
    pub speed_kmh: Option<u8>,
}

impl Sample for PositionSample {
    const BYTES: usize = 11;
    const CHINESE: &'static str = "位置和平均速度";

    fn of(bytes: &[u8]) -> Option<Self> {
        let (place, [last]) = bytes.split_last_chunk::<1>()?;
        Some(Self { place: Place::of(place.as_array::<10>()?), speed_kmh: known(*last) })
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.place)?;
        speed(self.speed_kmh, f)
    }
}

const fn known(speed: u8) -> Option<u8> {
    if speed == u8::MAX { None } else { Some(speed) }
}

fn speed(speed: Option<u8>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match speed {
        Some(speed) => write!(f, "{speed} km/h"),
        None => write!(f, "none"),
    }
}

/// A place: longitude and latitude in 0.0001 minute, altitude in m, each with its sign.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// As sent; 0x7fffffff where there was none.
    pub longitude: i32,
    /// As sent; 0x7fffffff where there was none.
    pub latitude: i32,
    /// m, as sent.
    pub altitude_m: i16,
}

impl Place {
    /// Longitude and latitude in millionths of a degree; nothing where they are none on earth.
    #[must_use]
    pub fn microdegrees(self) -> Option<(i32, i32)> {
        let of = |minutes: i32, limit: i64| {
            let millionths = i64::from(minutes) * 5 / 3;
            (millionths.abs() <= limit).then(|| i32::try_from(millionths).ok()).flatten()
        };
        Some((of(self.longitude, 180_000_000)?, of(self.latitude, 90_000_000)?))
    }

    fn of(bytes: &[u8; 10]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j] = *bytes;
        Self {
            longitude: i32::from_be_bytes([a, b, c, d]),
            latitude: i32::from_be_bytes([e, f, g, h]),
            altitude_m: i16::from_be_bytes([i, j]),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.microdegrees() {
            Some((longitude, latitude)) => {
                let (latitude, longitude) = (Field::Microdegrees(latitude), Field::Microdegrees(longitude));
                write!(f, "{latitude} {longitude} {} m", self.altitude_m)
            }
            None => write!(f, "nowhere"),
        }
    }
}

impl<'a> Part<'a> for Place {
    fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, DecodeError> {
        reader.array(field).map(|bytes| Self::of(&bytes))
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.longitude.to_be_bytes());
        into.extend_from_slice(&self.latitude.to_be_bytes());
        into.extend_from_slice(&self.altitude_m.to_be_bytes());
    }

    fn show(&self, name: &'static str, _: Meaning, show: &mut dyn Show) {
        show.text(name, 10, self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_become_degrees_and_none_is_nowhere() {
        let place = Place { longitude: 54_674_073, latitude: 17_792_563, altitude_m: 3_658 };
        assert_eq!(place.to_string(), "29.654271 91.123455 3658 m");
        let place = Place { longitude: -600_000, latitude: -5, altitude_m: -3 };
        assert_eq!(place.to_string(), "-0.000008 -1.000000 -3 m");
        let nowhere = Place { longitude: i32::MAX, latitude: 0, altitude_m: 0 };
        assert_eq!(nowhere.microdegrees(), None);
    }

    #[test]
    fn digits_above_nine_are_no_number() {
        assert_eq!(Digits([0x12, 0x34]).number(), Some(1_234));
        assert_eq!(Digits([0x1a]).number(), None);
        assert_eq!(Digits([0x99; 12]).number(), None);
    }
}
