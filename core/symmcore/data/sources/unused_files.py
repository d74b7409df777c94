"""Finds what lies in a dataset's folder and is not used: counted, named, and said."""

from collections import Counter
from collections.abc import Iterable, Sequence

from symmcore.data.images.formats import has_image_name, undecoded_format
from symmcore.data.images.optional_decoders import OPTIONAL_DECODERS, optional_decoder
from symmcore.data.names import display_name
from symmcore.data.sources.file_tree import FileTree, LeftOut
from symmcore.data.sources.layout import Layout
from symmcore.data.sources.metadata_names import metadata_label
from symmcore.data.sources.natural_order import natural_key
from symmcore.data.sources.splits import named
from symmcore.data.unused import Unused, UnusedReason

_MOST_KEPT = 5


def left_out(reason: str, names: Sequence[str], what: str, more: str = "") -> tuple[Unused, ...]:
    """One entry, or none if there are no names.

    Args:
        reason: why.
        names: of files or folders.
        what: what one of them is, with a "{s}" where several have an s.
        more: goes on after the names.
    """
    if not names:
        return ()
    shown = [display_name(name) for name in sorted(names, key=natural_key)]
    thing = what.format(s="" if len(names) == 1 else "s")
    sentence = f"Left out: {len(names):,} {thing}: {named(shown)}{more}."
    return (Unused(reason, len(names), tuple(shown[:_MOST_KEPT]), sentence),)


def unused_in_tree(tree: FileTree) -> tuple[Unused, ...]:
    """What was not even listed: links, unreadable folders, metadata, hidden files."""
    return (
        *left_out(LeftOut.UNREADABLE, tree.without(LeftOut.UNREADABLE), "unreadable folder{s}"),
        *unfollowed_links(tree),
        *left_out(LeftOut.BROKEN_LINK, tree.without(LeftOut.BROKEN_LINK), "link{s} to nothing"),
        *left_out(
            LeftOut.REPEATED_LINK,
            tree.without(LeftOut.REPEATED_LINK),
            "link{s} or folder{s} that lead in a circle or to what is listed already",
        ),
        *left_out(
            LeftOut.SPECIAL, tree.without(LeftOut.SPECIAL), "pipe{s}, socket{s} or device{s}"
        ),
        *left_out(LeftOut.HIDDEN, tree.without(LeftOut.HIDDEN), "hidden file{s} or folder{s}"),
        *_metadata(tree.without(LeftOut.METADATA)),
    )


def unfollowed_links(tree: FileTree) -> tuple[Unused, ...]:
    """The links that ``follow_links`` would follow."""
    return left_out(
        LeftOut.LINK,
        tree.without(LeftOut.LINK),
        "link{s} to a folder or out of the dataset",
        "; follow links (--follow-links) to use what they lead to",
    )


def twins(files: Iterable[str]) -> frozenset[str]:
    """HEIC and RAW images beside an image of the same name, which shows the same photo.

    Of a RAW image and others the RAW one, of HEIC and others but RAW the HEIC one.
    """
    files = tuple(files)
    stems: dict[str, list[str]] = {_stem(one): [] for one in files if optional_decoder(one)}
    if not stems:
        return frozenset()
    for file in files:
        alike = stems.get(_stem(file))
        if alike is not None and (has_image_name(file) or optional_decoder(file) is not None):
            alike.append(file)
    found: set[str] = set()
    for alike in stems.values():
        best = min(map(_twin_rank, filter(has_image_name, alike)), default=len(OPTIONAL_DECODERS))
        found.update(file for file in alike if _twin_rank(file) > best)
    return frozenset(found)


def _stem(file: str) -> str:
    return file.rpartition(".")[0].casefold()


def _twin_rank(file: str) -> int:
    decoder = optional_decoder(file)
    return 0 if decoder is None else 1 + OPTIONAL_DECODERS.index(decoder)


def unused_in_folder(
    tree: FileTree, layout: Layout, images: Sequence[str], twin: frozenset[str]
) -> tuple[Unused, ...]:
    """What a folder with one sub-folder a class holds besides what is used.

    Args:
        tree: all of it.
        layout: where the classes are.
        images: all files that can be decoded, but those in ``twin``.
        twin: images that show what another one shows.
    """
    known = {*images, *twin}
    others = [file for file in tree.files if file not in known]
    aside = [] if not layout.train else [f for f in images if not _is_below(f, layout.sides)]
    parts = {name for name, _ in layout.aside}
    loose = [f for f in images if not layout.holds(f) and not _is_below(f, parts)]
    return (
        *_empty_classes(tree, layout, images),
        *undecoded_images(others),
        *_parts(layout, aside),
        *left_out(
            UnusedReason.OUTSIDE_CLASSES, loose, "image{s} outside the folders of the classes"
        ),
        *left_out(
            UnusedReason.TWIN,
            sorted(twin),
            "HEIC or RAW image{s} beside another of the same name, which shows the same",
        ),
        *unused_in_tree(tree),
        *left_out(
            UnusedReason.NO_IMAGE,
            [file for file in others if undecoded_format(file) is None],
            "file{s} not named as an image",
        ),
    )


