//! Which password will do.

use settings::Access;

/// Most bytes of a name or password; hashing is not for novels.
pub(crate) const SECRET_BYTES_MAX: usize = 1024;
/// What is left of a password once everything common is taken out of it has at least so many characters.
const RARE_CHARS_MIN: usize = 5;
/// Different characters of a password.
const DISTINCT_MIN: usize = 5;

/// Passwords and parts of them that are tried first, the longest first; words of this place among them.
const COMMON: &str = include_str!("passwords/common.txt");

/// What is wrong with a password for somebody of this name; `None`: it will do.
pub fn password_problem(access: &Access, name: &str, password: &str) -> Option<String> {
    let chars = password.chars().count();
    let least = access.password_chars_min;
    if chars < least || password.len() > SECRET_BYTES_MAX {
        return Some(format!(
            "has {chars} characters, expected at least {least} and at most {SECRET_BYTES_MAX} bytes"
        ));
    }
    let classes = classes(password);
    if classes < access.password_classes_min {
        let wanted = access.password_classes_min;
        return Some(format!(
            "has {classes} of lower case, upper case, digits and others, expected at least {wanted}"
        ));
    }
    let lower = password.to_lowercase();
    let name = name.to_lowercase();
    if lower == name {
        return Some("is the name, expected something else".to_owned());
    }
    let is_common = rare_chars(&lower, &name) < RARE_CHARS_MIN || distinct(&lower) < DISTINCT_MIN;
    is_common.then(|| "is made of what is guessed first, expected something else".to_owned())
}

fn classes(password: &str) -> usize {
    let is_other = |c: char| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric();
    let has: [bool; 4] = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_numeric),
        password.chars().any(is_other),
    ];
    has.into_iter().filter(|has| *has).count()
}

/// Characters that are left once the name and everything common is taken out, as are digits and signs at the ends.
fn rare_chars(lower: &str, name: &str) -> usize {
    let mut rest = if name.chars().count() >= 3 { lower.replace(name, "") } else { lower.to_owned() };
    for word in COMMON.lines().filter(|word| !word.is_empty()) {
        if rest.contains(word) {
            rest = rest.replace(word, "");
        }
    }
    rest.trim_matches(|c: char| !c.is_alphabetic()).chars().count()
}

fn distinct(text: &str) -> usize {
    text.chars().collect::<std::collections::BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use settings::AccessProfile;

    use super::*;

    fn problem(profile: AccessProfile, password: &str) -> Option<String> {
        password_problem(&Access::of(profile), "tashi", password)
    }

    /// ASVS 5.0: V6.2.1 length, V6.2.5 no composition, V6.2.9 long ones, V6.2.4 common ones, V6.2.11 words of the place.
    #[test]
    fn asvs_asks_for_length_and_nothing_common() {
        let asvs = |password: &str| problem(AccessProfile::Asvs, password);
        let long = "long sentence of a driver ".repeat(4);
        for good in ["correct horse battery", "lowercaseonlyyak", "道路旁边有一头白色的牦牛", &long]
        {
            assert_eq!(asvs(good), None, "{good}");
        }
        for bad in [
            "short",
            "password1234",
            "Password123!",
            "qwertyuiop123",
            "123456789012",
            "roadwarden2026",
            "Roadwarden@2026",
            "tashi-2026-11-26",
            "tashitashi12",
            "lhasa-police-2026",
            "iloveyou1234567",
            "abcdefgh123456",
            "aaaaaaaaaaaaaa",
            "abababababababab",
            "admin123456789",
            "woaini1314520",
        ] {
            assert!(asvs(bad).is_some(), "{bad}");
        }
        assert!(asvs(&"x1y2z".repeat(300)).is_some(), "too many bytes");
    }

    #[test]
    fn dengbao3_asks_for_three_kinds_of_characters() {
        let dengbao = |password| problem(AccessProfile::Dengbao3, password);
        assert_eq!(dengbao("Yak on the 3rd pass"), None);
        assert_eq!(dengbao("Yakonthe3rdpass"), None);
        let told = dengbao("yakonthethirdpass").unwrap();
        assert_eq!(told, "has 1 of lower case, upper case, digits and others, expected at least 3");
        assert!(dengbao("Passw0rd1234").is_some(), "common all the same");
    }

    #[test]
    fn longer_words_are_taken_out_first() {
        let words: Vec<&str> = COMMON.lines().filter(|word| !word.is_empty()).collect();
        assert!(words.len() > 300, "{}", words.len());
        assert!(words.is_sorted_by_key(|word| std::cmp::Reverse(word.chars().count())));
        assert!(words.iter().all(|word| *word == word.to_lowercase()));
    }
}
