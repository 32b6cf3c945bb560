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

impl TunnelCategory {
    /// Whether goods whose code comes down to this letter stay out (ADR 8.6.4).
    pub fn forbids(self, letter: Self) -> bool {
        letter != Self::A && letter <= self
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

/// Goods by their UN number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Goods {
    /// UN number without leading zeros.
    pub un: u16,
    /// Class of GB 6944, with its division where it has one.
    pub class: &'static str,
    /// Tunnel code; of several packing groups the strictest.
    pub code: TunnelCode,
}

impl Goods {
    /// The goods with a UN number, four digits; `None`: not among those known here.
    pub fn find(un: &str) -> Option<&'static Self> {
        let number = (un.len() == 4).then(|| un.parse::<u16>().ok())??;
        GOODS.binary_search_by_key(&number, |goods| goods.un).ok().and_then(|at| GOODS.get(at))
    }

    /// All of them, by rising UN number.
    pub const fn all() -> &'static [Self] {
        GOODS
    }
}

macro_rules! goods {
    ($($un:literal $class:literal $code:ident $(,)?)+) => {
        /// The goods that are carried most, and the most dangerous ones. **Provenance**: written down from knowledge of
        /// table A of ADR (columns 3b and 15), whose codes JT/T 617.3-2018 takes over; to be checked against that standard
        /// before it is relied on. `tunnel_code` of a vehicle goes before it.
        const GOODS: &[Goods] = &[$(Goods { un: $un, class: $class, code: TunnelCode::$code }),+];
    };
}

#[rustfmt::skip]
goods! {
    27 "1.1" B1000C, 29 "1.1" B1000C, 30 "1.1" B1000C, 65 "1.1" B1000C, 81 "1.1" B1000C, 82 "1.1" B1000C,
    83 "1.1" B1000C, 84 "1.1" B1000C, 222 "1.1" B1000C, 241 "1.1" B1000C, 255 "1.4" E, 331 "1.5" B1000C,
    332 "1.5" B1000C, 333 "1.1" B1000C, 334 "1.2" B1000C, 335 "1.3" C5000D, 336 "1.4" E, 337 "1.4" E,
    456 "1.4" E, 1001 "2.1" BD, 1002 "2.2" E, 1005 "2.3" CD, 1006 "2.2" E, 1010 "2.1" BD,
    1011 "2.1" BD, 1012 "2.1" BD, 1013 "2.2" CE, 1016 "2.3" BD, 1017 "2.3" CD, 1032 "2.1" BD,
    1033 "2.1" BD, 1035 "2.1" BD, 1036 "2.1" BD, 1038 "2.1" BD, 1040 "2.3" BD, 1049 "2.1" BD,
    1050 "2.3" CD, 1051 "6.1" CD, 1052 "8" CD, 1053 "2.3" BD, 1055 "2.1" BD, 1060 "2.1" BD,
    1061 "2.1" BD, 1063 "2.1" BD, 1066 "2.2" E, 1072 "2.2" E, 1073 "2.2" CE, 1075 "2.1" BD,
    1076 "2.3" CD, 1077 "2.1" BD, 1079 "2.3" CD, 1086 "2.1" BD, 1089 "3" DE, 1090 "3" DE,
    1093 "3" CE, 1114 "3" DE, 1131 "3" CE, 1155 "3" DE, 1170 "3" DE, 1173 "3" DE,
    1184 "3" DE, 1202 "3" DE, 1203 "3" DE, 1219 "3" DE, 1223 "3" DE, 1230 "3" DE,
    1247 "3" DE, 1263 "3" DE, 1267 "3" DE, 1268 "3" DE, 1280 "3" DE, 1294 "3" DE,
    1301 "3" DE, 1307 "3" DE, 1350 "4.1" E, 1381 "4.2" BE, 1402 "4.3" BE, 1428 "4.3" BE,
    1490 "5.1" E, 1495 "5.1" E, 1547 "6.1" DE, 1593 "6.1" E, 1595 "6.1" CD, 1613 "6.1" CD,
    1662 "6.1" DE, 1671 "6.1" DE, 1680 "6.1" CE, 1689 "6.1" CE, 1710 "6.1" E, 1715 "8" DE,
    1744 "8" CD, 1779 "8" DE, 1789 "8" E, 1790 "8" CD, 1791 "8" E, 1805 "8" E,
    1823 "8" E, 1824 "8" E, 1829 "8" E, 1830 "8" E, 1831 "8" CD, 1846 "6.1" DE,
    1863 "3" DE, 1888 "6.1" E, 1897 "6.1" E, 1942 "5.1" E, 1951 "2.2" CE, 1965 "2.1" BD,
    1966 "2.1" BD, 1969 "2.1" BD, 1971 "2.1" BD, 1972 "2.1" BD, 1977 "2.2" CE, 1978 "2.1" BD,
    1993 "3" DE, 1999 "3" DE, 2014 "5.1" E, 2015 "5.1" BE, 2031 "8" E, 2032 "8" CD,
    2067 "5.1" E, 2073 "2.2" E, 2078 "6.1" DE, 2187 "2.2" CE, 2257 "4.3" BE, 2304 "4.1" E,
    2312 "6.1" DE, 2426 "5.1" E, 2448 "4.1" E, 2672 "8" E, 2789 "8" DE, 2790 "8" E,
    2796 "8" E, 3077 "9" None, 3082 "9" None, 3090 "9" E, 3256 "3" DE, 3257 "9" D,
    3375 "5.1" E, 3475 "3" DE, 3480 "9" E,
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

    #[test]
    fn goods_are_found_by_their_number() {
        for (un, class, code) in [
            ("1203", "3", TunnelCode::DE),
            ("1075", "2.1", TunnelCode::BD),
            ("1017", "2.3", TunnelCode::CD),
            ("0081", "1.1", TunnelCode::B1000C),
            ("3082", "9", TunnelCode::None),
        ] {
            let goods = Goods::find(un).unwrap();
            assert_eq!((goods.class, goods.code), (class, code), "{un}");
        }
        for unknown in ["", "81", "9999", "+203", "12030"] {
            assert_eq!(Goods::find(unknown), None, "{unknown}");
        }
        assert!(Goods::all().is_sorted_by_key(|goods| goods.un), "the search needs the order");
    }

    #[test]
    fn a_category_forbids_what_is_as_dangerous() {
        for (category, letter, forbids) in [
            ("A", "B", false),
            ("B", "B", true),
            ("B", "C", false),
            ("D", "C", true),
            ("E", "E", true),
            ("D", "E", false),
        ] {
            let (category, letter) = (category.parse::<TunnelCategory>().unwrap(), letter.parse().unwrap());
            assert_eq!(category.forbids(letter), forbids, "{category} {letter}");
        }
    }
}
