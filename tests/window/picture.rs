//! Pictures that look like something: a sky over hills, or a plot, another one for each number.

use std::path::Path;

use image::{Rgb, RgbImage};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 320;

/// Writes picture `number` as JPEG.
pub fn picture(path: &Path, number: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let image = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| colour(number, x, y));
    image.save_with_format(path, image::ImageFormat::Jpeg).unwrap();
}

fn colour(number: u32, x: u32, y: u32) -> Rgb<u8> {
    let (across, down) = (f64::from(x) / f64::from(WIDTH), f64::from(y) / f64::from(HEIGHT));
    let turn = f64::from(number) * 0.7;
    let hills = [(0.55, 0.10, 3.0), (0.70, 0.08, 5.0), (0.85, 0.06, 9.0)];
    let ridge = |(base, height, waves): &(f64, f64, f64)| {
        base + height * (across * waves + turn + base * 7.0).sin()
    };
    match hills.iter().rposition(|hill| down > ridge(hill)) {
        None => mix([120.0, 170.0 + 40.0 * turn.sin(), 225.0], [250.0, 225.0, 190.0], down * 1.6),
        Some(hill) => mix(
            [60.0, 110.0 + 50.0 * turn.cos(), 90.0],
            [25.0, 60.0, 50.0],
            f64::from(u8::try_from(hill).unwrap()) / 2.0,
        ),
    }
}

fn mix(from: [f64; 3], to: [f64; 3], part: f64) -> Rgb<u8> {
    let part = part.clamp(0.0, 1.0);
    let mixed = |index: usize| from[index] + (to[index] - from[index]) * part;
    Rgb([0, 1, 2].map(|index| mixed(index).clamp(0.0, 255.0) as u8))
}
