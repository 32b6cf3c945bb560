//! Places and lengths.

/// Mean radius of the earth, metres.
const EARTH_M: f64 = 6_371_008.8;
/// Metres a unit of latitude.
const UNIT_M: f64 = EARTH_M * std::f64::consts::PI / 180.0 / 1e7;

/// A place, in ten-millionths of a degree: what OpenStreetMap itself keeps.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Point {
    /// East of Greenwich.
    pub lon: i32,
    /// North of the equator.
    pub lat: i32,
}

impl Point {
    /// From nanodegrees; `None` where that is no place on earth.
    pub fn from_nano(lon: i64, lat: i64) -> Option<Self> {
        let round = |nano: i64| nano.checked_add(50).map(|nano| nano.div_euclid(100));
        let (lon, lat) = (round(lon)?, round(lat)?);
        if lon.abs() > 1_800_000_000 || lat.abs() > 900_000_000 {
            return None;
        }
        Some(Self { lon: i32::try_from(lon).ok()?, lat: i32::try_from(lat).ok()? })
    }

    /// Metres east and north of another place; good for some kilometres.
    pub fn from(self, origin: Self) -> (f64, f64) {
        let middle = (f64::from(self.lat) + f64::from(origin.lat)) / 2e7;
        let east = f64::from(self.lon) - f64::from(origin.lon);
        let north = f64::from(self.lat) - f64::from(origin.lat);
        (east * UNIT_M * middle.to_radians().cos(), north * UNIT_M)
    }

    /// Metres to another place.
    pub fn distance_m(self, other: Self) -> f64 {
        let (east, north) = self.from(other);
        east.hypot(north)
    }

    /// The place a share of the way towards another.
    pub fn towards(self, other: Self, share: f64) -> Self {
        let part = |from: i32, to: i32| {
            let moved = f64::from(from) + (f64::from(to) - f64::from(from)) * share;
            moved.round() as i32 // between two i32
        };
        Self { lon: part(self.lon, other.lon), lat: part(self.lat, other.lat) }
    }

    /// Units of longitude and latitude that are at least `meters` here.
    pub fn units(self, meters: f64) -> (f64, f64) {
        let cos = (f64::from(self.lat) / 1e7).to_radians().cos().max(0.01);
        (meters / UNIT_M / cos, meters / UNIT_M)
    }
}

/// Length of a line, metres.
pub fn length_m(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| pair[0].distance_m(pair[1])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_degree_is_111_kilometres() {
        let at = |lon: f64, lat: f64| Point { lon: (lon * 1e7) as i32, lat: (lat * 1e7) as i32 };
        assert!((at(91.0, 29.0).distance_m(at(91.0, 30.0)) - 111_195.0).abs() < 1.0);
        assert!((at(0.0, 59.9).distance_m(at(0.0, 60.0)) - 11_119.5).abs() < 0.1);
        assert!((at(10.0, 60.0).distance_m(at(11.0, 60.0)) - 55_597.0).abs() < 2.0);
        assert_eq!(at(1.0, 1.0).towards(at(2.0, 3.0), 0.25), at(1.25, 1.5));
        assert_eq!(Point::from_nano(180_000_000_051, 0), None);
        assert_eq!(
            Point::from_nano(91_000_000_049, -29_000_000_151),
            Some(Point { lon: 910_000_000, lat: -290_000_002 })
        );
    }
}
