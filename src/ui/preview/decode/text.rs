//! Text: the beginning of a file, without anything that would trouble what lays it out.

use super::wire::{Decoded, NotShown, Text};

/// How much of a text is shown, in bytes.
pub const SHOWN_BYTES_MAX: u64 = 256 * 1024;
/// Longer lines are broken, in characters: to lay one out takes longer than its length.
const LINE_CHARS_MAX: usize = 2_000;
/// One character in so many may be unreadable in what is still text.
const ODD_SHARE: usize = 10;

/// The text that a file begins with, if it is one.
pub fn decode(content: &[u8]) -> Decoded {
    let limit = usize::try_from(SHOWN_BYTES_MAX).unwrap_or(usize::MAX);
    let shown = content.get(..limit).unwrap_or(content);
    let is_cut = content.len() > limit;
    let Some((text, is_lossy)) = read(shown, is_cut) else {
        return Decoded::Nothing(NotShown::Binary);
    };
    Decoded::Text(Text { text: tidy(&text), is_lossy, is_cut })
}

/// The characters, and whether some could not be read; `None` if it is no text.
fn read(bytes: &[u8], is_cut: bool) -> Option<(String, bool)> {
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return wide(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return wide(rest, u16::from_be_bytes);
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.contains(&0) {
        return None;
    }
    // Where it was cut, half a character is no fault of its.
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if is_cut && error.error_len().is_none() => bytes.get(..error.valid_up_to()),
        _ => None,
    };
    let bytes = whole.unwrap_or(bytes);
    let is_lossy = std::str::from_utf8(bytes).is_err();
    plausible(String::from_utf8_lossy(bytes).into_owned(), is_lossy)
}

fn wide(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Option<(String, bool)> {
    let (pairs, _half) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    let text = String::from_utf16(&units);
    let is_lossy = text.is_err();
    plausible(text.unwrap_or_else(|_| String::from_utf16_lossy(&units)), is_lossy)
}

/// The text, unless too much of it is none.
fn plausible(text: String, is_lossy: bool) -> Option<(String, bool)> {
    let odd = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER || is_control(*c)).count();
    (odd <= text.chars().count() / ODD_SHARE).then_some((text, is_lossy))
}

fn is_control(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{c}')
}

/// The same with lines of a bearable length and no control characters.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut in_line = 0;
    for character in text.replace("\r\n", "\n").chars() {
        if character == '\n' || in_line == LINE_CHARS_MAX {
            tidy.push('\n');
            in_line = 0;
        }
        if character != '\n' {
            tidy.push(if is_control(character) { char::REPLACEMENT_CHARACTER } else { character });
            in_line += 1;
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &[u8]) -> Option<Text> {
        match decode(content) {
            Decoded::Text(text) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn text_is_told_from_what_is_none() {
        assert_eq!(text("Größe\r\n2".as_bytes()).unwrap().text, "Größe\n2");
        assert_eq!(text(b"").unwrap().text, "");
        assert_eq!(text(b"\xff\xfea\0b\0").unwrap().text, "ab");
        assert_eq!(text(b"ELF\0\x01"), None);
        assert_eq!(text(&[0x80; 100]), None);
        let old = text(b"a long line of another time, gr\xfc\xdfe").unwrap();
        assert!(old.is_lossy && !old.is_cut);
    }

    #[test]
    fn what_is_cut_inside_a_character_lost_nothing() {
        let long = "ä".repeat(200_000);
        let cut = text(&long.as_bytes()[1..]).map(|text| (text.is_cut, text.is_lossy));
        assert_eq!(cut, Some((true, true)), "it begins with half a character");
        let mut odd = b"a".to_vec();
        odd.extend(long.as_bytes());
        let cut = text(&odd).unwrap();
        assert!(cut.is_cut && !cut.is_lossy);
    }

    #[test]
    fn no_line_is_endless() {
        let shown = text(&vec![b'x'; 10_000]).unwrap().text;
        assert_eq!(shown.lines().map(str::len).max(), Some(LINE_CHARS_MAX));
        assert_eq!(shown.replace('\n', "").len(), 10_000);
    }
}
