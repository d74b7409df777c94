"""A training host in a thread of this process: torch is there, and tests may change what it does.

Nothing else differs: commands and reports go through the same kind of pipe.
"""

import contextlib
import threading
from typing import Any

from symmcore.pipe import receive, send
from symmcore.processes import spawn_context
from symmviz.services.training.host import TrainingHost
from symmviz.services.training.messages import Order, Report

_SECONDS_TO_IMPORT = 60.0


class ThreadChild:
    """Stands for the process that trains; serves its commands on a thread."""

    def __init__(self) -> None:
        self._connection, theirs = spawn_context().Pipe()
        self._host = TrainingHost(theirs)
        self._thread = threading.Thread(target=self._serve, name="training host")
        self._thread.start()

    def send(self, message: object) -> None:
        send(self._connection, message)

    def receive(self) -> Report:
        answer: Any = receive(self._connection)
        report: Report = answer
        return report

    def terminate(self) -> None:
        with contextlib.suppress(OSError):
            self.send(Order.CLOSE)

    def end(self, patience: float) -> int | None:
        self._connection.close()
        self._thread.join()
        return 0

    def _serve(self) -> None:
        try:
            self._host.run()
        finally:
            self._host.close(_SECONDS_TO_IMPORT)
