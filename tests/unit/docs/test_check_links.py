"""The check of links in built documentation."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[3] / "docs" / "check_links.py"


@pytest.fixture(scope="module")
def links() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_links", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_valid_pages_pass(links: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="sub/b.html#there">b</a> <a href="#here">here</a> <p id="here">'
        '<a href="https://example.org/page">elsewhere</a> <a href="mailto:a@example.org">mail</a>'
    )
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.html").write_text(
        '<h1 id="there"></h1><img src="../p%20q.png"><link rel="stylesheet" href="../style.css">'
    )
    (tmp_path / "p q.png").touch()
    (tmp_path / "style.css").write_text("p { background: url(p.png) }")
    assert links.check(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<a href="none.html">', "page.html links to none.html, which does not exist"),
        ('<a href="#none">', "page.html links to #none, which does not exist"),
        ('<img src="none.png">', "page.html links to none.png, which does not exist"),
        (
            '<script src="https://cdn.example.org/a.js"></script>',
            "page.html loads https://cdn.example.org/a.js from another host",
        ),
        (
            '<link rel="stylesheet" href="//cdn.example.org/a.css">',
            "page.html loads //cdn.example.org/a.css from another host",
        ),
        (
            "<style>@import 'https://cdn.example.org/font.css';</style>",
            "page.html loads https://cdn.example.org/font.css from another host",
        ),
    ],
)
def test_each_mistake_is_reported(
    links: ModuleType, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "page.html").write_text(text)
    assert links.check(tmp_path) == [message]


def test_style_sheets_must_not_load_from_other_hosts(links: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text('@font-face { src: url("https://example.org/a") }')
    assert links.check(tmp_path) == ["style.css loads https://example.org/a from another host"]
