"""The ways to draw embeddings in the plane: what they are called, and what they need."""

from dataclasses import dataclass
from importlib.util import find_spec

from symmcore.projection.base import PCA, TSNE, UMAP


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """A way to draw embeddings in the plane.

    Attributes:
        name: as in a job, and in the run directory.
        label: as people call it.
        module: what it imports; empty for what is always there.
        package: what is installed for that.
        about: what its picture is, for people.
    """

    name: str
    label: str
    module: str
    package: str
    about: str


# The default first. The last needs nothing.
METHODS = (
    MethodInfo(
        TSNE,
        "t-SNE",
        "openTSNE",
        "openTSNE",
        "Near neighbours are kept together. Distances between clusters, and their sizes, mean "
        "little.",
    ),
    MethodInfo(
        UMAP,
        "UMAP",
        "umap",
        "umap-learn",
        "Near neighbours are kept together, clusters are drawn denser than t-SNE draws them. "
        "Distances between clusters mean little.",
    ),
    MethodInfo(
        PCA,
        "PCA",
        "",
        "",
        "The plane of the two main directions of the normalised embeddings, turned at each frame "
        "to fit the one before, so that the picture does not flip. Distances are true within the "
        "plane.",
    ),
)


def method_info(name: str) -> MethodInfo:
    """Return the method of that name.

    Raises:
        ValueError: if there is none.
    """
    for info in METHODS:
        if info.name == name:
            return info
    raise ValueError(f"there is no projection called {name!r}")


def default_method() -> str:
    """Name the first of :data:`METHODS` that is installed: the truest at a live pace."""
    return next(info.name for info in METHODS if is_installed(info))


def is_installed(info: MethodInfo) -> bool:
    """Whether what a method imports is there; nothing is imported to find out."""
    return not info.module or find_spec(info.module) is not None


def what_to_install(info: MethodInfo) -> str:
    """Say how to get a method that is not installed."""
    return f"{info.label} needs {info.package}: pip install {info.package}"


def what_to_repair(info: MethodInfo) -> str:
    """Say how to get a method whose library is installed and cannot be imported."""
    return (
        f"{info.label} needs {info.package} repaired: pip install --force-reinstall {info.package}"
    )


class UnusableMethodError(ImportError):
    """The library of a method could not be imported.

    Attributes:
        remedy: what to install or to repair, in a sentence without its full stop.
    """

    def __init__(self, name: str, error: Exception) -> None:
        info = method_info(name)
        self.remedy = what_to_repair(info) if is_installed(info) else what_to_install(info)
        said = " ".join(str(error).split()) or type(error).__name__
        super().__init__(f"{self.remedy} (what is there cannot be used: {said})")
