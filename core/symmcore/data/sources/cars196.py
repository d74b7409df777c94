"""Cars196 (Stanford Cars), from its official archive as extracted."""

from pathlib import Path

from symmcore.data.listing import ImageListing
from symmcore.data.sources.annotated_listing import PublishedCounts, list_annotated
from symmcore.data.sources.annotations import (
    Annotation,
    find_archive,
    inside_path,
    whole_number,
)
from symmcore.data.sources.matlab import cell_number, cell_text, read_matlab
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress

PUBLISHED = PublishedCounts(8_054, 98, 8_131, 98)

_ANNOTATIONS = "cars_annos.mat"
_LAST_TRAINING_CLASS = 98
_CLASSES = 196


def list_cars196(
    path: str | Path, on_progress: ProgressCallback = ignore_progress, *, follow_links: bool = False
) -> ImageListing:
    """List the images of Cars196: classes 1-98 train, 99-196 test.

    The archive's own mark of test images, which divides every class, is not used.

    Args:
        path: the folder that holds cars_annos.mat and car_ims, or the folder it lies in.
        on_progress: told how many files were found.
        follow_links: whether lists and images may be links out of the folder.

    Raises:
        InputError: naming the file and the annotation that is wrong.
    """
    root = find_archive(path, _ANNOTATIONS, follow_links=follow_links)
    content = read_matlab(
        root, _ANNOTATIONS, ("annotations", "class_names"), follow_links=follow_links
    )
    found = content["annotations"]
    if not isinstance(found, dict) or not {"relative_im_path", "class"} <= set(found):
        raise InputError(
            f"{root / _ANNOTATIONS} has no relative_im_path and class for each image: it is "
            "another file."
        )
    names = [cell_text(cell) for cell in content["class_names"]]
    entries = zip(found["relative_im_path"], found["class"], strict=True)
    annotations = [
        _annotation(path_cell, class_cell, f"{root / _ANNOTATIONS}, entry {n},")
        for n, (path_cell, class_cell) in enumerate(entries, 1)
    ]

    def class_name(image: Annotation) -> str:
        name = names[image.label - 1] if image.label <= len(names) else None
        return name or f"class {image.label}"

    return list_annotated(
        f"cars196:{path}",
        root,
        annotations,
        class_name,
        PUBLISHED,
        on_progress,
        follow_links=follow_links,
    )


def _annotation(path_cell: object, class_cell: object, where: str) -> Annotation:
    file, number = cell_text(path_cell), cell_number(class_cell)
    if file is None or number is None:
        raise InputError(f"{where} has no path and class: extract the file anew.")
    label = whole_number(str(number), where, _CLASSES)
    return Annotation(inside_path(file, where), label, label <= _LAST_TRAINING_CLASS, where)
