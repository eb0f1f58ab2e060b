//! What the process that decodes says: a header of fixed length, then pixels or text. The reader believes nothing.

use std::io::{Error, ErrorKind, Result, Write};

/// What a file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A picture.
    Picture(Picture),
    /// Text.
    Text(Text),
    /// Nothing that could be shown.
    Nothing(NotShown),
}

/// A picture's pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels from side to side.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Width and height of the picture in the file, which may be larger.
    pub of: (u32, u32),
    /// Four bytes each: red, green, blue, opacity. Row by row without gaps.
    pub pixels: Vec<u8>,
}

/// The beginning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Some of its characters could not be read.
    pub is_lossy: bool,
    /// The file goes on.
    pub is_cut: bool,
}

/// Why there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotShown {
    /// It is neither a picture that is known nor text.
    Binary,
    /// The picture is larger than what is decoded.
    TooLarge,
    /// The picture is damaged, or takes too much to decode.
    Broken,
}

const MAGIC: [u8; 8] = *b"YorePrv1";
const NUMBERS: usize = 5;
const HEADER_BYTES: usize = MAGIC.len() + NUMBERS * 4;
const PICTURE: u32 = 1;
const TEXT: u32 = 2;
const NOTHING: u32 = 3;
/// The longest text: characters that could not be read may be longer than what they stand for.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What a whole message may have, in bytes, of which no picture is wider or higher than `edge_max`.
pub fn message_bytes_max(edge_max: u32) -> Option<usize> {
    let pixels = picture_bytes(edge_max, edge_max)?.max(TEXT_BYTES_MAX);
    pixels.checked_add(HEADER_BYTES)
}

fn picture_bytes(width: u32, height: u32) -> Option<usize> {
    let width = usize::try_from(width).ok()?;
    width.checked_mul(usize::try_from(height).ok()?)?.checked_mul(4)
}

impl Decoded {
    /// Says it.
    pub fn write(&self, output: &mut impl Write) -> Result<()> {
        let (numbers, body): ([u32; NUMBERS], &[u8]) = match self {
            Self::Picture(Picture { width, height, of, pixels }) => {
                ([PICTURE, *width, *height, of.0, of.1], pixels)
            }
            Self::Text(Text { text, is_lossy, is_cut }) => {
                let length = u32::try_from(text.len()).map_err(Error::other)?;
                let numbers = [TEXT, length, u32::from(*is_lossy), u32::from(*is_cut), 0];
                (numbers, text.as_bytes())
            }
            Self::Nothing(why) => ([NOTHING, why.code(), 0, 0, 0], &[]),
        };
        output.write_all(&MAGIC)?;
        for number in numbers {
            output.write_all(&number.to_le_bytes())?;
        }
        output.write_all(body)
    }

    /// Understands a whole message of which no picture is wider or higher than `edge_max`.
    pub fn read(message: &[u8], edge_max: u32) -> Result<Self> {
        let bad = || Error::from(ErrorKind::InvalidData);
        let rest = message.strip_prefix(&MAGIC).ok_or_else(bad)?;
        let (header, body) = rest.split_at_checked(NUMBERS * 4).ok_or_else(bad)?;
        let mut numbers = [0; NUMBERS];
        for (number, bytes) in numbers.iter_mut().zip(header.as_chunks::<4>().0) {
            *number = u32::from_le_bytes(*bytes);
        }
        match numbers {
            [PICTURE, width, height, of_width, of_height] => {
                let is_right = (1..=edge_max).contains(&width)
                    && (1..=edge_max).contains(&height)
                    && picture_bytes(width, height) == Some(body.len());
                let of = (of_width, of_height);
                let picture = || Picture { width, height, of, pixels: body.to_vec() };
                is_right.then(picture).map(Self::Picture).ok_or_else(bad)
            }
            [TEXT, length, is_lossy, is_cut, 0] => {
                let is_right = usize::try_from(length).is_ok_and(|length| length == body.len())
                    && body.len() <= TEXT_BYTES_MAX;
                let text = std::str::from_utf8(body).ok().filter(|_| is_right).ok_or_else(bad)?;
                let (is_lossy, is_cut) = (is_lossy != 0, is_cut != 0);
                Ok(Self::Text(Text { text: text.to_owned(), is_lossy, is_cut }))
            }
            [NOTHING, code, 0, 0, 0] if body.is_empty() => {
                NotShown::from_code(code).map(Self::Nothing).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }
}

impl NotShown {
    fn code(self) -> u32 {
        match self {
            Self::Binary => 1,
            Self::TooLarge => 2,
            Self::Broken => 3,
        }
    }

    fn from_code(code: u32) -> Option<Self> {
        [Self::Binary, Self::TooLarge, Self::Broken].into_iter().find(|why| why.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(decoded: &Decoded) -> Vec<u8> {
        let mut message = Vec::new();
        decoded.write(&mut message).unwrap();
        message
    }

    fn picture(width: u32, height: u32, bytes: usize) -> Decoded {
        Decoded::Picture(Picture { width, height, of: (9, 9), pixels: vec![7; bytes] })
    }

    #[test]
    fn what_is_said_is_understood() {
        let text = Text { text: "Größe".to_owned(), is_lossy: true, is_cut: false };
        for decoded in [
            picture(2, 3, 24),
            Decoded::Text(text),
            Decoded::Nothing(NotShown::Binary),
            Decoded::Nothing(NotShown::TooLarge),
            Decoded::Nothing(NotShown::Broken),
        ] {
            assert_eq!(Decoded::read(&said(&decoded), 8).unwrap(), decoded);
        }
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        let good = said(&picture(2, 3, 24));
        let mut bad = vec![
            Vec::new(),
            good[..good.len() - 1].to_vec(),
            [good.as_slice(), b"more"].concat(),
            said(&picture(0, 3, 0)),
            said(&picture(9, 1, 36)),
            said(&picture(u32::MAX, u32::MAX, 4)),
            said(&picture(1 << 31, 2, 0)),
        ];
        let text = Text { text: "abc".to_owned(), is_lossy: false, is_cut: false };
        let mut text = said(&Decoded::Text(text));
        *text.last_mut().unwrap() = 0xff;
        bad.push(text);
        for message in bad {
            assert!(Decoded::read(&message, 8).is_err(), "{message:?}");
        }
    }
}
