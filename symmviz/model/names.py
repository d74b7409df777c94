"""Names that others gave, of classes, files and runs, as a sentence or a label shows them."""

import re
import unicodedata
from collections.abc import Sequence

ISOLATE, END_ISOLATE = "\u2068", "\u2069"
# Qt takes the direction of a paragraph of markup from its first letter, isolated or not.
_LEFT_TO_RIGHT_MARK = "\u200e"
NO_NAME = "(no name)"
# Line ends, control and format characters that show nothing, and those that order text by hand:
# any of them would change what stands around the name. Joiners and the marks that say a
# direction stay: scripts and emoji need them.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff]"
)
# The blocks of scripts that are written from right to left, and the mark that stands for them.
_RIGHT_TO_LEFT = (
    r"[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# Between two such letters, what a name may hold that is of neither direction.
_RUN = re.compile(
    rf"{ISOLATE}[^{END_ISOLATE}]*{END_ISOLATE}"
    rf"|{_RIGHT_TO_LEFT}(?:[^A-Za-z/\\:;·\n{ISOLATE}{END_ISOLATE}]*{_RIGHT_TO_LEFT})?"
)
_SHOWS_NOTHING = ("Cf", "Mn", "Zs")
_CODES_SHOWN = 4
_BETWEEN_PARTS = " · "


def shown_name(name: str) -> str:
    """A name in one line that neither breaks nor reorders what stands beside it.

    What cannot be seen is written as an escape such as ``\\n``, a name of nothing that can be
    seen by its code points. A name from right to left is set between Unicode's isolates (UAX #9):
    without them "✓ 0.98" before it would read "0.98 ✓".
    """
    if not name:
        return NO_NAME
    text = _UNSEEN.sub(_escape, name)
    if all(unicodedata.category(char) in _SHOWS_NOTHING for char in text):
        return _codes(text)
    if unicodedata.category(text[0]).startswith("M"):
        text = f"\N{DOTTED CIRCLE}{text}"  # or the accent would go to what stands before
    return _isolated(text) if re.search(_RIGHT_TO_LEFT, text) else text


def told_apart(names: Sequence[str]) -> list[str]:
    """Names without the words that all of them have in the same places.

    "alphabet 22, character 1" beside "alphabet 25, character 3" is "22, 1".
    """
    words = [name.split() for name in names]
    if len(names) < 2 or len({len(one) for one in words}) != 1:
        return list(names)
    differ = [at for at, same in enumerate(zip(*words, strict=True)) if len(set(same)) > 1]
    if not differ:
        return list(names)
    return [" ".join(one[at] for at in differ).rstrip(",;:") for one in words]


def without_shared_start(titles: Sequence[str]) -> list[str]:
    """Titles without the first of their parts, divided by " · ", that all of them share.

    "N-pair · seed 0" beside "N-pair · seed 1" is "seed 0".
    """
    parts = [title.split(_BETWEEN_PARTS) for title in titles]
    least = min(map(len, parts), default=0)
    shared = 0
    while len(titles) > 1 and shared < least - 1 and len({one[shared] for one in parts}) == 1:
        shared += 1
    return [_BETWEEN_PARTS.join(one[shared:]) for one in parts]


def shown_text(text: str) -> str:
    """A sentence or path with names in it, where it is not known which words they are.

    What cannot be seen is escaped, but for the ends of lines, and each stretch from right to left
    that is not isolated yet is.
    """
    escaped = _UNSEEN.sub(_escape_in_text, text)
    return _RUN.sub(_isolate, escaped)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _escape_in_text(found: re.Match[str]) -> str:
    kept = found[0] in f"\n{ISOLATE}{END_ISOLATE}"
    return found[0] if kept else _escape(found)


def _isolate(found: re.Match[str]) -> str:
    run = found[0]
    return run if run.startswith(ISOLATE) else _isolated(run)


def _isolated(text: str) -> str:
    return f"{_LEFT_TO_RIGHT_MARK}{ISOLATE}{text}{END_ISOLATE}"


def _codes(text: str) -> str:
    codes = [f"U+{ord(char):04X}" for char in text[:_CODES_SHOWN]]
    return f"({' '.join(codes)}{' ...' if len(text) > _CODES_SHOWN else ''})"
