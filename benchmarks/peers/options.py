"""Command-line options shared by the comparison commands."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from benchmarks.peers.environments import default_folder
from benchmarks.peers.runs import Laboratory

Number = TypeVar("Number", int, float)


def add_laboratory(parser: argparse.ArgumentParser) -> None:
    """Add options for the installation folder and the start of simulators."""
    parser.add_argument(
        "--envs",
        type=Path,
        default=default_folder(),
        help="folder of the environments (%(default)s)",
    )
    parser.add_argument("--python313", help="interpreter for Brian2's environment")
    parser.add_argument(
        "--prefix", type=shlex.split, default=[], help="command prefix, such as 'taskset -c 0,1'"
    )


def laboratory_of(arguments: argparse.Namespace) -> Laboratory:
    """Return the laboratory defined by the options of `add_laboratory`."""
    prefix = tuple(arguments.prefix)
    return Laboratory(arguments.envs.expanduser().resolve(), prefix, arguments.python313)


def names_among(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of comma-separated names that must be in `known`."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"unknown name {name!r}; choose from {', '.join(known)}"
                )
        return names

    return parse


def positive(kind: type[Number]) -> Callable[[str], Number]:
    """Return a parser of a positive number."""

    def parse(text: str) -> Number:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not positive")
        return value

    return parse


def thread_numbers(text: str) -> tuple[int, ...]:
    """Parse comma-separated numbers of threads."""
    return tuple(map(positive(int), text.split(",")))
