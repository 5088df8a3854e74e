"""Damaged scenario files are read or rejected with messages, never with a traceback."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from neurosim.engine.estimate import estimate_resources
from neurosim.errors import NeurosimError
from neurosim.experiments.toml.document import MAX_BYTES
from neurosim.experiments.toml.start import start_text
from neurosim.scenario import RunOptions, find_scenario, run_scenario
from tests.fuzz import fuzz_count, mutants

TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*|-?\d[\d.]*|[^\w\s]|\n')
WORDS = [
    *("0", "-1", "1", "2", "1e-9", "1e9", "1e300", "1e400", "inf", "nan", "4294967296", "-0.0"),
    *("true", "false", '""', '"exc"', '"inh"', '".."', '"\\u0000"', '"LIF"', '"Normal"', "[]"),
    *("[0]", "[[0]]", "[1, 2.5]", '["a"]', "{}", "{a = 1}", '{type = "Normal", mean = 1, sd = 2}'),
    *('{type = "Explicit", sources = [0], targets = [1]}', '"HodgkinHuxley"', "2001-01-01", "="),
    *('{type = "STDP", w_max = 9}', '{type = "EscapeRate", delta = 2, tau = 5}', "[", "]", "\n"),
]


def edited(text: str, n: int, seed: int) -> Iterator[str]:
    """Change a file in `n` ways: swap, double, replace or drop words."""
    random = np.random.default_rng(seed)
    spans = [found.span() for found in TOKEN.finditer(text)]
    for _ in range(n):
        changed = text
        chosen = random.choice(len(spans), int(random.integers(1, 4)), replace=False)
        for index in sorted(chosen, reverse=True):
            first, last = spans[index]
            word = text[first:last]
            other = spans[random.integers(len(spans))]
            kinds = ("", f"{word} {word}", text[slice(*other)], WORDS[random.integers(len(WORDS))])
            changed = changed[:first] + kinds[random.integers(len(kinds))] + changed[last:]
        yield changed


def read_and_use(path: Path) -> bool:
    """Use a file as the command does; return whether it was accepted."""
    try:
        scenario = find_scenario(str(path))
        settings, options = scenario.settings(), RunOptions(scenario.duration, scenario.dt)
        network = scenario.network(settings, options)
        estimate = estimate_resources(network, options.duration, options.dt)
        if estimate.neurons > 3000 or estimate.synapses > 2e5 or options.duration > 2000.0:
            return True
        ran = run_scenario(scenario, settings, RunOptions(scenario.duration, scenario.dt, 1, 1))
    except NeurosimError as error:
        for line in str(error).splitlines():
            assert line.isprintable()
            assert len(line) < 600
        return False
    assert ran.findings
    assert ran.summary
    return True


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_no_damaged_file_brings_a_traceback(tmp_path: Path):
    path = tmp_path / "my.toml"
    small = start_text().replace("size = 800", "size = 40").replace("size = 200", "size = 10")
    small = small.replace("n = 80", "n = 4").replace("n = 20", "n = 2")
    small = small.replace("duration = 1000.0", "duration = 260.0").replace(
        "stop = 600.0", "stop = 250.0"
    )
    n = fuzz_count(400)
    accepted = 0
    for text in edited(small, n // 2, 1):
        path.write_text(text, encoding="utf-8")
        accepted += read_and_use(path)
    for data in mutants(small.encode(), n - n // 2, 2):
        path.write_bytes(data)
        accepted += read_and_use(path)
    # Most changes are mistakes, but a good part of the words are replaced by others as good.
    assert 0.02 * n < accepted < 0.7 * n


@pytest.mark.parametrize(
    "text",
    [
        "[[a]]\n" * 20_000,
        "a = [" + "{}," * 20_000 + "]",
        "a = [" + "[]," * 20_000 + "]",
        'a = """' + '\\"""' * 20_000,
        'a = "' + "\\" * 100_001,
        "a = '''" + "''x" * 30_000,
        "a." * 40_000,
        "a = 0x" + "f" * 100_000,
        "a = [0, 1" + "_0" * 50_000 + "]",
        "a = [" + "1.5," * 20_000 + "]",
    ],
    ids=range(10),
)
def test_a_small_file_takes_little_memory(tmp_path: Path, text: str):
    (tmp_path / "my.toml").write_text(text)
    tracemalloc.start()
    try:
        with pytest.raises(NeurosimError):
            find_scenario(str(tmp_path / "my.toml"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # So the largest file allowed stays below 0.6 GB; room to read one is always taken.
    assert peak < 60 * len(text) + MAX_BYTES + 2**20
