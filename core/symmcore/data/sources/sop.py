"""Stanford Online Products, from its official archive as extracted."""

from collections.abc import Iterator
from pathlib import Path

from symmcore.data.listing import ImageListing
from symmcore.data.sources.annotated_listing import PublishedCounts, list_annotated
from symmcore.data.sources.annotations import (
    Annotation,
    fields,
    find_archive,
    inside_path,
    read_lines,
    whole_number,
)
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress

PUBLISHED = PublishedCounts(59_551, 11_318, 60_502, 11_316)

_TRAIN = "Ebay_train.txt"
_TEST = "Ebay_test.txt"
_HEADER = "image_id class_id super_class_id path"


def list_sop(
    path: str | Path, on_progress: ProgressCallback = ignore_progress, *, follow_links: bool = False
) -> ImageListing:
    """List the images of Stanford Online Products, split by its own two lists.

    Args:
        path: the folder Stanford_Online_Products, which holds Ebay_train.txt, or the folder
            it lies in.
        on_progress: told how many files were found.
        follow_links: whether lists and images may be links out of the folder.

    Raises:
        InputError: naming the file and line that is wrong.
    """
    root = find_archive(path, _TRAIN, follow_links=follow_links)
    seen: set[int] = set()
    annotations = [
        annotation
        for name, trains in ((_TRAIN, True), (_TEST, False))
        for annotation in _read_list(root, name, trains, seen, follow_links)
    ]
    return list_annotated(
        f"sop:{path}",
        root,
        annotations,
        _class_name,
        PUBLISHED,
        on_progress,
        follow_links=follow_links,
    )


def _read_list(
    root: Path, name: str, trains: bool, seen: set[int], follow_links: bool
) -> Iterator[Annotation]:
    lines = read_lines(root, name, follow_links=follow_links)
    header, where = next(lines, ("", f"{root / name}, line 1,"))
    if header.split() != _HEADER.split():
        raise InputError(f"{where} is not the header {_HEADER!r}: extract the file anew.")
    for line, where in lines:
        image_id, class_id, super_class_id, file = fields(line, where, _HEADER)
        image = whole_number(image_id, where)
        whole_number(super_class_id, where)
        if image in seen:
            raise InputError(f"{where} lists image {image} a second time.")
        seen.add(image)
        yield Annotation(inside_path(file, where), whole_number(class_id, where), trains, where)


def _class_name(image: Annotation) -> str:
    """The kind of product and the number of the product: "bicycle 17"."""
    return f"{Path(image.file).parent.name.removesuffix('_final')} {image.label}"
