"""Progress of long work: one line on the standard error stream, which is updated.

The line appears in terminals and notebooks, and only if the work takes longer than a moment. A file
or pipe receives a new line every ten seconds instead, if progress was requested.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neurosim.utils.launcher import mpi_rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARIABLE = "NEUROSIM_PROGRESS"
"""Environment variable that switches off automatic progress and the notice of compilation if 0."""
AUTOMATIC_DELAY = 2.0
"""Time (s) after which automatic progress appears."""
INTERVAL = 0.2
"""Time (s) between updates of the line."""
NOTEBOOK_INTERVAL = 1.0
"""Time (s) between updates in a notebook, which stores them."""
PLAIN_INTERVAL = 10.0
"""Time (s) between the lines in a file or pipe."""
BAR_WIDTH = 20
"""Number of characters in a bar."""
NOTEBOOKS = ("ipykernel", "google.colab")
"""Packages whose standard error streams are parts of a notebook."""


def no_report(done: float) -> None:
    """Ignore the amount of completed work."""


@dataclass(eq=False)
class Activity:
    """Work that takes time.

    Attributes
    ----------
    text : str
        Label.
    total : float or None
        Total amount of work; None if unknown.
    unit : str
        Of `total` and `done`.
    delay : float
        Time after which the line appears (s).
    started : float
        `time.perf_counter()` at the start.
    once : bool
        Whether a file or pipe receives a single line per process.
    done : float
        Amount of completed work.
    next_update : float
        Time of the next update in a notebook, file or pipe.
    """

    text: str
    total: float | None = None
    unit: str = ""
    delay: float = 0.0
    started: float = field(default_factory=time.perf_counter)
    once: bool = False
    done: float = 0.0
    next_update: float = 0.0

    def line(self, now: float) -> str:
        """Return the text that is shown."""
        elapsed = now - self.started
        if not self.total or not self.done:
            return f"{self.text} … {_duration(elapsed)}"
        fraction = min(self.done / self.total, 1.0)
        bar = ("#" * int(fraction * BAR_WIDTH)).ljust(BAR_WIDTH, ".")
        amount = f"{self.done:,.0f} of {self.total:,.0f} {self.unit}, " if self.unit else ""
        times = f"{_duration(elapsed)}, {_duration(elapsed / fraction - elapsed)} left"
        return f"{self.text} {fraction:4.0%} [{bar}] {amount}{times}"


def _duration(seconds: float) -> str:
    """Return a duration as text: "12 s", "3:05", "1:02:30"."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes, hours = whole // 60 % 60, whole // 3600
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{whole % 60:02}"


class _Line:
    """The line on the standard error stream; it shows the last activity that is due."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._activities: list[Activity] = []
        self._shown: Activity | None = None
        self._text = ""
        self._written: set[str] = set()
        self._thread: threading.Thread | None = None

    def begin(self, activity: Activity) -> None:
        """Show an activity, after its delay."""
        with self._lock:
            self._activities.append(activity)
            if activity.once:  # continues an earlier one
                self._update()
            if self._thread is None:
                thread = threading.Thread(target=self._repeat, daemon=True)
                with suppress(RuntimeError):  # the interpreter is ending, or memory is short
                    thread.start()
                    self._thread = thread

    def end(self, activity: Activity) -> None:
        """Show an activity no longer."""
        with self._lock:
            self._activities.remove(activity)
            if self._shown is activity:
                self.clear()

    def clear(self) -> None:
        """Erase the line."""
        with self._lock:
            if self._text:
                self._write(f"\r{' ' * len(self._text)}\r")
            self._shown, self._text = None, ""

    def _repeat(self) -> None:
        """Update the line until no activity is left."""
        while True:
            time.sleep(INTERVAL)
            with self._lock:
                if not self._activities:
                    self._thread = None
                    return
                self._update()

    def _update(self) -> None:
        """Show the last activity that is due."""
        now = time.perf_counter()
        due = [a for a in self._activities if now - a.started >= a.delay]
        if not due or sys.stderr is None:
            return
        activity = due[-1]
        if now < activity.next_update:
            return
        text = activity.line(now)
        if _is_terminal(sys.stderr) or _is_notebook(sys.stderr):
            self._show(activity, text[: _columns(sys.stderr) - 1])
            activity.next_update = now + (NOTEBOOK_INTERVAL if _is_notebook(sys.stderr) else 0.0)
        elif not activity.once:
            self._write(f"{text}\n")
            activity.next_update = now + PLAIN_INTERVAL
        elif activity.text not in self._written:
            self._written.add(activity.text)
            self._write(f"{activity.text} …\n")

    def _show(self, activity: Activity, text: str) -> None:
        """Replace the text of the line."""
        if text != self._text:
            self._write(f"\r{text.ljust(len(self._text))}")
        self._shown, self._text = activity, text

    def _write(self, text: str) -> None:
        """Write to the standard error stream, which may be closed."""
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


_line = _Line()


def _renew_line() -> None:
    """Replace the line in a forked process.

    The thread that updates it does not exist there.
    """
    global _line
    _line = _Line()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_line)


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # replaced, or closed
        return False


def _is_notebook(stream: Any) -> bool:
    return type(stream).__module__.startswith(NOTEBOOKS)


def _columns(stream: Any) -> int:
    """Return the width of the terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (AttributeError, OSError, ValueError):
        return 80


def may_notify() -> bool:
    """Return whether this process may write messages that were not requested.

    Worker processes and all MPI processes but the first do not, and none if the environment
    variable NEUROSIM_PROGRESS is 0.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    is_worker = multiprocessing and multiprocessing.current_process().name != "MainProcess"
    switched_off = os.environ.get(VARIABLE) == "0"
    return not (sys.stderr is None or switched_off or is_worker or mpi_rank())


def _is_watched() -> bool:
    """Return whether automatic progress is shown: in terminals and notebooks."""
    return may_notify() and (_is_terminal(sys.stderr) or _is_notebook(sys.stderr))


def begin(activity: Activity) -> Callable[[], None]:
    """Show an activity; return a function that ends it."""
    line = _line
    line.begin(activity)
    return lambda: line.end(activity)


def clear_line() -> None:
    """Erase the line before other output.

    It appears again with the next update.
    """
    _line.clear()


@contextmanager
def progress_bar(
    total: float | None = None,
    *,
    show: bool | None = None,
    unit: str = "ms",
    text: str = "simulating",
    delay: float = AUTOMATIC_DELAY,
) -> Iterator[Callable[[float], None]]:
    """Show progress with the time left; yield a function that updates it.

    Parameters
    ----------
    total : float, optional
        Total amount of work, in `unit`. Default: unknown; only the elapsed time is shown.
    show : bool, optional
        Default: in a terminal or notebook, if the work takes longer than `delay`.
    unit : str
        If empty, only the percentage is shown.
    text : str
        Label.
    delay : float
        s.
    """
    if not (_is_watched() if show is None else show and not mpi_rank()):
        yield no_report
        return
    activity = Activity(text, total, unit, delay=delay if show is None else 0.0)
    end = begin(activity)
    try:
        yield lambda done: setattr(activity, "done", done)
    finally:
        end()
