"""Draw the figure of the README's first network: python docs/readme_figure.py."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent
TARGET = DOCS / "images" / "network.png"


def python_blocks(text: str) -> list[str]:
    """Return the Python examples of a Markdown text."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def main() -> None:
    """Run the first example with another path for its figure."""
    example = python_blocks((DOCS.parent / "README.md").read_text(encoding="utf-8"))[0]
    exec(example.replace('"network.png"', f"{str(TARGET)!r}, dpi=130"), {})


if __name__ == "__main__":
    main()
