"""The Python examples on the pages of the documentation run, each page from top to bottom."""

from __future__ import annotations

import re
import runpy
import textwrap
import warnings
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[3] / "docs"
OPTIONS, CODE = r"((?:   +:.*\n)*)", r"((?:(?: {4}.*)?\n)+)"
BLOCK = re.compile(rf"^\.\. code-block:: python\n{OPTIONS}\n{CODE}", re.MULTILINE)
# Their examples need files or networks of the reader, or run in several processes.
FRAGMENTS = {
    "explanation/derivation.rst",
    "howto/formats.rst",
    "howto/mpi.rst",
    "howto/scenario_files.rst",
    "howto/sweep.rst",
}


def blocks(page: str) -> list[str]:
    """Return the Python examples of a page, without those whose caption names another tool."""
    found = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    ours = ("", ":caption: neurosim")
    return [textwrap.dedent(code) for options, code in found if options.strip() in ours]


PAGES = sorted(
    path.relative_to(DOCS).as_posix()
    for folder in ("howto", "explanation", "coming_from")
    for path in (DOCS / folder).glob("*.rst")
    if blocks(path.relative_to(DOCS).as_posix())
)


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(set(PAGES) - FRAGMENTS))
def test_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Models are compiled from their source, so the examples must be in a file.
    script = tmp_path / "example.py"
    script.write_text("\n".join(blocks(page)), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(str(script))


@pytest.mark.parametrize("page", sorted(FRAGMENTS))
def test_fragments_are_valid_python(page: str) -> None:
    assert blocks(page)
    for block in blocks(page):
        compile(block, page, "exec")


def test_the_network_of_the_nest_page_fires_as_often_as_in_nest() -> None:
    page = (DOCS / "coming_from" / "nest.rst").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(blocks("coming_from/nest.rst")[0], names)
    assert "5,607 spikes in NEST 3.10 and 5,653 in neurosim" in page
    assert len(names["times"]) == 5653
