"""A file to start from."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from neurosim.errors import NeurosimError
from neurosim.experiments.toml import SUFFIX


def start_text() -> str:
    """Return the file to start from: a balanced network, each line explained."""
    return files("neurosim.experiments.toml").joinpath("start.toml").read_text(encoding="utf-8")


def write_start(path: Path) -> None:
    """Write a file to start from.

    Raises
    ------
    NeurosimError
        Where a file is there already, the name is no TOML file's, or the folder refuses.
    """
    if path.suffix != SUFFIX:
        raise NeurosimError(f"{path} does not end in {SUFFIX}: call it {path.stem or 'my'}{SUFFIX}")
    try:
        # "x": what is there already is the user's work.
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(start_text())
    except FileExistsError:
        raise NeurosimError(
            f"{path} is there already and is left as it is: choose another name"
        ) from None
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be written ({os.strerror(error.errno or 0)}): give a file in a folder "
            "that can"
        ) from None
