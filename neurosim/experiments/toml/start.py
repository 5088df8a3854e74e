"""The example scenario file."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from neurosim.errors import NeurosimError
from neurosim.experiments.toml import SUFFIX


def start_text() -> str:
    """Return the example file: a balanced network, with a comment on each line."""
    return files("neurosim.experiments.toml").joinpath("start.toml").read_text(encoding="utf-8")


def write_start(path: Path) -> None:
    """Write the example file.

    Raises
    ------
    NeurosimError
        If the file exists, its name does not end in .toml, or it cannot be written.
    """
    if path.suffix != SUFFIX:
        raise NeurosimError(f"{path} does not end in {SUFFIX}: call it {path.stem or 'my'}{SUFFIX}")
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:  # never overwrites
            file.write(start_text())
    except FileExistsError:
        raise NeurosimError(f"{path} already exists: choose another name") from None
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be written ({os.strerror(error.errno or 0)}): choose a writable folder"
        ) from None
