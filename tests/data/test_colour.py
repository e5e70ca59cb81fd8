"""Colour profiles: the pixels of littleCMS on the whole picture; those of sRGB stay as they are."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from sklearn.datasets import load_sample_images

from paiaa_jax.data import colour, images
from tests.data import profiles
from tests.data.pictures import encoded, opened, photo

PROFILES = {
  "P3": profiles.rgb(profiles.P3, profiles.srgb_curve()),
  "Adobe RGB": profiles.rgb(profiles.ADOBE, profiles.gamma(2.2)),
  "ProPhoto": profiles.rgb(profiles.PROPHOTO, profiles.gamma(1.8)),
  "sRGB's colours, gamma 2.2": profiles.rgb(profiles.SRGB, profiles.gamma(2.2)),
  "linear": profiles.rgb(profiles.SRGB, profiles.gamma(1)),
}
P3 = PROFILES["P3"]
GREY, CMYK = profiles.grey(profiles.gamma(1.8)), profiles.cmyk()
HAVE_AVIF = "AVIF" in images.FORMATS


def same(found, expected, atol=0):
  found, expected = (np.asarray(array).astype(int) for array in (found, expected))
  assert found.shape == expected.shape
  assert np.abs(found - expected).max() <= atol


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_profile_is_converted_as_littlecms_does(form, profile):
  data = encoded(photo(), form, icc_profile=profile)
  plain = opened(data).convert("RGB")
  expected = profiles.littlecms(plain, profile)
  assert np.abs(np.asarray(expected).astype(int) - np.asarray(plain)).max() > 5
  same(images.decode(data), expected)


@pytest.mark.skipif(not HAVE_AVIF, reason="this Pillow reads no AVIF")
def test_so_it_is_in_avif():
  data = encoded(photo(), "AVIF", icc_profile=P3)
  same(images.decode(data), profiles.littlecms(opened(data), P3))


def test_display_p3_is_what_its_definition_says():
  levels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
  linear = np.where(
    levels <= 0.04045 * 255, levels / 255 / 12.92, ((levels / 255 + 0.055) / 1.055) ** 2.4
  )
  to_xyz, from_xyz = np.transpose(profiles.P3), np.linalg.inv(np.transpose(profiles.SRGB))
  light = np.clip(linear @ to_xyz.T @ from_xyz.T, 0, 1)
  expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
  same(
    images.decode(encoded(Image.fromarray(levels), "PNG", icc_profile=P3)),
    np.rint(255 * expected),
    1,
  )


def test_a_picture_scores_by_its_look_whatever_its_space():
  shown = photo(300, 200)
  srgb = ImageCms.createProfile("sRGB")
  for profile in (P3, PROFILES["Adobe RGB"], PROFILES["ProPhoto"]):
    space = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    stored = ImageCms.profileToProfile(shown, srgb, space, outputMode="RGB")
    found = images.decode(encoded(stored, "PNG", icc_profile=profile)).astype(int)
    assert np.abs(found - np.asarray(shown)).mean() < 0.7


OWN = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SRGB = {
  "littleCMS's": OWN,
  "by its formula": profiles.rgb(profiles.SRGB, profiles.srgb_curve(), name="not called so"),
  "of an intent that is none": profiles.rgb(profiles.SRGB, profiles.srgb_curve(), intent=1 << 24),
}


@pytest.mark.parametrize("profile", SRGB.values(), ids=SRGB)
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_srgb_by_any_name_changes_no_bit(form, profile):
  same(images.decode(encoded(photo(), form, icc_profile=profile)), opened(encoded(photo(), form)))


def test_photographs_with_the_usual_srgb_profile_change_no_bit():
  paths = [path for path in load_sample_images().filenames if path.endswith(".jpg")]
  assert len(paths) == 2
  for path in paths:
    plain = Image.open(path)
    assert len(plain.info["icc_profile"]) == 3144  # sRGB IEC61966-2.1
    same(images.decode(path), plain)


BROKEN = {
  "empty": b"",
  "text": b"no profile",
  "zeros": bytes(128),
  "cut short": P3[:200],
  "without its numbers": P3[:132] + bytes(len(P3) - 132),
  "without its mark": P3.replace(b"acsp", b"none"),
  "that makes all black": profiles.rgb([(0, 0, 0)] * 3, profiles.gamma(2.2)),
  "of six colours": P3.replace(b"RGB ", b"6CLR"),
}


@pytest.mark.parametrize("profile", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_broken_profile_costs_no_pixel(form, profile):
  same(images.decode(encoded(photo(), form, icc_profile=profile)), opened(encoded(photo(), form)))


@pytest.mark.parametrize(
  ("mode", "profile"),
  [("RGB", GREY), ("RGB", CMYK), ("L", CMYK), ("CMYK", P3), ("CMYK", GREY)],
  ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_profile_of_another_kind_of_picture_counts_as_none(mode, profile):
  image = photo().convert(mode)
  same(images.decode(encoded(image, "TIFF", icc_profile=profile)), image.convert("RGB"))


def test_a_printers_inks_are_converted():
  data = encoded(photo().convert("CMYK"), quality=95, icc_profile=CMYK)
  plain = opened(data)
  assert plain.mode == "CMYK"
  expected = profiles.littlecms(plain, CMYK)
  assert np.abs(np.asarray(expected).astype(int) - np.asarray(plain.convert("RGB"))).mean() > 10
  same(images.decode(data), expected)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_greys_are_converted_by_a_profile_of_greys(form):
  data = encoded(photo().convert("L"), form, icc_profile=GREY)
  found = images.decode(data)
  same(found, profiles.littlecms(opened(data), GREY))
  share = np.asarray(opened(data)) / 255  # the definitions: gamma 1.8 here, sRGB's curve there
  expected = 255 * (1.055 * share ** (1.8 / 2.4) - 0.055)
  bright = share > 0.1
  assert np.abs(found[..., 0] - expected)[bright].max() <= 1


def test_greys_of_16_bits_are_converted_too():
  grey = photo().convert("L")
  deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
  same(images.decode(encoded(deep, "PNG", icc_profile=GREY)), profiles.littlecms(grey, GREY))


def test_greys_with_a_profile_of_colours_are_equal_parts_of_them():
  grey = photo().convert("L")
  expected = profiles.littlecms(grey.convert("RGB"), PROFILES["Adobe RGB"])
  found = images.decode(encoded(grey, icc_profile=PROFILES["Adobe RGB"], quality=95))
  same(found, expected, 6)  # of JPEG
  same(images.decode(encoded(grey, "PNG", icc_profile=PROFILES["Adobe RGB"])), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_shows_through_is_white_in_srgb(mode):
  image = photo()
  alpha = Image.fromarray(np.linspace(0, 255, 64 * 48).reshape(48, 64).astype(np.uint8))
  profile = GREY if mode == "LA" else P3
  image = image.quantize() if mode == "P" else image.convert(mode[:-1])
  if mode != "P":
    image.putalpha(alpha)
  data = encoded(image, "PNG", icc_profile=profile)
  opaque = opened(data).convert("RGB" if mode != "LA" else "L")
  colours = np.asarray(profiles.littlecms(opaque, profile)).astype(float)
  share = np.asarray(alpha)[..., None] / 255 if mode != "P" else 1
  same(images.decode(data), np.rint(share * colours + (1 - share) * 255), 1)


def test_a_picture_larger_than_a_strip_is_converted_whole(monkeypatch):
  monkeypatch.setattr("paiaa_jax.data.strips.PIXELS", 64 * 5)
  for image, profile in ((photo(), P3), (photo().convert("CMYK"), CMYK)):
    same(
      images.decode(encoded(image, "TIFF", icc_profile=profile)), profiles.littlecms(image, profile)
    )


def test_a_jpeg_is_converted_after_it_was_reduced(monkeypatch):
  converted = []
  convert = colour.to_srgb
  monkeypatch.setattr(
    colour, "to_srgb", lambda image: converted.append(image.size) or convert(image)
  )
  images.decode(encoded(photo(800, 600), icc_profile=P3), min_side=75)
  assert converted == [(100, 75)]


def test_pictures_of_one_profile_share_one_transform(monkeypatch):
  built = []
  build = ImageCms.ImageCmsTransform
  monkeypatch.setattr(ImageCms, "ImageCmsTransform", lambda *args: built.append(1) or build(*args))
  profile = profiles.rgb(profiles.P3, profiles.gamma(2.1))
  for seed in range(3):
    images.decode(encoded(photo(seed=seed), icc_profile=bytearray(profile)))
  assert len(built) == 1


def test_a_reencoded_picture_carries_no_profile_and_the_right_colours():
  data = encoded(photo(300, 200), quality=95, icc_profile=P3)
  small = images.bounded_jpeg(data, 100)
  assert "icc_profile" not in opened(small).info
  expected = profiles.littlecms(opened(data), P3).resize((150, 100), Image.Resampling.BOX)
  assert np.abs(images.decode(small).astype(int) - np.asarray(expected)).mean() < 2
