//! What a file holds, by its first bytes: what the terminal says of it is never believed.

/// Bytes of a file that are looked at.
pub(crate) const HEAD_BYTES: usize = 512;

/// What people ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A picture.
    Picture,
    /// Sound.
    Audio,
    /// A film.
    Video,
    /// Text.
    Text,
    /// Anything else.
    Other,
}

impl Kind {
    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Other => "other",
        }
    }

    /// From the code of 0x1211 (T/JSATL 12-2017).
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Picture,
            1 => Self::Audio,
            2 => Self::Video,
            3 => Self::Text,
            _ => Self::Other,
        }
    }
}

/// A form of file: what it holds, how its name ends here, its media type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Form {
    /// What it holds; nothing where the bytes do not say.
    pub kind: Option<Kind>,
    /// The ending of its name.
    pub extension: &'static str,
    /// The media type it is served as.
    pub media_type: &'static str,
}

/// What is not in the list.
const UNKNOWN: Form = Form { kind: None, extension: "bin", media_type: "application/octet-stream" };

const FORMS: [Form; 8] = [
    Form { kind: Some(Kind::Picture), extension: "jpg", media_type: "image/jpeg" },
    Form { kind: Some(Kind::Picture), extension: "png", media_type: "image/png" },
    Form { kind: Some(Kind::Audio), extension: "wav", media_type: "audio/wav" },
    Form { kind: Some(Kind::Audio), extension: "mp3", media_type: "audio/mpeg" },
    Form { kind: Some(Kind::Video), extension: "mp4", media_type: "video/mp4" },
    Form { kind: Some(Kind::Video), extension: "avi", media_type: "video/x-msvideo" },
    // A bare H.264 stream has no media type that a browser plays.
    Form { kind: Some(Kind::Video), extension: "h264", media_type: "application/octet-stream" },
    Form { kind: Some(Kind::Text), extension: "txt", media_type: "text/plain; charset=utf-8" },
];

impl Form {
    /// By the first bytes of a file.
    pub(crate) fn of(head: &[u8]) -> Self {
        Self::with(match head {
            [0xff, 0xd8, 0xff, ..] => "jpg",
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "png",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "wav",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => "avi",
            [b'I', b'D', b'3', ..] => "mp3",
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => "mp4",
            // A sequence of parameters (7), a picture (1, 5) or a delimiter (9) of H.264.
            [0, 0, 0, 1, unit, ..] | [0, 0, 1, unit, ..] if matches!(unit & 0x9f, 1 | 5 | 7 | 9) => "h264",
            head if is_text(head) => "txt",
            _ => "bin",
        })
    }

    /// By the ending of a name made here.
    pub(crate) fn with(extension: &str) -> Self {
        FORMS.into_iter().find(|form| form.extension == extension).unwrap_or(UNKNOWN)
    }
}

/// UTF-8 without control characters; a letter cut at the end of the head is none the less text.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty()
        && text.chars().all(|letter| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_form() {
        let check = |head: &[u8], extension| assert_eq!(Form::of(head).extension, extension, "{head:?}");
        check(&[0xff, 0xd8, 0xff, 0xe0], "jpg");
        check(b"\x89PNG\r\n\x1a\n\0", "png");
        check(b"RIFF\0\0\0\0WAVEfmt ", "wav");
        check(b"RIFF\0\0\0\0AVI LIST", "avi");
        check(b"ID3\x03", "mp3");
        check(b"\0\0\0\x18ftypmp42", "mp4");
        check(&[0, 0, 0, 1, 0x67, 0x42], "h264");
        check(&[0, 0, 1, 0x65], "h264");
        check("速度 60\r\n".as_bytes(), "txt");
        check("速".as_bytes().get(..2).unwrap(), "bin");
        check(b"<script>alert(1)</script>", "txt");
        check(&[], "bin");
        check(&[b'a', 0], "bin");
        check(&[0xff, 0xfe, b'a'], "bin");
    }

    #[test]
    fn nothing_is_served_as_what_a_browser_would_run() {
        for form in FORMS.into_iter().chain([UNKNOWN]) {
            assert!(!["html", "xml", "svg", "script"].iter().any(|bad| form.media_type.contains(bad)));
            assert_eq!(Form::with(form.extension), form);
        }
    }
}
