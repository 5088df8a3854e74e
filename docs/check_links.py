"""Check the links of built pages: python docs/check_links.py FOLDER.

Internal links must lead to existing files and anchors. Scripts, styles, fonts and pictures must not
come from another host, because the pages have to work without a network.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}
"""Attributes with addresses that a browser loads by itself, by tag."""
LOADING_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class Page(HTMLParser):
    """Anchors, links and loaded addresses of a page.

    Attributes
    ----------
    anchors, links, loaded : set of str
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set(LOADING_STYLE.findall(text))
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses in a tag."""
        given = {name: value for name, value in attrs if value is not None}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if (address := given.get(LOADED.get(tag, ""))) is not None:
            self.loaded.add(address)


def is_external(address: str) -> bool:
    """Return whether an address belongs to another host."""
    return bool(urlsplit(address).netloc)


def check(folder: Path) -> list[str]:
    """Return a message for each broken link and each resource of another host."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    wrong = []
    for path, page in pages.items():
        name = path.relative_to(folder)
        for address in sorted(page.loaded | page.links):
            if is_external(address):
                if address in page.loaded:
                    wrong.append(f"{name} loads {address} from another host")
            elif not _exists(path, address, pages):
                wrong.append(f"{name} links to {address}, which does not exist")
    for path in folder.rglob("*.css"):
        for address in LOADING_STYLE.findall(path.read_text(encoding="utf-8")):
            wrong.append(f"{path.relative_to(folder)} loads {address} from another host")
    return wrong


def _exists(path: Path, address: str, pages: dict[Path, Page]) -> bool:
    """Return whether an internal address leads to a file and, on a page, to an anchor."""
    parts = urlsplit(address)
    if parts.scheme:  # mailto, data
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.exists()
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


if __name__ == "__main__":
    built = Path(sys.argv[1]).resolve()
    messages = check(built)
    print("\n".join(messages) or f"all links in {built} are valid")
    sys.exit(bool(messages))
