"""The command line: the window, or training and benchmarks without one."""

from collections.abc import Sequence

from symmviz.cli.exit_status import BAD_INPUT, INTERRUPTED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 when done, 1 when it failed, 2 after one line that says what was wrong with the
        input, 130 when interrupted.
    """
    try:
        if arguments is None:  # a process of its own, and not a call in another program
            _prepare_process()
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _prepare_process() -> None:
    from symmcore.processes import leave_out_current_folder, let_idle_threads_sleep

    leave_out_current_folder()
    let_idle_threads_sleep()
    from symmviz.cli.streams import survive_closed_output
    from symmviz.cli.thread_counts import remove_invalid_thread_counts
    from symmviz.user_warnings import say_on_stderr, show_warnings

    survive_closed_output()
    show_warnings(say_on_stderr)
    remove_invalid_thread_counts(say_on_stderr)


def _run(arguments: Sequence[str] | None) -> int:
    # These imports take long enough for a Ctrl-C to come meanwhile.
    import logging
    import sys

    from symmcore.data.names import display_name
    from symmcore.errors import InputError
    from symmviz.cli.arguments import parse_arguments
    from symmviz.cli.streams import survive_closed_output

    survive_closed_output()
    # Pillow says of odd images what nobody here can mend; what cannot be read is told.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        return options.run(options)
    except InputError as error:
        sys.stderr.write(f"symmviz: {display_name(str(error))}\n")
        return BAD_INPUT
