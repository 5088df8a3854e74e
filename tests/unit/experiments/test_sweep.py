from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

import neurosim
from neurosim.cli import main
from neurosim.errors import NeurosimError
from neurosim.experiments.sweep.plot import draw_sweep
from neurosim.experiments.sweep.task import run_point
from neurosim.sweep import (
    SweepFolder,
    Table,
    describe,
    is_sweep,
    parse_grid,
    parse_seeds,
    read_table,
    sweep,
)
from tests.conftest import Registry, ToySettings
from tests.fuzz import fuzz_count, mutants

pytestmark = pytest.mark.usefixtures("toys")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A scheduler with one worker in this process, where the toy scenarios are."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def counted(toys: Registry) -> list[tuple]:
    """Record the runs of the toy, which rejects one setting and fails at another."""
    runs = []

    def findings(result, settings):
        runs.append((settings.tau_m, settings.trials))
        if settings.trials == 66:
            raise NeurosimError("66 trials are unlucky")
        if settings.trials == 99:
            raise ZeroDivisionError("of no use")
        return {"twice": 2 * settings.tau_m, "few": settings.trials < 10, "word": "x"}

    toys.add("toy", findings=findings)
    return runs


def points_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Name, inode and modification time of each point's file."""
    files = (folder / "points").iterdir()
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


def table_of(values: dict[str, list], grid: dict[str, list], seeds: int, words: str = "") -> Table:
    described = describe("toy", grid, seeds=seeds)
    cells = np.repeat(np.arange(math.prod(described.shape)), seeds)
    numbers = {name: np.array(column, float) for name, column in values.items()}
    return Table(
        described,
        cells,
        np.tile(described.seeds, len(cells) // seeds),
        numbers,
        frozenset(filter(None, [words])),
    )


# Description


def test_the_points_are_all_combinations_with_all_seeds():
    described = describe("toy", {"tau_m": [5, "10"], "regime": ["AI", "SR"]}, seeds=[3, 7])
    found = [(p.settings["tau_m"], p.settings["regime"], p.seed) for p in described.points()]
    first = [(5.0, "AI", 3), (5.0, "SR", 3), (10.0, "AI", 3), (10.0, "SR", 3)]
    assert found == first + [(tau, regime, 7) for tau, regime, _ in first]
    assert described.size == 8


def test_a_point_has_all_settings_and_a_key_of_its_own():
    described = describe("toy", {"tau_m": [5, 10]}, settings={"trials": 4}, duration=50)
    points = list(described.points())
    assert points[0].as_dict() == {
        "scenario": "toy",
        "settings": dataclasses.asdict(ToySettings(tau_m=5.0, trials=4)) | {"psps": [-6.0, 10.0]},
        "seed": 1,
        "dt_ms": 0.1,
        "duration_ms": 50,
    }
    assert len({point.key for point in points}) == 20
    changed = describe("toy", {"tau_m": [5, 10]}, settings={"trials": 5}, duration=50)
    assert not {p.key for p in points} & {p.key for p in changed.points()}


def test_lists_in_a_grid_are_separated_by_semicolons():
    assignments = ["psps=10,3,3;5,5,5", "tau-m=1,2", "regime=AI;SR"]
    grid = parse_grid(ToySettings, assignments)
    assert grid == {"psps": ["10,3,3", "5,5,5"], "tau_m": ["1", "2"], "regime": ["AI", "SR"]}
    described = describe("toy", grid)
    assert described.grid[0].values == ((10.0, 3.0, 3.0), (5.0, 5.0, 5.0))
    assert [axis.unit for axis in described.grid] == ["mV", "ms", ""]
    assert [axis.numeric for axis in described.grid] == [False, True, False]
    assert parse_grid(ToySettings, ["psps=10,3,3;"]) == {"psps": ["10,3,3"]}


@pytest.mark.parametrize(
    ("text", "seeds"), [("10", 10), ("3,7,9", (3, 7, 9)), ("3,", (3,)), (" 4 ", 4)]
)
def test_seeds_are_how_many_or_which(text: str, seeds: object):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--grid tau=1,2", "unknown setting 'tau': did you mean 'tau_m'?"),
        ("--grid tau_m", "tau_m has no values: write tau_m=0.5,1,2"),
        ("--grid tau_m=1,x", "tau_m = 'x' is not a number in ms (time constant; default 20)"),
        ("--grid tau_m=1,1.0", "tau_m has the value 1 twice: give it once"),
        (
            "--grid tau_m=1 --grid tau-m=2",
            "tau_m is in the grid twice: give all its values at once",
        ),
        (
            "--grid psps=10,3,3",
            "psps = '10,3,3' is a single list: separate several lists by semicolons, as in "
            '"psps=10,3,3;5,5,5", or give it with --set',
        ),
        (
            "--grid tau_m=-1,5,0 --seeds 4",
            "8 of 12 points cannot be run, so none was started: tau_m = -1 ms must be above 0 ms "
            "(with tau_m=-1)",
        ),
        ("--grid tau_m=1 --set tau_m=5", "tau_m is both varied and fixed: give it once"),
        ("--grid tau_m=1 --seeds 0", "seeds = 0 is outside 1 to 100,000"),
        (
            "--grid tau_m=1 --seeds 3,3",
            "seeds = [3, 3] is empty or repeats a seed: give each once",
        ),
        ("--grid tau_m=1 --seeds 3,-1", "seed = -1 is not an integer from 0 to 2^63 - 1"),
        (
            "--grid tau_m=1 --seeds x",
            "seeds = 'x' must be whole numbers: give how many, such as 10, or a list, such as "
            "3,7,9",
        ),
        (
            "--grid trials=1,2 --seeds 60000",
            "the sweep has 120,000 points, more than 100,000: use fewer values or seeds, or "
            "several sweeps",
        ),
        ("--grid tau_m=1 --duration nan", "duration = nan is not finite: give a number in ms"),
        ("--grid tau_m=1 --threads 0", "threads = 0 is outside 1 to 256"),
        ("--grid tau_m=1 --workers 0", "workers = 0 is outside 1 to 1000"),
        (
            "--grid tau_m=1 --workers 2 --scheduler tcp://host:8786",
            "a scheduler has workers already: give either workers or a scheduler",
        ),
    ],
)
def test_a_mistake_is_told_before_anything_is_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: str, sentence: str
):
    out = tmp_path / "out"
    assert main(["sweep", "toy", *arguments.split(), "--out", str(out)]) == 2
    assert capsys.readouterr().err == f"neurosim: {sentence}\n"
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threads": "2"}, "threads = '2' is not a whole number: give one, such as 100"),
        ({"threads": 2.5}, "threads = 2.5 is not a whole number: give one, such as 100"),
        ({"workers": 2.0}, "workers = 2.0 is not a whole number: write 2"),
    ],
)
def test_numbers_of_processes_of_the_wrong_type_are_refused(
    tmp_path: Path, options: dict, sentence: str
):
    with pytest.raises(NeurosimError, match=re.escape(sentence)):
        sweep("toy", {"tau_m": [1.0]}, out=tmp_path, **options)


