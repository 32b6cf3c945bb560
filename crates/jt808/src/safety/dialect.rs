//! Whose variant of T/JSATL 12 a terminal speaks.

/// Whose variant of the standard an item follows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Dialect {
    /// 苏标, sign of 16 bytes: T/JSATL 12-2017, and those that copied its sign.
    Jiangsu,
    /// 粤标, sign of 40 bytes: T/GDRTA 002-2020.
    Guangdong,
    /// 川标 of 2019, sign of 39 bytes.
    Sichuan,
    /// 黑标, sign of 38 bytes.
    Heilongjiang,
    /// 渝标, the sign of 苏标.
    Chongqing,
    /// 湘标, the sign of 苏标.
    Hunan,
    /// 京标, the sign and the types of 苏标 as far as is known.
    Beijing,
    /// 川标 behind a 2013 header, the sign of 苏标.
    Sichuan2013,
}

impl Dialect {
    /// The most common sign first: it wins where two fit.
    pub const ALL: [Self; 8] = [
        Self::Jiangsu,
        Self::Guangdong,
        Self::Sichuan,
        Self::Heilongjiang,
        Self::Chongqing,
        Self::Hunan,
        Self::Beijing,
        Self::Sichuan2013,
    ];

    /// The dialect of a sign of so many bytes. Several share the sign of 苏标: there `hint` decides, what is known of the
    /// terminal from elsewhere, such as [`Dialect::of_province`] of its registration. A hint that the sign contradicts is
    /// passed over.
    #[must_use]
    #[inline]
    pub fn of(sign_bytes: usize, hint: Option<Self>) -> Option<Self> {
        let hinted = hint.filter(|hint| hint.sign_bytes() == sign_bytes);
        hinted.or_else(|| Self::ALL.into_iter().find(|dialect| dialect.sign_bytes() == sign_bytes))
    }

    /// The dialect of an item of so many bytes; nothing where its length is that of none. Items of tyres do not tell by
    /// their length alone, nor do those of other ids.
    #[must_use]
    pub fn of_item(item: u8, len: usize, hint: Option<Self>) -> Option<Self> {
        let before_sign = match item {
            0x64 | 0x65 | 0x68 | 0x70 => 31,
            0x67 => 25,
            0x71 => 28,
            _ => return None,
        };
        Self::of(len.checked_sub(before_sign)?, hint)
    }

    /// The dialect of a province by its code of GB/T 2260, as 0x0100 and parameter 0x0081 have it (44 or 440000 without
    /// the zeros). A hint and no more: a terminal keeps its dialect when its vehicle moves.
    #[must_use]
    pub const fn of_province(code: u16) -> Option<Self> {
        match code {
            11 => Some(Self::Beijing),
            23 => Some(Self::Heilongjiang),
            32 => Some(Self::Jiangsu),
            43 => Some(Self::Hunan),
            44 => Some(Self::Guangdong),
            50 => Some(Self::Chongqing),
            51 => Some(Self::Sichuan2013),
            _ => None,
        }
    }

    /// Bytes of the alarm sign.
    #[must_use]
    pub const fn sign_bytes(self) -> usize {
        match self {
            Self::Jiangsu | Self::Chongqing | Self::Hunan | Self::Beijing | Self::Sichuan2013 => 16,
            Self::Heilongjiang => 38,
            Self::Sichuan => 39,
            Self::Guangdong => 40,
        }
    }

    /// Bytes of the terminal id, with which a sign begins.
    #[inline]
    pub(crate) const fn id_bytes(self) -> usize {
        match self {
            Self::Jiangsu | Self::Chongqing | Self::Hunan | Self::Beijing | Self::Sichuan2013 => 7,
            Self::Heilongjiang | Self::Sichuan | Self::Guangdong => 30,
        }
    }

    /// Short name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jiangsu => "jiangsu",
            Self::Guangdong => "guangdong",
            Self::Sichuan => "sichuan",
            Self::Heilongjiang => "heilongjiang",
            Self::Chongqing => "chongqing",
            Self::Hunan => "hunan",
            Self::Beijing => "beijing",
            Self::Sichuan2013 => "sichuan-2013",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_decides_where_signs_are_alike_and_nowhere_else() {
        assert_eq!(Dialect::of(16, None), Some(Dialect::Jiangsu));
        assert_eq!(Dialect::of(16, Some(Dialect::Hunan)), Some(Dialect::Hunan));
        assert_eq!(Dialect::of(40, Some(Dialect::Hunan)), Some(Dialect::Guangdong));
        assert_eq!(Dialect::of(17, Some(Dialect::Hunan)), None);
        assert_eq!(Dialect::of_item(0x65, 47, Dialect::of_province(50)), Some(Dialect::Chongqing));
        assert_eq!(Dialect::of_item(0x71, 44, None), Some(Dialect::Jiangsu));
        assert_eq!(Dialect::of_item(0x67, 65, None), Some(Dialect::Guangdong));
        assert_eq!(Dialect::of_item(0x64, 2, None), None);
        assert_eq!(Dialect::of_item(0x66, 47, None), None);
        assert_eq!(Dialect::of_province(54), None);
    }
}
