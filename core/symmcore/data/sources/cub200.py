"""CUB-200-2011 (Caltech-UCSD Birds), from its official archive as extracted."""

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

PUBLISHED = PublishedCounts(5_864, 100, 5_924, 100)

_IMAGES = "images.txt"
_LABELS = "image_class_labels.txt"
_LAST_TRAINING_CLASS = 100
_CLASSES = 200


def list_cub200(
    path: str | Path, on_progress: ProgressCallback = ignore_progress, *, follow_links: bool = False
) -> ImageListing:
    """List the images of CUB-200-2011: classes 1-100 train, 101-200 test.

    Args:
        path: the folder CUB_200_2011, which holds images.txt, or the folder it lies in.
        on_progress: told how many files were found.
        follow_links: whether lists and images may be links out of the folder.

    Raises:
        InputError: naming the file and line that is wrong.
    """
    root = find_archive(path, _IMAGES, follow_links=follow_links)
    files = _by_image(root, _IMAGES, "image_id path", follow_links)
    labels = _by_image(root, _LABELS, "image_id class_id", follow_links)
    annotations = []
    for image, (file, where) in files.items():
        if image not in labels:
            raise InputError(f"{where} lists image {image}, which has no class in {_LABELS}.")
        number = whole_number(*labels[image], _CLASSES)
        annotations.append(
            Annotation(
                file=f"images/{inside_path(file, where)}",
                label=number,
                trains=number <= _LAST_TRAINING_CLASS,
                where=where,
            )
        )
    for image, (_, where) in labels.items():
        if image not in files:
            raise InputError(f"{where} gives a class to image {image}, which {_IMAGES} lacks.")
    return list_annotated(
        f"cub200:{path}",
        root,
        annotations,
        _class_name,
        PUBLISHED,
        on_progress,
        follow_links=follow_links,
    )


def _by_image(
    root: Path, name: str, expected: str, follow_links: bool
) -> dict[int, tuple[str, str]]:
    """The second field of each line and where it is written, by the image's number."""
    found: dict[int, tuple[str, str]] = {}
    for line, where in read_lines(root, name, follow_links=follow_links):
        number, value = fields(line, where, expected)
        image = whole_number(number, where)
        if image in found:
            raise InputError(f"{where} lists image {image} a second time.")
        found[image] = value, where
    return found


def _class_name(image: Annotation) -> str:
    """The folder of the class, such as "001.Black_footed_Albatross"."""
    return Path(image.file).parent.name
