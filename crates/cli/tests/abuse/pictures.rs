//! Small pictures, and files that only claim to be pictures.

use std::path::Path;

/// Writes a grey PNG whose content depends on `number`, so that no two are alike.
pub fn write_png(path: &Path, number: u32) {
    write(path, &png(number));
}

/// Writes bytes, making the folders above.
pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A 64 × 64 grey PNG of blocks that encode `number`.
pub fn png(number: u32) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..64_u32 {
        rows.push(0); // filter: none
        for x in 0..64_u32 {
            let cell = (y / 8) * 8 + x / 8;
            let mixed = (number + 1)
                .wrapping_mul(2_654_435_761)
                .rotate_left(cell % 31)
                ^ cell.wrapping_mul(40_503);
            rows.push((mixed >> 3) as u8);
        }
    }
    let mut bytes = header(64, 64);
    chunk(&mut bytes, b"IDAT", &stored_zlib(&rows));
    chunk(&mut bytes, b"IEND", &[]);
    bytes
}

/// A PNG that announces 30,000 × 30,000 pixels and holds none.
pub fn header_bomb() -> Vec<u8> {
    let mut bytes = header(30_000, 30_000);
    chunk(&mut bytes, b"IDAT", &stored_zlib(&[0; 64]));
    chunk(&mut bytes, b"IEND", &[]);
    bytes
}

fn header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut fields = [width.to_be_bytes(), height.to_be_bytes()].concat();
    fields.extend([8, 0, 0, 0, 0]); // 8 bit, grey, no interlace
    chunk(&mut bytes, b"IHDR", &fields);
    bytes
}

fn chunk(bytes: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    bytes.extend((content.len() as u32).to_be_bytes());
    let named = [kind.as_slice(), content].concat();
    bytes.extend(&named);
    bytes.extend(crc32(&named).to_be_bytes());
}

/// zlib with one stored block (RFC 1950, RFC 1951 section 3.2.4).
fn stored_zlib(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a small picture");
    let mut bytes = vec![0x78, 0x01, 0x01];
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(content);
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in content {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    bytes.extend((b << 16 | a).to_be_bytes());
    bytes
}

/// PNG specification, annex D, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}
