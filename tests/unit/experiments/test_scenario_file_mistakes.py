"""Errors in scenario files are reported in one line, with the line number."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.errors import NeurosimError
from neurosim.experiments.toml import document, positions
from neurosim.experiments.toml.file import ScenarioFile
from neurosim.experiments.toml.start import start_text

START = start_text()
DELAY = 'delay = {type = "Uniform", low = 1.0, high = 2.0}'
RULE = '{type = "FixedInDegree", n = 80}'
STRENGTH = "psp = 0.4  "
LIF = '{type = "LIF", v_reset = -60.0, t_ref = 2.0}'

# Original text, replacement, and the message after the name of the file.
MISTAKES = {
    "unknown population": (
        'from = "exc"', 'from = "ecx"',
        "27: population 'ecx' is unknown: did you mean 'exc'?",
    ),
    "misspelt field": (
        "v_reset = -60.0", "v_rset = -60.0",
        "15: 'v_rset' in populations.exc.neuron is unknown: did you mean 'v_reset'?",
    ),
    "misspelt key that has to be there": (
        "rate = 1500.0", "rates = 1500.0",
        "63: 'rates' in inputs.0 is unknown: did you mean 'rate'?",
    ),
    "misspelt table": (
        "[[connections]]", "[[connection]]",
        "26: 'connection' is unknown: did you mean 'connections'?",
    ),
    "misspelt type": (
        "FixedInDegree", "FixedIndegree",
        "29: connections.0.rule = 'FixedIndegree' is unknown: did you mean 'FixedInDegree'?",
    ),
    "seconds for ms": (
        "t_ref = 2.0", "tau_m = 0.02",
        "15: LIF.tau_m = 0.02 ms is outside 0.1 to 1000 ms: values are in ms; did you mean 20?",
    ),
    "volts for mV": (
        "v_reset = -60.0", "v_reset = -0.06",
        "15: LIF.v_reset = -0.06 mV: values are in mV, and these look like volts; did you mean "
        "-60?",
    ),
    "neither psp nor weight": (
        STRENGTH, "# ",
        "26: Give the strength as psp (mV) or as weight (pA): neither was given",
    ),
    "both psp and weight": (
        STRENGTH, "psp = 0.4\nweight = 30.0  # ",
        "31: Give the strength as psp (mV) or as weight (pA): both were given",
    ),
    "negative delay": (
        DELAY, "delay = -1.5",
        "32: delay = -1.5 ms is outside 0 to 100000 ms: values are in ms",
    ),
    "delay below the step": (
        DELAY, "delay = 0.05",
        "32: Delay 0.05 ms from 'exc' to 'exc' is below the time step dt = 0.1 ms: lengthen the "
        "delay or take a smaller dt",
    ),
    "per cent": (
        RULE, '{type = "FixedProbability", p = 10}',
        "29: FixedProbability.p = 10 is outside 0 to 1: did you mean 0.1?",
    ),
    "text for a number": (
        STRENGTH, 'psp = "0.4"  ',
        "31: psp = '0.4' is not a number: give one in mV",
    ),
    "text for a whole number": (
        "size = 800", 'size = "800"',
        "14: Size of population 'exc' = '800' is not a whole number: give one, such as 100",
    ),
    "population twice": (
        "[populations.inh]", "[populations.exc]",
        "18: '[populations.exc]' is defined twice: use a different name for each table",
    ),
    "key twice": (
        "size = 800 ", "size = 800\nsize = 900 ",
        "15: 'size' is defined twice: delete one of the two",
    ),
    "unknown variable": (
        'variable = "v"', 'variable = "vm"',
        "78: 'vm' cannot be recorded: did you mean 'v'?",
    ),
    "missing quote": (
        'from = "exc"', 'from = "exc',
        '27: a string is not closed: add a " at its end',
    ),
    "no quotes": (
        'from = "exc"', "from = exc",
        "27: 'exc' is not a valid value: write strings in quotes",
    ),
    "decimal comma": (
        STRENGTH, "psp = 0,4  ",
        "31: unexpected ',4' after a value: write decimals with a point, such as 0.5",
    ),
    "no digit before the point": (
        STRENGTH, "psp = .4  ",
        "31: '.4' is not a valid value: write numbers with digits on both sides of the point, such "
        "as 0.5",
    ),
    "unit": (
        "duration = 1000.0 ", "duration = 1000.0 ms ",
        "7: unexpected 'ms' after a value: write numbers without units, and one key per line",
    ),
    "True": (
        "seed = 1 ", "dale = True ",
        "9: 'True' is not a valid value: write true, in lower case",
    ),
    "one bracket": (
        "[[recordings]]", "[recordings]",
        "76: recordings must be a list of tables: write [[recordings]], in double brackets, above "
        "each table",
    ),
    "bracket not closed": (
        "[[recordings]]", "[[recordings]",
        "76: '[[recordings]' is not closed: a heading needs as many closing as opening brackets",
    ),
    "no equals sign": (
        "seed = 1 ", "seed 1 ",
        "9: a key has no value: write key = value",
    ),
    "list not closed": (
        "8, 9]", "8, 9",
        "80: a list is not closed, or a comma between its items is missing",
    ),
    "Dale's law": (
        STRENGTH, "psp = -0.4  ",
        "39: The synapses from 'exc' to 'inh' would excite, those to 'exc' inhibit, against Dale's "
        "law: split the population, or add it with dale = false",
    ),
    "too many sources": (
        RULE, '{type = "FixedInDegree", n = 801, multapses = false}',
        "29: FixedInDegree.n = 801 exceeds the 800 neurons to choose from: lower n, "
        "or allow multapses",
    ),
    "no size": (
        "size = 800", "# ",
        "13: populations.exc has no size (number of neurons, at least 1): add it",
    ),
    "no neuron": (
        f"neuron = {LIF}", "# ",
        '13: populations.exc has no neuron: write neuron = "LIF", for example',
    ),
    "no time constant": (
        '{type = "ExpCurrent", tau = 2.0}', '"ExpCurrent"',
        "30: connections.0.synapse has no tau (decay time constant (ms), 0.01 to 10,000): add it",
    ),
    "no type": (
        'type = "Poisson"', "# ",
        '60: inputs.0 has no type: write type = "Poisson", for example',
    ),
    "rule without type": (
        RULE, "{n = 80}",
        '29: connections.0.rule has no type: write {type = "AllToAll", …}',
    ),
    "table for a number": (
        "size = 800", "size = {number = 800}",
        "14: populations.exc.size must be a value, not a table",
    ),
    "number for a table": (
        "[analysis]", "analysis = 3\n[more]",
        "84: 'analysis' in recordings.0 is unknown: choose from of, variable, ids, interval, "
        "average, sum, synapse",
    ),
    "neuron that is not there": (
        "ids = [0, 1, 2, 3", "ids = [999, 1, 2, 3",
        "79: ids of 'exc' holds 999: indices run from 0 to 799",
    ),
    "neuron that is not recorded": (
        "ids = [0, 1, 2],", "ids = [0, 10],",
        "89: ids: v of neuron 10 of 'exc' is not recorded: choose neurons listed in [[recordings]]",
    ),
    "finding": (
        '"correlation"', '"corelation"',
        "86: analysis.findings.2 = 'corelation' is unknown: did you mean 'correlation'?",
    ),
    "finding twice": (
        '"correlation"', '"cv"',
        "86: findings lists a kind twice: list each once",
    ),
    "picture of nothing": (
        "stop = 600.0, bin", "stop = 100.0, bin",
        "88: stop = 100 ms is not after the warm-up, which ends at 200 ms: give a start or a later "
        "stop",
    ),
    "long warm-up": (
        "warmup = 200.0", "warmup = 1000.0",
        "85: warmup = 1000 ms is not shorter than the run of 1000 ms: give a shorter warmup or "
        "a longer duration",
    ),
    "sampling off the grid": (
        "interval = 0.1 ", "interval = 0.25 ",
        "80: interval = 0.25 ms is not a positive multiple of the time step dt = 0.1 ms; the "
        "nearest one is 0.2 ms",
    ),
    "number beyond all bounds": (
        "rate = 1500.0", "rate = 1e400",
        "63: 1e400 is too large: check its unit",
    ),
    "whole number beyond 64 bits": (
        "seed = 1 ", "seed = 99999999999999999999 ",
        "9: a whole number beyond 64 bits is too large: check its unit",
    ),
    "whole number of thousands of digits": (
        "seed = 1 ", f"seed = {'9' * 5000} ",
        "9: a number has more than 400 characters: check its unit",
    ),
    "date": (
        "rate = 1500.0", "rate = 2001-01-01",
        "63: 2001-01-01 is a date or a time of day: write times as numbers in ms",
    ),
    "name with a path": (
        "[populations.inh]", '[populations."../inh"]',
        "18: '../inh' is not a valid population name: use up to 64 letters, digits, spaces, _, + "
        "or -, starting with a letter or digit",
    ),
    "title that moves the cursor": (
        'title = "A', 'title = "\\u001bA',
        "6: title = '\\x1bA balanced network' contains unprintable characters: delete them",
    ),
    "rate beyond the step": (
        "rate = 1500.0", "rate = 1e7",
        "63: Poisson.rate = 1e+07 Hz is above 5e+06 Hz, 500 spikes in a step of 0.1 ms: use fewer, "
        "stronger inputs or a current",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("was", "instead", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_sentence_with_its_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    was: str,
    instead: str,
    said: str,
):
    monkeypatch.chdir(tmp_path)
    assert was in START
    Path("my.toml").write_text(START.replace(was, instead, 1), encoding="utf-8")
    assert main(["run", "my.toml"]) == 2
    first = capsys.readouterr().err.splitlines()[0]
    assert first == f"neurosim: my.toml:{said}"
    assert not Path("neurosim-out").exists()


def refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NeurosimError) as refused:
        ScenarioFile(path)
    return str(refused.value)


def test_all_mistakes_are_told_in_the_order_of_their_lines(tmp_path: Path):
    text = START.replace("size = 800", "size = -1").replace("warmup = 200.0", "warmup = -2.0")
    text = text.replace("seed = 1 ", "seeds = 1 ").replace("rate = 1500.0", "rate = -1.0")
    said = refusal(tmp_path / "my.toml", text).splitlines()
    lines = [int(line.removeprefix(str(tmp_path)).split(":")[1]) for line in said]
    # The input to the population with an invalid size is skipped.
    assert lines == [9, 14, 70, 85]


def test_of_many_mistakes_ten_are_told(tmp_path: Path):
    blocks = "\n".join(f'[[inputs]]\nto = "x{k}"\ntype = "LiveSpikes"' for k in range(14))
    said = refusal(tmp_path / "my.toml", START + blocks).splitlines()
    assert len(said) == 10
    assert said[-1].endswith("(and 4 more errors)")


def test_a_file_of_nothing_but_mistakes_is_not_read_to_its_end(tmp_path: Path):
    text = START + "\n" + "\n".join(f"k{k} = 0" for k in range(10_000))
    said = refusal(tmp_path / "my.toml", text).splitlines()
    assert len(said) == 10
    assert said[-1].endswith("(and at least 40 more errors)")


def test_odd_keys_are_told_on_one_line(tmp_path: Path):
    key = '"a\\nb' + "c" * 10**5 + '"'
    for text in (f"{key} = 1\n" + START, START + f"\n[{key}]\n", START + f"{key}.{key} = 1\n"):
        said = refusal(tmp_path / "my.toml", text).splitlines()
        assert len(said) == 1
        assert len(said[0]) < 500 + len(str(tmp_path))


def test_what_follows_from_a_mistake_is_not_told(tmp_path: Path):
    text = START.replace("size = 800", "size = 0")
    assert refusal(tmp_path / "my.toml", text).count("\n") == 0
    text = START.replace('variable = "v"', 'variable = "w"')
    assert refusal(tmp_path / "my.toml", text).count("\n") == 0


def test_a_changed_setting_is_refused_at_the_line_it_changes(tmp_path: Path, capsys):
    (tmp_path / "my.toml").write_text(START, encoding="utf-8")
    path, out = str(tmp_path / "my.toml"), str(tmp_path / "out")
    change = "populations.exc.neuron.t_ref=-1"
    assert main(["run", path, "--set", change, "--out", out]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"neurosim: {path}:15: LIF.t_ref = -1 ms is outside 0 to 1000 ms")
    assert main(["run", path, "--set", "duration=5", "--out", out]) == 2
    assert "duration is not a setting: give it as --duration" in capsys.readouterr().err
    assert main(["run", path, "--set", "populations.inh.sizes=5", "--out", out]) == 2
    assert "did you mean 'populations.inh.size'?" in capsys.readouterr().err


def test_a_picture_beyond_a_shorter_run_is_refused_before_it_runs(tmp_path: Path, capsys):
    text = START.replace("stop = 600.0, bin_ms", "start = 400.0, bin_ms")
    (tmp_path / "my.toml").write_text(text, encoding="utf-8")
    path = str(tmp_path / "my.toml")
    assert main(["run", path, "--duration", "300", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert ":88: start = 400 ms is not before the end of the run at 300 ms" in said
    assert not (tmp_path / "out" / "result.h5").exists()


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("size = 800", "size = 2000000000", ":13: The network needs about"),
        ("interval = 0.1 ", "# ", ":76: The recordings need about"),
    ],
)
def test_more_than_the_memory_holds_is_refused_before_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, was: str, instead: str, said: str
):
    for module in ("neurosim.builder.memory", "neurosim.engine.estimate"):
        monkeypatch.setattr(f"{module}.available_memory", lambda: 2**30)
    text = START.replace("duration = 1000.0", "duration = 1e7").replace("dt = 0.1", "dt = 0.01")
    text = text if "size" in was else text.replace(was, instead, 1)
    (tmp_path / "my.toml").write_text(text.replace(was, instead, 1), encoding="utf-8")
    assert main(["run", str(tmp_path / "my.toml"), "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_file_is_refused(tmp_path: Path):
    for path, said in (
        (tmp_path / "none.toml", "cannot be read (No such file or directory)"),
        (tmp_path, "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
    ):
        with pytest.raises(NeurosimError) as refused:
            document.Document(path, path.parent)
        assert said in str(refused.value)
    with pytest.raises(NeurosimError, match="has no name before its suffix"):
        ScenarioFile(tmp_path / ".toml")


def test_a_file_of_other_bytes_is_refused_with_their_line(tmp_path: Path):
    (tmp_path / "my.toml").write_bytes(b"duration = 5\ntitle = '\xe4'\n")
    with pytest.raises(NeurosimError, match=r"my.toml:2: a character is not encoded as UTF-8"):
        ScenarioFile(tmp_path / "my.toml")


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with (tmp_path / "my.toml").open("wb") as file:
        file.truncate(document.MAX_BYTES + 1)
    with pytest.raises(NeurosimError, match=r"has more than 8 MB"):
        ScenarioFile(tmp_path / "my.toml")
    text = "\n".join(f"k{k} = 0" for k in range(positions.MAX_KEYS + 1))
    assert "more than 30,000 keys and tables" in refusal(tmp_path / "my.toml", text)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 10**5,
        "a = " + "[" * 100 + "]" * 100,
        "a = " + "{a = " * 100 + "0" + "}" * 100,
        ".".join(["a"] * 10**5) + " = 0",
        "[" + ".".join(["a"] * 100) + "]",
    ],
    ids=["lists", "closed lists", "tables", "dotted key", "heading"],
)
def test_nesting_without_bounds_is_refused(tmp_path: Path, text: str):
    assert "nested more than 16 deep" in refusal(tmp_path / "my.toml", text)
