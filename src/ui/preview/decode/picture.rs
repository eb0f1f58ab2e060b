//! Pictures: their first frame, turned as the camera was held, no larger than asked for.

use std::ffi::OsStr;
use std::io::Cursor;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::wire::{Decoded, NotShown, Picture};

/// No side of a picture is longer, in pixels, whatever its file says.
const SIDE_MAX: u32 = 32_768;
/// What a decoder may take for a picture, in bytes.
const DECODED_BYTES_MAX: u64 = 384 << 20;

/// What is decoded.
const KNOWN: [ImageFormat; 6] = [
    ImageFormat::Bmp,
    ImageFormat::Gif,
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::Tiff,
    ImageFormat::WebP,
];

/// What picture the beginning of a file belongs to; `None` if none that is known.
pub fn format(start: &[u8]) -> Option<ImageFormat> {
    image::guess_format(start).ok().filter(|format| KNOWN.contains(format))
}

/// Whether a file of this name is a picture that can be decoded, if its name says what it is.
pub fn is_named_so(name: &[u8]) -> bool {
    let format = ImageFormat::from_path(Path::new(OsStr::from_bytes(name)));
    format.is_ok_and(|format| KNOWN.contains(&format))
}

/// Decodes a picture and makes it small enough for `edge_max` pixels on its longer side.
pub fn decode(content: &[u8], format: ImageFormat, edge_max: u32) -> Decoded {
    match try_decode(content, format) {
        Ok(picture) => shrink(picture, edge_max),
        Err(image::ImageError::Limits(_)) => Decoded::Nothing(NotShown::TooLarge),
        Err(_) => Decoded::Nothing(NotShown::Broken),
    }
}

fn try_decode(content: &[u8], format: ImageFormat) -> image::ImageResult<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.check_dimensions(decoder.dimensions().0, decoder.dimensions().1)?;
    // The reader leaves it to its caller to have room for the picture itself.
    limits.reserve(decoder.total_bytes())?;
    let turned = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(turned);
    Ok(picture)
}

fn shrink(picture: DynamicImage, edge_max: u32) -> Decoded {
    let of = (picture.width(), picture.height());
    let is_large = of.0.max(of.1) > edge_max;
    let small = if is_large { picture.thumbnail(edge_max, edge_max) } else { picture };
    let (width, height) = (small.width(), small.height());
    let pixels = small.into_rgba8().into_raw();
    Decoded::Picture(Picture { width, height, of, pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    fn shown(content: &[u8]) -> Decoded {
        decode(content, format(content).unwrap(), 100)
    }

    #[test]
    fn a_large_picture_becomes_small_and_tells_how_large_it_was() {
        let Decoded::Picture(picture) = shown(&png(400, 200)) else { panic!() };
        assert_eq!((picture.width, picture.height, picture.of), (100, 50, (400, 200)));
        assert_eq!(picture.pixels.len(), 100 * 50 * 4);
    }

    #[test]
    fn a_name_tells_a_picture_from_other_files() {
        for name in ["a.jpg", "a.JPEG", "x.y.png", ".b.webp", "a.tif"] {
            assert!(is_named_so(name.as_bytes()), "{name}");
        }
        for name in [&b"jpg"[..], b"a.txt", b"a.svg", b".png", b"", b"\xff", b"a.jpg.zip"] {
            assert!(!is_named_so(name), "{name:?}");
        }
    }

    #[test]
    fn a_forged_size_takes_no_room() {
        let mut forged = png(4, 4);
        for (place, byte) in 60_000_u32.to_be_bytes().into_iter().cycle().take(8).enumerate() {
            forged[16 + place] = byte;
        }
        // The check sum of the changed header.
        let sum = crc32(&forged[12..29]).to_be_bytes();
        forged[29..33].copy_from_slice(&sum);
        assert!(matches!(shown(&forged), Decoded::Nothing(NotShown::TooLarge)));
    }

    #[test]
    fn half_a_picture_is_broken() {
        let whole = png(300, 300);
        assert!(matches!(shown(&whole[..40]), Decoded::Nothing(NotShown::Broken)));
        assert!(matches!(shown(&whole[..9]), Decoded::Nothing(NotShown::Broken)));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
            })
        })
    }
}
