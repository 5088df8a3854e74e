"""Run a command and measure the time from the start of its process to the end.

Adds `elapsed_s` to the JSON object in the last line of the command's output. This is a separate
script, so that a command prefix, such as one that waits for an idle machine, is not timed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()
    completed = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    elapsed = time.perf_counter() - started
    if completed.returncode:
        sys.exit(completed.returncode)
    answer = json.loads(completed.stdout.strip().splitlines()[-1])
    print(json.dumps(answer | {"elapsed_s": elapsed}))
