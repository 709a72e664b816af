"""Writes the small images that tests/it/golden.rs reads, and expected.json with their pixels.

Every picture is computed, none is a photograph. Pillow writes what it can; the kinds that it
cannot write (16-bit colour, interlaced PNG, planar TIFF) are written here byte by byte. The
expected values of lossless files are the computed pixels, checked against what Pillow reads where
Pillow keeps the bit depth; those of JPEG files are what Pillow (libjpeg-turbo) reads.

    python make_golden.py        # needs Pillow >= 11 and NumPy; rewrites this folder
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

HERE = Path(__file__).parent
expected = []


def grey(width, height, bits=8):
    """A pattern that uses the whole range and has no symmetry."""
    top = 2**bits - 1
    y, x = np.mgrid[:height, :width]
    wave = (x * 7 + y * 13 + x * y) % 64 / 63
    values = np.round(wave * top)
    values[0, 0], values[-1, -1] = top, 0
    return values.astype(np.uint16 if bits == 16 else np.uint8)


def colour(width, height, bits=8):
    base = grey(width, height, bits)
    return np.stack([base, base[::-1], base[:, ::-1]], axis=-1)


def smooth(width, height):
    """Low frequencies only, so that decoders differ by rounding and not by their filters."""
    y, x = np.mgrid[:height, :width]
    wave = np.sin(x / width * 3) * np.cos(y / height * 2)
    return np.round(120 + 90 * wave).astype(np.uint8)


def smooth_colour(width, height):
    base = smooth(width, height).astype(int)
    return np.stack([base, 255 - base, (base + 128) // 2], axis=-1).astype(np.uint8)


def over_black(values, alpha, top):
    """Rounded to nearest, as decode documents."""
    return (values.astype(np.uint64) * alpha + top // 2) // top


def expect(name, pixels, tolerance=0):
    pixels = np.asarray(pixels)
    if pixels.ndim == 3 and (pixels[..., :1] == pixels).all():
        pixels = pixels[..., 0]
    expected.append({
        "file": name,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "channels": pixels.shape[2] if pixels.ndim == 3 else 1,
        "bits": 16 if pixels.dtype == np.uint16 else 8,
        "tolerance": tolerance,
        "values": pixels.reshape(-1).tolist(),
    })


def refuse(name, sentence):
    expected.append({"file": name, "refused": sentence})


def save(name, image, **options):
    image.save(HERE / name, **options)


def check(name, pixels, mode=None):
    with Image.open(HERE / name) as image:
        seen = np.asarray(image.convert(mode) if mode else image)
    assert (seen.astype(int) == np.asarray(pixels).astype(int)).all(), name


# --- PNG, byte by byte -------------------------------------------------------------------------
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png_bytes(pixels, interlaced=False):
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    passes = [pixels[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [pixels]
    rows = b"".join(
        b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes()
        for image in passes if image.size
        for row in image
    )

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, COLOUR_TYPES[channels], 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_png(name, pixels, **options):
    (HERE / name).write_bytes(png_bytes(pixels, **options))


# --- TIFF, byte by byte ------------------------------------------------------------------------
def tiff_bytes(planes, photometric, sample_format=1, order="<"):
    """Uncompressed, planar configuration 2: one strip per plane."""
    height, width = planes[0].shape
    bits = planes[0].dtype.itemsize * 8
    count = len(planes)
    strips = [plane.astype(plane.dtype.newbyteorder(order)).tobytes() for plane in planes]
    tags = [
        (256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * count), (259, 3, [1]),
        (262, 3, [photometric]), (273, 4, None), (277, 3, [count]), (278, 4, [height]),
        (279, 4, [len(strip) for strip in strips]), (284, 3, [2 if count > 1 else 1]),
        (339, 3, [sample_format] * count),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    extra = b""

    def packed(kind, values):
        return struct.pack(order + {3: "H", 4: "I"}[kind] * len(values), *values)

    long_bytes = sum(len(packed(k, v or [0] * count)) for _, k, v in tags if len(packed(k, v or [0] * count)) > 4)
    offset, offsets = start + long_bytes, []
    for strip in strips:
        offsets.append(offset)
        offset += len(strip)
    entries = b""
    for tag, kind, values in tags:
        values = offsets if values is None else values
        data = packed(kind, values)
        if len(data) > 4:
            place = struct.pack(order + "I", start + len(extra))
            extra += data
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + place
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return (magic + struct.pack(order + "I", 8) + struct.pack(order + "H", len(tags)) + entries
            + b"\0\0\0\0" + extra + b"".join(strips))


def make_png():
    for name, pixels in [
        ("grey8_1x1.png", grey(1, 1)), ("grey8_odd.png", grey(7, 5)), ("rgb8_odd.png", colour(5, 9)),
        ("grey16.png", grey(9, 4, 16)),
    ]:
        save(name, Image.fromarray(pixels))
        check(name, pixels)
        expect(name, pixels)
    rgb16 = colour(5, 4, 16)
    write_png("rgb16.png", rgb16)
    expect("rgb16.png", rgb16)
    for name, pixels in [("grey8_interlaced.png", grey(13, 11)), ("rgb8_interlaced.png", colour(6, 3))]:
        write_png(name, pixels, interlaced=True)
        check(name, pixels)
        expect(name, pixels)
    equal = np.repeat(grey(6, 6)[..., None], 3, axis=-1)
    save("rgb8_all_grey.png", Image.fromarray(equal))
    expect("rgb8_all_grey.png", equal)

    alpha = (np.arange(35).reshape(5, 7) * 7 + 5).astype(np.uint8)
    la = np.stack([grey(7, 5), alpha], axis=-1)
    write_png("grey8_alpha.png", la)
    check("grey8_alpha.png", la)
    expect("grey8_alpha.png", over_black(la[..., 0], alpha, 255).astype(np.uint8))
    rgba = np.concatenate([colour(7, 5), alpha[..., None]], axis=-1)
    save("rgba8.png", Image.fromarray(rgba))
    expect("rgba8.png", over_black(rgba[..., :3], alpha[..., None], 255).astype(np.uint8))
    alpha16 = alpha.astype(np.uint16) * 211
    rgba16 = np.concatenate([colour(7, 5, 16), alpha16[..., None]], axis=-1)
    write_png("rgba16.png", rgba16)
    expect("rgba16.png", over_black(rgba16[..., :3], alpha16[..., None], 65535).astype(np.uint16))

    bilevel = Image.fromarray(grey(10, 3)).point(lambda v: 255 if v > 99 else 0, mode="1")
    save("bilevel.png", bilevel)
    expect("bilevel.png", np.asarray(bilevel).astype(np.uint8) * 255)
    indexed = Image.fromarray((grey(8, 6) // 64).astype(np.uint8), mode="P")
    indexed.putpalette([200, 10, 10, 20, 180, 30, 5, 60, 250, 255, 255, 255])
    save("palette.png", indexed, bits=2)
    check("palette.png", np.asarray(indexed.convert("RGB")), "RGB")
    expect("palette.png", np.asarray(indexed.convert("RGB")))
    save("palette_transparent.png", indexed, bits=2, transparency=1)
    seen = np.asarray(indexed.convert("RGB")).copy()
    seen[np.asarray(indexed) == 1] = 0
    expect("palette_transparent.png", seen)

    whole = png_bytes(grey(40, 40))
    (HERE / "truncated.png").write_bytes(whole[: len(whole) * 2 // 3])
    refuse("truncated.png", "the PNG file ends before the image does")
    broken = bytearray(whole)
    broken[60] ^= 0xFF
    (HERE / "damaged.png").write_bytes(broken)
    refuse("damaged.png", "the PNG file is damaged")
    bomb = struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0)
    bomb = whole[:8] + struct.pack(">I", 13) + b"IHDR" + bomb + struct.pack(">I", zlib.crc32(b"IHDR" + bomb))
    (HERE / "header_bomb.png").write_bytes(bomb + whole[33:])
    refuse("header_bomb.png", "announces 30000 × 30000 pixels")


def make_tiff():
    raw, packed = grey(9, 6), colour(6, 7)
    for name, image, pixels, options in [
        ("grey8.tif", Image.fromarray(raw), raw, {}),
        ("grey8_packbits.tif", Image.fromarray(raw), raw, {"compression": "packbits"}),
        ("rgb8_lzw.tif", Image.fromarray(packed), packed, {"compression": "tiff_lzw"}),
        ("grey16_deflate.tif", Image.fromarray(grey(11, 5, 16)), grey(11, 5, 16),
         {"compression": "tiff_adobe_deflate"}),
        ("grey16_lzw_predictor.tif", Image.fromarray(grey(11, 5, 16)), grey(11, 5, 16),
         {"compression": "tiff_lzw", "tiffinfo": {317: 2}}),
    ]:
        save(name, image, **options)
        check(name, pixels)
        expect(name, pixels)
    big = grey(5, 7, 16)
    (HERE / "grey16_big_endian.tif").write_bytes(tiff_bytes([big], 1, order=">"))
    check("grey16_big_endian.tif", big)
    expect("grey16_big_endian.tif", big)
    (HERE / "grey8_white_is_zero.tif").write_bytes(tiff_bytes([255 - raw], 0))
    expect("grey8_white_is_zero.tif", raw)
    planar = colour(4, 5, 16)
    (HERE / "rgb16_planar.tif").write_bytes(tiff_bytes([planar[..., c] for c in range(3)], 2))
    expect("rgb16_planar.tif", planar)
    rgba = np.concatenate([colour(5, 3), np.arange(15, dtype=np.uint8).reshape(3, 5, 1) * 17], axis=-1)
    save("rgba8.tif", Image.fromarray(rgba))
    expect("rgba8.tif", over_black(rgba[..., :3], rgba[..., 3:], 255).astype(np.uint8))
    indexed = Image.fromarray((grey(8, 6) // 64).astype(np.uint8), mode="P")
    indexed.putpalette([200, 10, 10, 20, 180, 30, 5, 60, 250, 255, 255, 255])
    save("palette.tif", indexed)
    check("palette.tif", np.asarray(indexed.convert("RGB")), "RGB")
    expect("palette.tif", np.asarray(indexed.convert("RGB")))
    bilevel = Image.fromarray(grey(10, 3)).point(lambda v: 255 if v > 99 else 0, mode="1")
    save("bilevel.tif", bilevel)
    expect("bilevel.tif", np.asarray(bilevel).astype(np.uint8) * 255)
    turned = smooth(6, 4)
    save("orientation3.tif", Image.fromarray(turned), tiffinfo={274: 3})
    expect("orientation3.tif", turned[::-1, ::-1])

    pages = [Image.fromarray(grey(4, 4)), Image.fromarray(grey(4, 4)), Image.fromarray(grey(4, 4))]
    save("three_pages.tif", pages[0], save_all=True, append_images=pages[1:])
    refuse("three_pages.tif", "the TIFF file holds 3 pages; save it as one file for each page")
    save("float32.tif", Image.fromarray(grey(4, 4).astype(np.float32)))
    refuse("float32.tif", "the TIFF file holds floating-point samples")
    (HERE / "int16.tif").write_bytes(tiff_bytes([grey(4, 4, 16).view(np.int16)], 1, sample_format=2))
    refuse("int16.tif", "the TIFF file holds signed samples")
    save("cmyk.tif", Image.fromarray(colour(4, 4)).convert("CMYK"))
    refuse("cmyk.tif", "the TIFF file holds CMYK colours")
    whole = (HERE / "grey16_big_endian.tif").read_bytes()
    (HERE / "truncated.tif").write_bytes(whole[:-20])
    refuse("truncated.tif", "the TIFF file ends before the image does")


def make_jpeg():
    def write(name, image, shown=None, **options):
        save(name, image, **options)
        with Image.open(HERE / name) as seen:
            pixels = np.asarray(seen)
        expect(name, shown(pixels) if shown else pixels, tolerance=2)

    soft, soft_colour = Image.fromarray(smooth(21, 17)), Image.fromarray(smooth_colour(21, 17))
    write("grey.jpg", soft, quality=90)
    write("grey_1x1.jpg", Image.fromarray(grey(1, 1)), quality=90)
    write("rgb_444.jpg", soft_colour, quality=95, subsampling=0)
    write("rgb_420.jpg", soft_colour, quality=95, subsampling=2)
    write("rgb_progressive.jpg", soft_colour, quality=95, subsampling=0, progressive=True)
    write("grey_progressive.jpg", soft, quality=90, progressive=True)
    write("grey_restart.jpg", soft, quality=90, restart_marker_blocks=1)
    write("rgb_not_ycbcr.jpg", soft_colour, quality=95, keep_rgb=True)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    write("grey_profile.jpg", soft, quality=90, icc_profile=profile)
    exif = Image.Exif()
    exif[0x0112] = 6
    write("orientation6.jpg", soft, shown=lambda pixels: np.rot90(pixels, -1), quality=90, exif=exif)

    save("cmyk.jpg", soft_colour.convert("CMYK"))
    refuse("cmyk.jpg", "the JPEG file holds CMYK colours")
    memory = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(memory, "JPEG", quality=50)
    whole = memory.getvalue()
    (HERE / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    refuse("truncated.jpg", "the JPEG file ends before the image does")
    (HERE / "jpeg_named.png").write_bytes((HERE / "grey.jpg").read_bytes())
    with Image.open(HERE / "grey.jpg") as seen:
        expect("jpeg_named.png", np.asarray(seen), tolerance=2)


for old in HERE.iterdir():
    if old.suffix in {".png", ".tif", ".jpg"}:
        old.unlink()
make_png()
make_tiff()
make_jpeg()
lines = ",\n".join(json.dumps(entry, separators=(",", ":"), ensure_ascii=False) for entry in expected)
(HERE / "expected.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
