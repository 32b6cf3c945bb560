//! From the shifted coordinates of Chinese maps (GCJ-02) to WGS-84.

use std::f64::consts::PI;

use fleet::LonLat;

/// Semi-major axis and squared eccentricity of the Krasovsky ellipsoid, on which the shift is defined.
const AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY2: f64 = 0.006_693_421_622_965_943;

/// The inverse has no closed form; each round takes two digits off the error, so these leave far less than 0.5 m.
const ROUNDS: usize = 6;

/// The WGS-84 position that is shown at a GCJ-02 one; the same position outside China, where nothing is shifted.
pub fn gcj02_to_wgs84(at: LonLat) -> LonLat {
    if !is_shifted(at.lon(), at.lat()) {
        return at;
    }
    let (mut lon, mut lat) = (at.lon(), at.lat());
    for _ in 0..ROUNDS {
        let (east, north) = shift(lon, lat);
        (lon, lat) = (at.lon() - east, at.lat() - north);
    }
    LonLat::from_degrees(lon, lat)
}

/// The box in which the shift is applied.
fn is_shifted(lon: f64, lat: f64) -> bool {
    (72.004..=137.8347).contains(&lon) && (0.8293..=55.8271).contains(&lat)
}

/// The shift of a WGS-84 position, degrees east and north.
fn shift(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let wave = |v: f64, parts: [(f64, f64); 2]| {
        parts.iter().map(|(size, period)| size * (v / period * PI).sin()).sum::<f64>() * 2.0 / 3.0
    };
    let root = x.abs().sqrt();
    let fine = wave(x, [(20.0, 1.0 / 6.0), (20.0, 0.5)]);
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + fine
        + wave(y, [(20.0, 1.0), (40.0, 3.0)])
        + wave(y, [(160.0, 12.0), (320.0, 30.0)]);
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + fine
        + wave(x, [(20.0, 1.0), (40.0, 3.0)])
        + wave(x, [(150.0, 12.0), (300.0, 30.0)]);
    let sine = lat.to_radians().sin();
    let squash = 1.0 - ECCENTRICITY2 * sine * sine;
    let north = north_m * 180.0 / (AXIS_M * (1.0 - ECCENTRICITY2) / (squash * squash.sqrt()) * PI);
    let east = east_m * 180.0 / (AXIS_M / squash.sqrt() * lat.to_radians().cos() * PI);
    (east, north)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// WGS-84 positions and the shifted ones that four other implementations publish for them.
    const PAIRS: [((f64, f64), (f64, f64)); 4] = [
        ((116.404, 39.915), (116.410_244_499_169_38, 39.916_404_281_501_64)),
        ((121.091_707_7, 30.610_777_9), (121.096_269_355_750_27, 30.608_604_331_756_705)),
        ((113.647_881, 34.829_793), (113.653_963_742_151_76, 34.828_728_009_478_3)),
        ((116.0, 40.0), (116.006_141_221_789, 40.001_213_650_174)),
    ];

    #[test]
    fn published_pairs_come_back_within_half_a_metre() {
        for ((lon, lat), shifted) in PAIRS {
            let back = gcj02_to_wgs84(LonLat::from_degrees(shifted.0, shifted.1));
            let off_m = back.distance_m(LonLat::from_degrees(lon, lat));
            assert!(off_m < 0.5, "{lon} {lat} comes back {off_m} m away");
        }
    }

    proptest! {
        #[test]
        fn a_shifted_position_comes_back_within_half_a_metre(lon in 73.5..135.1f64, lat in 3.0..53.6f64) {
            let (east, north) = shift(lon, lat);
            let (at, shifted) = (LonLat::from_degrees(lon, lat), LonLat::from_degrees(lon + east, lat + north));
            prop_assert!((10.0..1_500.0).contains(&at.distance_m(shifted)), "shifted by {} m", at.distance_m(shifted));
            prop_assert!(gcj02_to_wgs84(shifted).distance_m(at) < 0.5);
        }
    }
}
