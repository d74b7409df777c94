"""Fetches datasets through torchvision, in a process of its own, which imports no reader.

Only when asked for. torchvision checks a checksum of nearly all it downloads. CIFAR-100 is
fetched in its binary form, which is plain bytes: what torchvision itself takes is pickled.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from symmcore.data.sources.torchvision_catalog import (
    CIFAR100,
    DTD,
    FGVC_AIRCRAFT,
    FLOWERS102,
    FOOD101,
    OMNIGLOT,
    TorchvisionEntry,
)
from symmcore.errors import InputError
from symmcore.locks import locked
from symmcore.processes import CallError, bytes_in, call_in_subprocess, scratch_folder
from symmcore.progress import Progress, ProgressCallback

_CIFAR_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
_CIFAR_MD5 = "03b5dce01913d631647c71ecec9e9cb8"  # as its authors publish it


def fetch_set(entry: TorchvisionEntry, on_progress: ProgressCallback) -> None:
    """Fetch a set into its folder, beside it first: what is there is whole, whoever stops.

    Args:
        entry: which one.
        on_progress: told how much is there. When it raises, nothing is left.

    Raises:
        InputError: if something else is there, if fetching failed, if the folder cannot be
            written.
    """
    folder = entry.folder
    if folder.exists():
        raise InputError(
            f"{folder} is there but holds no {entry.marker}: remove it to fetch {entry.name} anew."
        )
    what = f"Fetching {entry.name}"
    part = folder.with_name(f"{entry.name}.part")

    def waiting() -> None:
        on_progress(Progress(f"{what} in another process", bytes_in(part), in_bytes=True))

    def poll() -> None:
        done = bytes_in(part)
        if done <= entry.download:
            on_progress(Progress(what, done, entry.download, in_bytes=True, roughly=True))
        else:
            on_progress(Progress(f"{what}, extracting", done, in_bytes=True))

    with ExitStack() as stack:
        with _writing(folder.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock = folder.with_name(f"{entry.name}.lock")
            stack.enter_context(locked(lock, waiting))
            if entry.is_fetched:
                return
            stack.enter_context(scratch_folder(part))
        try:
            call_in_subprocess(_download, (entry.name, str(part)), poll)
        except CallError as error:
            raise InputError(
                f"torchvision:{entry.name} could not be fetched into {folder} ({error})."
            ) from error
        if not (part / entry.marker).exists():
            raise InputError(f"What torchvision fetched of {entry.name} has no {entry.marker}.")
        with _writing(folder.parent):
            part.rename(folder)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}).") from error


def _download(name: str, folder: str) -> None:
    """What the other process does: downloads and extracts a set."""
    FETCHERS[name](Path(folder))


def _fetch_omniglot(folder: Path) -> None:
    from torchvision.datasets import Omniglot

    Omniglot(folder, background=True, download=True)
    Omniglot(folder, background=False, download=True)


def _fetch_by_torchvision(name: str) -> Callable[[Path], None]:
    def fetch(folder: Path) -> None:
        from torchvision import datasets

        getattr(datasets, name)(folder, download=True)

    return fetch


def _fetch_cifar100(folder: Path) -> None:
    from torchvision.datasets.utils import download_and_extract_archive

    download_and_extract_archive(_CIFAR_URL, folder, md5=_CIFAR_MD5)


FETCHERS: dict[str, Callable[[Path], None]] = {
    OMNIGLOT.name: _fetch_omniglot,
    CIFAR100.name: _fetch_cifar100,
} | {
    entry.name: _fetch_by_torchvision(entry.name)
    for entry in (FLOWERS102, FGVC_AIRCRAFT, FOOD101, DTD)
}
"""What downloads and extracts each set into a folder, by the entry's name."""
