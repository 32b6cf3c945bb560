//! Dangerous goods in tunnels: categories of tunnels and codes of goods (ADR 8.6, the same codes in JT/T 617.3).

use serde::{Deserialize, Serialize};

use crate::identity::kebab_enum;

kebab_enum! {
    /// How strict a tunnel is (ADR 1.9.5): A lets everything pass, E is the strictest. China posts no category: an
    /// operator fills it in from the police notice.
    TunnelCategory, "tunnel category", "one of A, B, C, D, E", {
        /// No restriction.
        A = "A", "A类";
        /// Goods that may cause a very large explosion are forbidden.
        B = "B", "B类";
        /// Besides, a large explosion or a large toxic release.
        C = "C", "C类";
        /// Besides, a large fire.
        D = "D", "D类";
        /// All goods but those of code (–).
        E = "E", "E类";
    }
}

kebab_enum! {
    /// The tunnel restriction code of goods (ADR table A, column 15).
    TunnelCode, "tunnel code", "one of B, B1000C, B/D, B/E, C, C5000D, C/D, C/E, D, D/E, E, -", {
        /// B
        B = "B", "B";
        /// B over 1,000 kg of explosive a transport unit, else C.
        B1000C = "B1000C", "B1000C";
        /// B in tanks, else D.
        BD = "B/D", "B/D";
        /// B in tanks, else E.
        BE = "B/E", "B/E";
        /// C
        C = "C", "C";
        /// C over 5,000 kg of explosive a transport unit, else D.
        C5000D = "C5000D", "C5000D";
        /// C in tanks, else D.
        CD = "C/D", "C/D";
        /// C in tanks, else E.
        CE = "C/E", "C/E";
        /// D
        D = "D", "D";
        /// D in bulk or tanks, else E.
        DE = "D/E", "D/E";
        /// E
        E = "E", "E";
        /// No restriction.
        None = "-", "无限制";
    }
}

impl TunnelCode {
    /// The one letter the code comes down to, as the least strict category that forbids it; `None`: no tunnel does.
    /// `tank`: carried in a tank or in bulk, and of explosives: more than the mass in the code. What is not known
    /// is taken to be so.
    pub const fn effective(self, tank: bool) -> Option<TunnelCategory> {
        use TunnelCategory::{B, C, D, E};
        Some(match (self, tank) {
            (Self::B, _) | (Self::B1000C | Self::BD | Self::BE, true) => B,
            (Self::C, _) | (Self::B1000C, false) | (Self::C5000D | Self::CD | Self::CE, true) => C,
            (Self::D, _) | (Self::C5000D | Self::BD | Self::CD, false) | (Self::DE, true) => D,
            (Self::E, _) | (Self::BE | Self::CE | Self::DE, false) => E,
            (Self::None, _) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_down_to_one_letter() {
        for (code, tank, letter) in [
            ("B/D", true, Some("B")),
            ("B/D", false, Some("D")),
            ("D/E", true, Some("D")),
            ("D/E", false, Some("E")),
            ("B1000C", false, Some("C")),
            ("C5000D", false, Some("D")),
            ("E", true, Some("E")),
            ("-", true, None),
        ] {
            let found = code.parse::<TunnelCode>().unwrap().effective(tank);
            assert_eq!(found.map(TunnelCategory::as_str), letter, "{code} {tank}");
        }
    }
}
