"""Files of Python that define neuron models, rules and inputs for a command."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def load_models(paths: Iterable[Path]) -> None:
    """Run files of Python, so that scenario files and checkpoints can name the classes they define.

    Raises
    ------
    NeurosimError
        Where a file is missing, has the name of another module, or fails.
    """
    for path in paths:
        _load(path)


def _load(path: Path) -> None:
    """Run one file as the module of its name."""
    name = path.stem
    if path.suffix != ".py" or not path.is_file():
        raise NeurosimError(
            f"--models {path}: there is no such file of Python; give one that ends in .py"
        )
    if getattr(sys.modules.get(name), "__file__", None) == str(path):
        return
    if name in sys.modules or not name.isidentifier() or importlib.util.find_spec(name):
        raise NeurosimError(
            f"--models {path}: {name!r} is the name of another module or cannot be one; rename the "
            "file"
        )
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except NeurosimError:
        raise
    except SyntaxError as error:
        raise NeurosimError(f"{path}:{error.lineno}: SyntaxError: {error.msg}") from error
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        raise NeurosimError(f"{path}:{line}: {type(error).__name__}: {error}") from error
