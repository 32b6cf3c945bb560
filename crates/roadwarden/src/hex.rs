//! Bytes as hex text, as recordings and `decode` read and print them.

use anyhow::{Result, ensure};

/// Lower-case digits, two a byte.
pub fn print(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hex digits of either case; blanks between them are allowed.
pub fn parse(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (pairs, odd) = digits.as_chunks::<2>();
    ensure!(odd.is_empty(), "an odd number of hex digits ({})", digits.len());
    pairs.iter().map(|[high, low]| byte(*high, *low)).collect()
}

fn byte(high: char, low: char) -> Result<u8> {
    let value = high.to_digit(16).zip(low.to_digit(16)).map(|(high, low)| high << 4 | low);
    let byte = value.and_then(|value| u8::try_from(value).ok());
    byte.ok_or_else(|| anyhow::anyhow!("{:?} are no hex digits", format!("{high}{low}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(parse(&print(&bytes)).unwrap(), bytes);
        assert_eq!(parse(" 7E\t0a ").unwrap(), [0x7e, 0x0a]);
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn a_sign_is_no_digit() {
        for (text, expected) in [
            ("+f", "\"+f\" are no hex digits"),
            ("7é", "\"7é\" are no hex digits"),
            ("7e0", "an odd number of hex digits (3)"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }
}
