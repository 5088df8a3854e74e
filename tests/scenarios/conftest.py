"""Scenarios through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from neurosim.cli import main

Command = Callable[..., dict]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Carry out `neurosim ... --json` in an empty folder; return the object it prints."""

    def carry_out(*arguments: str) -> dict:
        assert main([*arguments, "--json", "--out", str(tmp_path)]) == 0
        return json.loads(capsys.readouterr().out)

    return carry_out


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Run a scenario in a way that is the user's mistake; return the sentence it says."""

    def carry_out(*arguments: str) -> str:
        assert main(["run", *arguments, "--out", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    return carry_out
