"""Which files are images, told by the endings of their names, and what decodes them."""

from dataclasses import dataclass
from functools import cache

from PIL import Image, features

from symmcore.data.images.optional_decoders import (
    OPTIONAL_DECODERS,
    name_ending,
    optional_decoder,
)

# Pillow opens these but decodes them only with the help of other programs, one of which
# would run a program that is part of the image (EPS). Others the decoder never opens: what lies
# in them (BLP, IPTC) may be of any size.
_NOT_DECODED = frozenset({"BLP", "BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
# Pillow names their endings even where it was built without the library.
_NEEDS_LIBRARY = {"AVIF": "avif", "JPEG2000": "jpg_2000", "WEBP": "webp"}
_CONVERT = "convert them to PNG or JPEG"


@dataclass(frozen=True, slots=True)
class UndecodedFormat:
    """Images that are not decoded here.

    Attributes:
        title: the format's name for people.
        remedy: what helps, as the end of a sentence.
    """

    title: str
    remedy: str


_AVIF = UndecodedFormat("AVIF", "Pillow 11.3 or newer decodes them")
_UNDECODED = {
    ".avif": _AVIF,
    ".avifs": _AVIF,
} | {
    ending: UndecodedFormat(title, _CONVERT)
    for title, endings in (
        ("BLP", ".blp"),
        ("BPG", ".bpg"),
        ("DICOM", ".dcm .dicom"),
        ("EPS", ".eps"),
        ("JPEG XL", ".jxl"),
        ("JPEG XR", ".hdp .jxr .wdp"),
        ("OpenEXR", ".exr"),
        ("SVG", ".svg .svgz"),
        ("WMF", ".emf .wmf"),
        ("XCF", ".xcf"),
    )
    for ending in endings.split()
}


def has_image_name(file: str) -> bool:
    """Whether a file's name ends as those of images that can be decoded here."""
    decoder = optional_decoder(file)
    if decoder is not None:
        return decoder.is_installed
    return name_ending(file) in _pillow_endings()


def image_endings() -> tuple[str, ...]:
    """The endings of names of images that can be decoded here: lower case, with the dot, sorted."""
    installed = (one.endings for one in OPTIONAL_DECODERS if one.is_installed)
    optional = frozenset().union(*(one.endings for one in OPTIONAL_DECODERS))
    return tuple(sorted((_pillow_endings() - optional).union(*installed)))


def undecoded_format(file: str) -> UndecodedFormat | None:
    """The format of an image that cannot be decoded here, by its name; None for other files."""
    if has_image_name(file):
        return None
    decoder = optional_decoder(file)
    if decoder is not None:
        return UndecodedFormat(decoder.title, decoder.remedy)
    ending = name_ending(file)
    name = Image.registered_extensions().get(ending, "")
    if name in _NEEDS_LIBRARY and ending not in _UNDECODED:
        return UndecodedFormat(name, "install a Pillow that decodes them")
    return _UNDECODED.get(ending)


@cache
def _pillow_endings() -> frozenset[str]:
    return frozenset(
        ending for ending, name in Image.registered_extensions().items() if _is_decoded(name)
    )


def _is_decoded(name: str) -> bool:
    if name not in Image.OPEN or name in _NOT_DECODED:
        return False
    return name not in _NEEDS_LIBRARY or features.check(_NEEDS_LIBRARY[name]) is True
