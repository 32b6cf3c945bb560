//! Where and how fast, in the integers that terminals send: no precision is lost and equal means equal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Mean radius of the earth (IUGG), metres.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A WGS-84 position in millionths of a degree.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct LonLat {
    /// Longitude, 1e-6 degree, east positive.
    pub lon_e6: i32,
    /// Latitude, 1e-6 degree, north positive.
    pub lat_e6: i32,
}

impl LonLat {
    /// From degrees, rounded to the millionth.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate; callers check ranges"
    )]
    pub fn from_degrees(lon: f64, lat: f64) -> Self {
        Self { lon_e6: (lon * 1e6).round() as i32, lat_e6: (lat * 1e6).round() as i32 }
    }

    /// Longitude in degrees.
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e6) / 1e6
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e6) / 1e6
    }

    /// Whether this is a place on earth at all: longitude within 180 and latitude within 90 degrees.
    pub fn is_possible(self) -> bool {
        self.lon_e6.unsigned_abs() <= 180_000_000 && self.lat_e6.unsigned_abs() <= 90_000_000
    }

    /// Great-circle distance in metres (haversine).
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat().to_radians(), other.lat().to_radians());
        let half_lat = ((lat2 - lat1) / 2.0).sin();
        let half_lon = ((other.lon() - self.lon()).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }

    /// Initial bearing towards `other`, degrees clockwise from north, 0 ≤ bearing < 360.
    pub fn bearing_deg(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat().to_radians(), other.lat().to_radians());
        let lon = (other.lon() - self.lon()).to_radians();
        let y = lon.sin() * lat2.cos();
        let x = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * lon.cos();
        y.atan2(x).to_degrees().rem_euclid(360.0)
    }
}

/// A speed in tenths of a km/h, as JT/T 808 sends it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Speed(u16);

impl Speed {
    /// From tenths of a km/h.
    pub const fn from_tenths(tenths: u16) -> Self {
        Self(tenths)
    }

    /// From km/h, rounded to the tenth and held inside 0 to 6,553.5.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float to integer casts saturate"
    )]
    pub fn from_kmh(kmh: f64) -> Self {
        Self((kmh * 10.0).round() as u16)
    }

    /// Tenths of a km/h.
    pub const fn tenths(self) -> u16 {
        self.0
    }

    /// In km/h.
    pub fn kmh(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} km/h", self.0 / 10, self.0 % 10)
    }
}

/// A direction of travel, whole degrees clockwise from north, 0 to 359.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Heading(u16);

impl Heading {
    /// From degrees; full turns are taken off.
    pub const fn from_deg(deg: u16) -> Self {
        Self(deg % 360)
    }

    /// Degrees, 0 to 359.
    pub const fn deg(self) -> u16 {
        self.0
    }

    /// The smaller angle to a bearing, 0 to 180 degrees.
    pub fn differs_by_deg(self, bearing_deg: f64) -> f64 {
        let turn = (f64::from(self.0) - bearing_deg).rem_euclid(360.0);
        turn.min(360.0 - turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_of_latitude_is_111_km() {
        let lhasa = LonLat::from_degrees(91.1, 29.65);
        let north = LonLat::from_degrees(91.1, 30.65);
        assert!((lhasa.distance_m(north) - 111_195.0).abs() < 1.0, "{}", lhasa.distance_m(north));
        assert!(lhasa.bearing_deg(north).abs() < 1e-9);
        assert!((north.bearing_deg(lhasa) - 180.0).abs() < 1e-9);
    }

    #[test]
    fn headings_differ_by_at_most_half_a_turn() {
        assert!((Heading::from_deg(350).differs_by_deg(10.0) - 20.0).abs() < 1e-9);
        assert_eq!(Heading::from_deg(725).deg(), 5);
        assert_eq!(Speed::from_kmh(86.54).to_string(), "86.5 km/h");
        assert_eq!(Speed::from_kmh(-3.0).tenths(), 0);
    }
}
