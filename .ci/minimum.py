"""Print the lowest version that pyproject.toml allows of each dependency, as constraints for pip.

python .ci/minimum.py EXTRA... > constraints.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[(?P<extras>[^]]*)\])?\s*(>=\s*(?P<lowest>[\w.]+))?")


def main(extras: list[str]) -> None:
    """Print the constraints of the project and of some of its extras."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    requirements = list(project["dependencies"])
    while extras:
        requirements += project["optional-dependencies"][extras.pop()]
        # An extra may name others of the project itself.
        for requirement in requirements:
            found = REQUIREMENT.match(requirement)
            if found["name"] == project["name"]:
                extras += found["extras"].split(",")
        requirements = [r for r in requirements if not r.startswith(project["name"])]
    for requirement in requirements:
        found = REQUIREMENT.match(requirement)
        if found["lowest"]:
            print(f"{found['name']}=={found['lowest']}")


if __name__ == "__main__":
    main(sys.argv[1:])