def undecoded_images(files: Iterable[str]) -> tuple[Unused, ...]:
    """The images among some files that cannot be decoded here, by format."""
    by_format: dict[tuple[str, str], list[str]] = {}
    for file in files:
        known = undecoded_format(file)
        if known is not None:
            by_format.setdefault((known.title, known.remedy), []).append(file)
    return tuple(
        entry
        for (title, remedy), alike in sorted(by_format.items())
        for entry in left_out(
            UnusedReason.NO_DECODER, alike, f"{title} image{{s}} without a decoder", f"; {remedy}"
        )
    )


def unlisted_images(listed: Iterable[str], tree: FileTree) -> tuple[Unused, ...]:
    """Images beside those that an archive lists; other folders of it may hold images too."""
    known = frozenset(listed)
    folders = {file.rpartition("/")[0] for file in known}
    beside = [
        file
        for file in tree.files
        if file not in known
        and file.rpartition("/")[0] in folders
        and (has_image_name(file) or undecoded_format(file) is not None)
    ]
    return left_out(UnusedReason.NOT_LISTED, beside, "image{s} that no list of the archive names")


def _is_below(file: str, folders: Iterable[str]) -> bool:
    head, slash, _ = file.partition("/")
    return bool(slash) and head in folders


def _empty_classes(tree: FileTree, layout: Layout, images: Sequence[str]) -> tuple[Unused, ...]:
    """Folders where those of the classes lie that hold no image which is used."""
    used = {_class_folder(file, layout) for file in images if layout.holds(file)}
    folders = [
        folder
        for folder in tree.folders
        if folder.count("/") == layout.depth
        and (not layout.train or _is_below(folder, layout.sides))
        and folder not in used
    ]
    with_files = {_class_folder(file, layout) for file in tree.files}
    empty = [folder for folder in folders if folder not in with_files]
    others = [folder for folder in folders if folder in with_files]
    return (
        *left_out(
            UnusedReason.CLASS_WITHOUT_IMAGES,
            others,
            "folder{s} of a class without an image to use",
        ),
        *left_out(UnusedReason.CLASS_WITHOUT_IMAGES, empty, "empty folder{s} of a class"),
    )


def _class_folder(file: str, layout: Layout) -> str:
    return "/".join(file.split("/")[: layout.depth + 1])


def _parts(layout: Layout, aside: Sequence[str]) -> tuple[Unused, ...]:
    found = []
    for name, why in layout.aside:
        count = sum(_is_below(file, (name,)) for file in aside)
        shown = display_name(name)
        images = f"{count:,} image{'' if count == 1 else 's'}"
        sentence = f"Left out: {images} in {shown}, {why}."
        found.append(Unused(UnusedReason.SPLIT_PART, count, (shown,), sentence))
    return tuple(found)


def _metadata(paths: Sequence[str]) -> tuple[Unused, ...]:
    """System files by their own names: of thousands of Thumbs.db no path says more."""
    if not paths:
        return ()
    counts = Counter(metadata_label(path.rpartition("/")[2]) for path in paths)
    names = [
        display_name(name) if count == 1 else f"{display_name(name)} ({count:,})"
        for name, count in sorted(counts.items(), key=lambda one: (-one[1], natural_key(one[0])))
    ]
    things = "file or folder" if len(paths) == 1 else "files and folders"
    sentence = f"Left out: {len(paths):,} {things} of systems and programs: {named(names)}."
    return (Unused(LeftOut.METADATA, len(paths), tuple(names[:_MOST_KEPT]), sentence),)


def followed_links(tree: FileTree) -> tuple[str, ...]:
    """A note on the links that lead out of the folder and were followed."""
    if not tree.leaving:
        return ()
    shown = named([display_name(link) for link in sorted(tree.leaving, key=natural_key)])
    count = len(tree.leaving)
    links = "1 link leads" if count == 1 else f"{count:,} links lead"
    return (f"{links} out of the dataset's folder and {_were(count)} followed: {shown}.",)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
