"""``symmviz export``: runs as files that other programs read."""

import argparse
import sys
from argparse import Namespace

from symmcore.data.names import display_name
from symmcore.errors import InputError
from symmcore.export.options import MOST_NEIGHBOURS, SPLITS, ExportOptions, parse_steps
from symmcore.progress import Progress
from symmcore.projection.methods import METHODS
from symmcore.runs.reading.opening import read_runs
from symmviz.cli.paths import user_path
from symmviz.cli.preparing import Preparing
from symmviz.cli.run_warnings import tell_warnings
from symmviz.cli.streams import output_status
from symmviz.exporting import EXPORTS, export, export_kind

_MOST_SECONDS = 600.0


def add_export(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz export`` takes."""
    parser.description = "Write runs as files that other programs read."
    parser.epilog = " ".join(
        f"{kind.name}: {kind.about} ({', '.join(kind.endings) or 'a folder'})" for kind in EXPORTS
    )
    parser.set_defaults(run=run_export)
    add = parser.add_argument
    add(
        "run_folders",
        nargs="+",
        type=user_path,
        metavar="RUN",
        help="the folder of a run or of a comparison",
    )
    add(
        "--what",
        required=True,
        choices=[kind.name for kind in EXPORTS],
        metavar="WHAT",
        help=", ".join(kind.name for kind in EXPORTS),
    )
    add(
        "--out",
        required=True,
        type=user_path,
        metavar="FILE",
        help="what to write; its ending says the format",
    )
    add("--overwrite", action="store_true", help="replace FILE")
    add("--step", type=_step, metavar="N", help="up to which step (default the newest)")
    _add_choice_of_images(parser)
    _add_picture_options(parser)


def _add_choice_of_images(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--split", choices=SPLITS, default="test", help="whose images (default %(default)s)")
    methods = [info.name for info in METHODS]
    add(
        "--method",
        choices=methods,
        default="",
        metavar="NAME",
        help=f"which projection: {', '.join(methods)} (default what is recorded, else pca)",
    )
    add(
        "--neighbors",
        type=_neighbours,
        default=10,
        metavar="K",
        help="how many neighbours of each image (default %(default)s)",
    )
    add(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="NAME",
        help="only images of this class, in selection and retrieval; may be repeated",
    )
    add(
        "--wrong",
        action="store_true",
        help="only images whose nearest one is of another class, in selection and retrieval",
    )


def _add_picture_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--seconds",
        type=_seconds,
        default=8.0,
        metavar="S",
        help="how long an animation is (default %(default)g)",
    )
    add(
        "--color",
        choices=("class", "kind"),
        default="class",
        help="colour maps by class, or originals and synthetic points (default %(default)s)",
    )
    add(
        "--steps",
        type=_steps,
        default=(),
        metavar="N,N,...",
        help="whose frames figure8 shows side by side (default four, from first to last)",
    )
    add("--no-synthetic", action="store_true", help="leave synthetic points out of maps")


def run_export(options: Namespace) -> int:
    """Write what was asked for."""
    kind = export_kind(options.what)
    kind.check_ending(options.out)
    recordings = read_runs(options.run_folders)
    preparing = Preparing()

    def say(progress: Progress) -> None:
        preparing.say(progress.sentence())

    try:
        export(
            kind,
            recordings,
            options.out,
            _options(options),
            say,
            overwrite=options.overwrite,
        )
    except MemoryError as error:
        raise InputError("Memory ran out: export fewer images, or a smaller picture.") from error
    finally:
        preparing.done()
    tell_warnings(recordings)
    sys.stdout.write(display_name(f"Wrote {options.out}") + "\n")
    return output_status()


def _options(options: Namespace) -> ExportOptions:
    return ExportOptions(
        step=options.step,
        split=options.split,
        neighbours=options.neighbors,
        method=options.method,
        classes=tuple(options.classes),
        wrong_only=options.wrong,
        seconds=options.seconds,
        by_class=options.color == "class",
        synthetic=not options.no_synthetic,
        steps=options.steps,
    )


def _step(text: str) -> int:
    return _whole(text, 0, 10**12)


def _steps(text: str) -> tuple[int, ...]:
    try:
        return parse_steps(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _neighbours(text: str) -> int:
    return _whole(text, 1, MOST_NEIGHBOURS)


def _whole(text: str, least: int, most: int) -> int:
    value = int(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{value} is not from {least} to {most:,}")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.5 <= value <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is not from 0.5 to {_MOST_SECONDS:g}")
    return value
