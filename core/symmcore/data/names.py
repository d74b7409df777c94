"""Names of files and classes as they can be shown."""

import unicodedata


def display_name(name: str) -> str:
    """A file's or class's name as text that can be shown, printed and written anywhere.

    Bytes that are no text, which file names on Linux may hold, and control characters, such
    as line breaks, become question marks in a diamond.
    """
    text = unicodedata.normalize("NFC", name)
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in ("Cc", "Cs") else letter
        for letter in text
    )