def test_points_that_would_end_in_their_warm_up_are_refused(toys: Registry):
    toys.add("slow", warmup=lambda settings: 10.0 * settings.tau_m)
    with pytest.raises(
        NeurosimError, match=r"^20 of 30 points cannot be run, .* \(with tau_m=10\)$"
    ):
        describe("slow", {"tau_m": [5, 10, 20]})


# Running


def test_what_is_there_is_not_run_again(scheduler: str, tmp_path: Path, counted: list):
    grid = {"tau_m": [5, 10, 20]}
    for _ in range(2):
        table = sweep("toy", grid, out=tmp_path, seeds=2, scheduler=scheduler)
        assert len(counted) == 6
        assert table.missing == 0
    np.testing.assert_array_equal(table.values["twice"], [10, 10, 20, 20, 40, 40])
    before = points_in(tmp_path)
    lost = sorted(before)[2]
    (tmp_path / "points" / lost).unlink()
    sweep("toy", grid, out=tmp_path, seeds=2, scheduler=scheduler)
    assert len(counted) == 7
    after = points_in(tmp_path)
    assert {name: after[name] for name in before if name != lost} == {
        name: kept for name, kept in before.items() if name != lost
    }


def test_more_points_than_are_handed_over_ahead_are_all_run(
    scheduler: str, tmp_path: Path, counted: list, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("neurosim.experiments.sweep.workers.QUEUE_LENGTH", 2)
    table = sweep("toy", {"trials": range(20)}, out=tmp_path, seeds=1, scheduler=scheduler)
    assert len(table.cells) == len(counted) == 20


def test_a_refused_point_is_kept_with_its_sentence_and_the_rest_goes_on(
    scheduler: str, tmp_path: Path, counted: list, capsys: pytest.CaptureFixture[str]
):
    command = ["sweep", "toy", "--grid", "trials=1,66,20", "--seeds", "2", "--out", str(tmp_path)]
    for _ in range(2):  # refused for good: the second time nothing is run
        assert main([*command, "--scheduler", scheduler]) == 2
        words = capsys.readouterr().err
        assert "toy: 4 of 6 points completed" in words
        assert "2 points failed" in words
        assert "  trials=66, seed 2: 66 trials are unlucky\n" in words
        assert "few" in words
        assert len(counted) == 6
    lines = (tmp_path / "sweep.csv").read_text().splitlines()
    assert lines[0] == "trials,seed,twice,few,rate_of_exc_hz,error"
    assert lines[1] == "1,1,40.0,1.0,30.0,"
    assert lines[-1] == "66,2,,,,66 trials are unlucky"


def test_a_defect_is_shown_once_and_the_rest_goes_on(
    scheduler: str, tmp_path: Path, counted: list, capsys: pytest.CaptureFixture[str]
):
    command = ["sweep", "toy", "--grid", "trials=1,99", "--seeds", "2", "--out", str(tmp_path)]
    assert main([*command, "--scheduler", scheduler, "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("Traceback") == 1
    assert "repeat the command to run the 2 missing points" in captured.err
    found = json.loads(captured.out)
    assert found["done"] == found["missing"] == 2
    assert [failure["kind"] for failure in found["failed"]] == ["defect", "defect"]
    assert found["table"][0]["findings"]["twice"] == {
        "mean": 40.0,
        "low": 40.0,
        "high": 40.0,
        "n": 2,
    }
    assert len(points_in(tmp_path)) == 2


def test_workers_that_cannot_run_the_sweep_end_it(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def other(point, threads, version):
        return run_point(point, threads, "0.0")

    monkeypatch.setattr("neurosim.experiments.sweep.workers.run_point", other)
    with pytest.raises(NeurosimError, match=r"a worker has neurosim .* instead of 0\.0: install"):
        sweep("toy", {"trials": [1, 2]}, out=tmp_path, scheduler=scheduler)
    assert points_in(tmp_path) == {}


def test_findings_too_large_for_a_file_are_refused(toys: Registry, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("neurosim.experiments.sweep.task.MAX_BYTES", 2000)
    toys.add("toy", findings=lambda result, settings: {"long": [0.5] * 1000})
    point = next(describe("toy", {"trials": [1]}).points())
    assert "the findings take" in json.loads(run_point(point, 1, neurosim.__version__))["error"]


def test_without_dask_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["sweep", "toy", "--grid", "tau_m=1", "--out", str(tmp_path)]) == 2
    assert 'pip install "neurosim-bridge[distributed]"' in capsys.readouterr().err


def test_old_arguments_and_names_work_with_a_warning(scheduler: str, tmp_path: Path):
    messages: list[str] = []
    places = neurosim.sweep.Places(scheduler=scheduler)
    with pytest.warns(DeprecationWarning, match="places is deprecated: pass threads, workers"):
        neurosim.sweep.sweep("toy", {"trials": [1]}, out=tmp_path, seeds=1, places=places)
    with pytest.warns(DeprecationWarning, match="the argument 'tell' of sweep is now 'report'"):
        neurosim.sweep.sweep("toy", {"trials": [1]}, out=tmp_path, seeds=1, tell=messages.append)
    with pytest.warns(DeprecationWarning, match="written is now"):
        assert neurosim.sweep.written({"trials": 3}) == "trials=3"


# The folder


def test_a_point_is_written_once(tmp_path: Path):
    folder = SweepFolder(tmp_path)
    folder.claim(describe("toy", {"trials": [1]}))
    assert folder.add("abc", b"first")
    assert not folder.add("abc", b"second")
    assert (tmp_path / "points" / "abc.json").read_bytes() == b"first"
    assert folder.keys() == {"abc"}
    assert {file.name for file in tmp_path.iterdir()} == {"points", "sweep.json"}


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seeds": 3}, "with seeds 1,2 instead of 1,2,3"),
        ({"duration": 50.0}, "with duration_ms 100 instead of 50"),
        ({"settings": {"noisy": True}}, "with noisy none instead of true"),
        ({"grid": {"tau_m": [1, 2, 3]}}, "with tau_m 1,2 instead of 1,2,3"),
        ({"name": "plain-toy"}, "with scenario toy instead of plain-toy"),
    ],
)
def test_another_sweep_in_the_folder_is_refused(tmp_path: Path, changes: dict, difference: str):
    asked = {"name": "toy", "grid": {"tau_m": [1, 2]}, "seeds": 2}
    SweepFolder(tmp_path).claim(describe(**asked))
    SweepFolder(tmp_path).claim(describe(**asked))
    with pytest.raises(NeurosimError) as refused:
        SweepFolder(tmp_path).claim(describe(**(asked | changes)))
    assert str(refused.value) == (
        f"{tmp_path} holds another sweep, {difference}: give another folder"
    )


def test_a_folder_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    described = describe("toy", {"tau_m": [1, 2]})
    SweepFolder(tmp_path).claim(described)
    monkeypatch.setattr(neurosim, "__version__", "9.9")
    with pytest.raises(NeurosimError, match=r"with neurosim .* instead of 9\.9"):
        SweepFolder(tmp_path).claim(described)
    with pytest.raises(NeurosimError, match=r"this is 9\.9"):
        SweepFolder(tmp_path).sweep()


def test_a_folder_tells_its_sweep(tmp_path: Path):
    described = describe(
        "toy", {"psps": [(1.0, 2.5), (3.0,)], "noisy": [True, False]}, seeds=[5, 4], dt=0.2
    )
    SweepFolder(tmp_path).claim(described)
    assert is_sweep(tmp_path)
    assert SweepFolder(tmp_path).sweep() == described


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(NeurosimError, match="cannot be written"):
        SweepFolder(tmp_path / "file" / "out").claim(describe("toy", {"trials": [1]}))


@pytest.fixture
def complete(tmp_path: Path) -> SweepFolder:
    """A folder with both points of a sweep."""
    folder = SweepFolder(tmp_path)
    described = describe("toy", {"tau_m": [1, 2]}, seeds=1)
    folder.claim(described)
    for point in described.points():
        folder.add(point.key, run_point(point, 1, neurosim.__version__))
    return folder


def replace_by_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "damage",
    [
        replace_by_device,
        replace_by_pipe,
        lambda path: path.write_text(path.read_text().replace('"seed": 1', '"seed": 2')),
        lambda path: path.write_text(path.read_text().replace("findings", "losings")),
        lambda path: path.write_text("[" * 100_000),
        lambda path: os.truncate(path, 10**12),
        lambda path: os.truncate(path, 100),
    ],
)
def test_a_damaged_point_is_named(complete: SweepFolder, damage):
    path = sorted((complete.path / "points").iterdir())[0]
    damage(path)
    with pytest.raises(NeurosimError) as refused:
        read_table(complete.sweep(), complete)
    words = r"(is damaged.*: remove it, and the same|cannot be read \(not a regular file\): give)"
    assert re.match(rf"{re.escape(str(path))} {words}", str(refused.value))


def test_damaged_files_are_read_or_refused_and_nothing_else(complete: SweepFolder):
    files = [complete.path / "sweep.json", *sorted((complete.path / "points").iterdir())[:1]]
    count = fuzz_count(300)
    for number, path in enumerate(files):
        kept = path.read_bytes()
        for damaged in mutants(kept, count, seed=number):
            path.write_bytes(damaged)
            with suppress(NeurosimError):
                read_table(complete.sweep(), complete).as_csv()
        path.write_bytes(kept)


# The table


def test_the_interval_of_a_mean_is_students():
    drawn = np.random.default_rng(1).normal(5.0, 2.0, 21)
    table = table_of({"x": drawn}, {"tau_m": [1, 2, 3]}, 7)
    found = table.estimate("x")
    for k, values in enumerate(drawn.reshape(3, 7)):
        error = values.std(ddof=1) / np.sqrt(7)
        low, high = stats.t.interval(0.95, 6, values.mean(), error)
        np.testing.assert_allclose(
            (found.mean[k], found.low[k], found.high[k]), (values.mean(), low, high)
        )
    np.testing.assert_array_equal(found.n, 7)


def test_the_interval_of_a_share_is_wilsons():
    fired = [True] * 3 + [False] * 4 + [True] * 7
    found = table_of({"fired": fired}, {"tau_m": [1, 2]}, 7, "fired").estimate("fired")
    for k, count in enumerate((3, 7)):
        expected = proportion_confint(count, 7, 0.05, "wilson")
        np.testing.assert_allclose((found.low[k], found.high[k]), expected)


def test_seeds_without_a_number_are_left_out_and_counted():
    nan = math.nan
    values = {"x": [1.0, 3.0, nan, 4.0, nan, nan, nan, nan, nan]}
    found = table_of(values, {"tau_m": [1, 2, 3]}, 3).estimate("x")
    np.testing.assert_array_equal(found.n, [2, 1, 0])
    np.testing.assert_array_equal(found.mean, [2.0, 4.0, nan])
    np.testing.assert_array_equal(np.isnan(found.low), [False, True, True])


def test_an_estimate_has_the_shape_of_the_grid():
    values = {"x": np.arange(12.0)}
    found = table_of(values, {"tau_m": [1, 2, 3], "regime": ["AI", "SR"]}, 2).estimate("x")
    np.testing.assert_array_equal(found.mean, [[0.5, 2.5], [4.5, 6.5], [8.5, 10.5]])


def test_findings_that_chance_varies_are_shown_before_others():
    values = {"same": [1, 1, 1, 1], "grid": [1, 1, 2, 2], "chance": [1, 2, 3, 4]}
    grid = {"tau_m": [1, 2]}
    assert table_of(values, grid, 2).varying(5) == ["chance"]
    del values["chance"]
    assert table_of(values, grid, 2).varying(5) == ["grid"]
    del values["grid"]
    assert table_of(values, grid, 2).varying(5) == ["same"]


def test_an_unknown_finding_is_refused_with_the_nearest():
    table = table_of({"rate_hz": [1.0]}, {"tau_m": [1]}, 1)
    with pytest.raises(NeurosimError, match="did you mean 'rate_hz'"):
        table.estimate("rate_khz")


def test_figures_in_groups_are_named_and_lists_left_out(scheduler: str, tmp_path: Path, toys):
    found = {"a": {"b": {"c": 1}, "d": [1, 2]}, "tau_m": 3.0, "none": None, "big": 10**400}
    toys.add("toy", findings=lambda result, settings: found)
    table = sweep("toy", {"tau_m": [1]}, out=tmp_path, seeds=1, scheduler=scheduler)
    assert list(table.values) == ["a.b.c", "tau_m", "rate_of_exc_hz"]
    assert table.as_csv().splitlines()[0] == "tau_m,seed,a.b.c,findings.tau_m,rate_of_exc_hz,error"


# The figure


@pytest.mark.parametrize(
    ("grid", "panels"),
    [
        ({"tau_m": [1, 2, 4]}, 2),
        ({"tau_m": [1]}, 2),
        ({"regime": ["AI", "SR"]}, 2),
        ({"tau_m": [1, 2], "noisy": [True, False]}, 2),
        ({"tau_m": [1, 2], "trials": [1, 2, 3, 4, 5, 6]}, 4),  # two maps, two colour bars
        ({"tau_m": [1, 2], "trials": [1, 2, 3], "noisy": [True, False]}, 4),
        ({"tau_m": range(1, 9), "regime": ["AI", "SR"], "trials": range(1, 8)}, 12),
    ],
)
def test_every_kind_of_grid_is_drawn_with_its_units(grid: dict, panels: int):
    n = math.prod(map(len, grid.values()))
    values = np.random.default_rng(2).normal(size=(2, 3 * n))
    table = table_of({"rate_hz": values[0], "beta_per_mv": values[1]}, grid, 3)
    figure = draw_sweep(table)
    assert len(figure.axes) == panels
    words = " ".join(axes.get_ylabel() + axes.get_xlabel() for axes in figure.axes)
    assert "rate (Hz)" in words
    assert "beta (per mV)" in words
    assert "tau m (ms)" in words or "tau_m" not in grid
    figure.draw_without_rendering()


def test_a_picture_of_part_of_a_sweep_says_so():
    table = table_of({"x": np.arange(8.0)}, {"tau_m": [1, 2]}, 4)
    part = dataclasses.replace(
        table, cells=table.cells[:5], seeds=table.seeds[:5], values={"x": np.arange(5.0)}
    )
    assert draw_sweep(part).get_suptitle() == "toy: mean of 4 seeds, 95 % intervals, 5 of 8 points"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("rate_of_exc_hz", "rate of exc (Hz)"),
        ("rate_hz.exc", "rate: exc (Hz)"),
        ("beta_per_mv", "beta (per mV)"),
        ("largest_error_of_the_whole_sum_mv", "largest error of the whole sum\n(mV)"),
        ("bits_per_spike", "bits per spike"),
        ("hz", "hz"),
    ],
)
def test_a_finding_is_labelled_by_its_name(name: str, label: str):
    table = table_of({name: [1.0, 2.0]}, {"tau_m": [1, 2]}, 1)
    assert draw_sweep(table).axes[0].get_ylabel() == label


def test_values_that_grow_by_a_factor_get_a_logarithmic_axis():
    for values, scale in (([1, 2, 4, 8], "log"), ([1, 2, 3, 4], "linear"), ([-1, 1, 9], "linear")):
        table = table_of({"x": np.arange(len(values))}, {"trials": values}, 1)
        assert draw_sweep(table).axes[0].get_xscale() == scale
