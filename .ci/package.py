"""Check the contents of the distributions: python .ci/package.py FOLDER.

The sdist must contain every tracked file, the wheel the files of the packages and nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_IN_SDIST = {".pre-commit-config.yaml"}


def main(folder: Path) -> int:
    """Print missing and superfluous files; return 1 if there are any."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True)
    tracked = set(listed.stdout.decode().splitlines()) - NOT_IN_SDIST
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    modules = {name for name in tracked if name.split("/")[0] in packages}
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name for name in archive.namelist() if ".dist-info/" not in name}
    wrong = [f"{sdist.name} lacks {name}" for name in sorted(tracked - in_sdist)]
    wrong += [f"{wheel.name} lacks {name}" for name in sorted(modules - in_wheel)]
    wrong += [f"{wheel.name} contains {name}" for name in sorted(in_wheel - modules)]
    print("\n".join(wrong) or f"{len(tracked)} files in the sdist, {len(modules)} in the wheel")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
