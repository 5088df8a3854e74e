"""Runs a command and prints how long it took, from the start of its process to the end.

Adds `elapsed_s` to the JSON object that the command prints last. A script of its own, so that what
is put before it, such as waiting for a quiet machine, is not timed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    elapsed = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.returncode)
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps(answer | {"elapsed_s": elapsed}))
