"""Damaged and hostile NIR files."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurosim as ns
from tests.fuzz import fuzz_count, mutants
from tests.nir_networks import native
from tests.unit.interchange.test_hostile import Reader, zeros

GIB = 2**30
DATA = Path(__file__).parents[2] / "data" / "nir"
FILES = ("snntorch_recurrent.nir", "snntorch_cubalif.nir", "neurosim_lif.nir")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.process.communicate()


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_read_or_refused(tmp_path: Path, reader: Reader, name: str):
    place = tmp_path / "only"
    place.mkdir()
    outcomes = []
    for damaged in mutants((DATA / name).read_bytes(), fuzz_count(120) // len(FILES), seed=3):
        (place / "a.nir").write_bytes(damaged)
        outcomes.append(reader.read(place / "a.nir"))
    assert [path.name for path in place.iterdir()] == ["a.nir"]
    assert 0 < outcomes.count("read") < len(outcomes)


VALUES = (
    np.array([2**62, -1]),
    np.float64(1e300),
    np.full(6, np.nan),
    np.full(6, -1.0),
    np.zeros((0,)),
    np.ones((16, 1)),
    np.ones((1, 1, 1, 1, 1)),
    np.arange(16, dtype=">i2"),
    np.array([True, False]),
    np.complex128(1j),
    "Conv2d",
    "NIRGraph",
    "LIF",
    "../../input",
    np.array([b"input", b"output"]),
    np.array([[b"input", b"1"], [b"1", b"1"]]),
    np.zeros(3, [("a", "i4")]),
)


def test_values_of_the_wrong_type_are_read_or_refused(tmp_path: Path, reader: Reader):
    random = np.random.default_rng(4)
    path = tmp_path / "a.nir"
    outcomes = []
    for k in range(fuzz_count(90) // 3):
        path.write_bytes((DATA / FILES[k % 3]).read_bytes())
        with h5py.File(path, "r+") as file:
            names: list[str] = []
            file["node"].visit(names.append)
            for _ in range(random.integers(1, 4)):
                name = f"node/{names[random.integers(len(names))]}"
                value = VALUES[random.integers(len(VALUES))]
                with suppress(OSError, KeyError):  # where what led there is gone
                    del file[name]
                    if random.random() < 0.9:
                        file[name] = value
        outcomes.append(reader.read(path))
    assert len(set(outcomes)) > 10


Change = Callable[[h5py.Group], object]


def put(name: str, value: object) -> Change:
    def change(nodes: h5py.Group) -> None:
        if name in nodes:
            del nodes[name]
        if isinstance(value, dict):
            nodes.create_dataset(name, **value)
        else:
            nodes[name] = value

    return change


def conv(**fields: object) -> Change:
    """Put a convolution in the place of the first weights."""

    def change(nodes: h5py.Group) -> None:
        del nodes["0"]
        plain = {"weight": np.ones((1, 1, 3, 3)), "bias": np.zeros(1), "stride": 1, "padding": 1}
        plain |= {"dilation": 1, "groups": 1, "type": "Conv2d", "input_shape": [100, 100]}
        put("input/shape", fields.pop("shape", [1, 100, 100]))(nodes)
        for name, value in (plain | fields).items():
            nodes[f"0/{name}"] = value

    return change


def pool(nodes: h5py.Group) -> None:
    del nodes["0"]
    for name, value in {"kernel_size": 2**30, "stride": 1, "padding": 2**29}.items():
        nodes[f"0/{name}"] = np.array([value, value])
    nodes["0/type"] = "SumPool2d"
    put("input/shape", [1, 8, 8])(nodes)


def products(nodes: h5py.Group) -> None:
    """Two weights that are small alone, and large one after the other."""
    ones = {"data": np.ones((1, 20_000)), "compression": "gzip"}
    put("input/shape", [20_000])(nodes)
    put("0/weight", ones)(nodes)
    put("0/bias", np.zeros(1))(nodes)
    nodes.create_group("wide")
    put("wide/weight", {"data": np.ones((20_000, 1)), "compression": "gzip"})(nodes)
    nodes["wide/type"] = "Linear"
    for field in ("v_leak", "v_threshold", "v_reset", "r", "tau"):
        put(f"1/{field}", {"data": np.ones(20_000), "compression": "gzip"})(nodes)
    put("2/weight", {"data": np.ones((6, 20_000)), "compression": "gzip"})(nodes)
    edges = [("input", "0"), ("0", "wide"), ("wide", "1"), ("1", "2"), ("2", "3"), ("3", "output")]
    put("edges", edges)(nodes.parent)


def stretched(nodes: h5py.Group) -> None:
    """Parameters in a column, and their weights in a row."""
    put("1/type", "CubaLIF")(nodes)
    for field in ("v_leak", "v_threshold", "v_reset", "r", "tau_mem", "tau_syn"):
        put(f"1/{field}", {"data": np.ones((50_000, 1)), "compression": "gzip"})(nodes)
    put("1/w_in", {"data": np.ones((1, 50_000)), "compression": "gzip"})(nodes)
    del nodes["1/tau"]


def nested(nodes: h5py.Group) -> None:
    for _ in range(500):
        nodes = nodes.create_group("d")


def itself(nodes: h5py.Group) -> None:
    nodes["again"] = nodes.parent


def bomb(nodes: h5py.Group) -> None:
    """A chunk of 8 kB by its header that inflates to 1 GiB."""
    put("0/bias", {"shape": (1000,), "dtype": "f8", "chunks": (1000,), "compression": "gzip"})(
        nodes
    )
    nodes["0/bias"].id.write_direct_chunk((0,), zeros(GIB))


def packed(nodes: h5py.Group) -> None:
    """Many ones that are really there."""
    shape, chunks = (2**13, 2**14), (2**8, 2**14)
    options = {"shape": shape, "dtype": "f8", "chunks": chunks, "compression": "gzip"}
    put("0/weight", options)(nodes)
    chunk = zlib.compress(np.ones(chunks).tobytes(), 1)
    for k in range(0, shape[0], chunks[0]):
        nodes["0/weight"].id.write_direct_chunk((k, 0), chunk)


def same_word(nodes: h5py.Group) -> None:
    """A list of words that the file stores once."""
    word = h5py.string_dtype()
    nodes.create_dataset("long", data="x" * 2**20, dtype=word)
    many = nodes.parent.create_dataset("many", (10_000,), dtype=word)
    many[0] = "x" * 2**20
    raw = np.frombuffer(many.id.read_direct_chunk((0,))[1], "V16") if many.chunks else None
    assert raw is None
    offset = many.id.get_offset()
    nodes.file.flush()
    with open(nodes.file.filename, "r+b") as file:
        file.seek(offset)
        one = file.read(16)
        file.seek(offset)
        file.write(one * 10_000)


TERABYTE = {"shape": (2**37,), "dtype": "f8", "chunks": (2**20,), "compression": "gzip"}
HOSTILE: dict[str, tuple[Change, str]] = {
    "terabyte": (put("0/weight", TERABYTE), "claims 1099511627776 bytes"),
    "external_link": (put("0", h5py.ExternalLink("/etc/hostname", "/")), "is a link"),
    "soft_link": (put("0", h5py.SoftLink("/node")), "is a link"),
    "external_storage": (
        put("0/bias", {"shape": (9,), "dtype": "f8", "external": [("/etc/passwd", 0, 72)]}),
        "is stored in another file",
    ),
    "itself": (itself, "contains a part twice"),
    "nested": (nested, "nested too deeply"),
    "bomb": (bomb, "refused"),
    "packed": (packed, "far more than the file holds"),
    "compound": (put("0/bias", np.zeros(9, [("a", "i4")])), "is not an array of numbers"),
    "complex": (put("0/bias", np.ones(16, complex)), "is not an array of numbers"),
    "no_numbers": (put("0/weight", "weights"), "refused"),
    "control": (put("\x1b[2J", np.ones(1)), "holds no graph"),
    "huge_input": (put("input/shape", [2**62]), "max_synapses"),
    "huge_shape": (put("input/shape", [2**31, 2**31, 2**31]), "max_synapses"),
    "stretched": (stretched, "w_in of a CubaLIF has the shape (1, 50000), not (50000, 1)"),
    "products": (products, "'wide': it needs more than max_synapses"),
    "huge_conv": (conv(shape=[1, 3000, 3000]), "max_synapses"),
    "many_channels": (conv(weight=np.ones((10_000, 1, 3, 3)), bias=np.zeros(10_000)), "needs more"),
    "no_stride": (conv(stride=0), "holds no graph that NIR can read (OverflowError"),
    "endless_stride": (conv(stride=2**62), "stride = "),
    "padding": (conv(padding=2**30), "'0': it needs"),
    "padded_word": (conv(padding="much"), "padding must be"),
    "groups": (conv(groups=7), "for 7 groups"),
    "pool": (pool, "'0': it needs"),
    "delay": (put("0/type", "Delay"), "holds no graph"),
    "unknown": (put("0/type", "Worm"), "holds no graph that NIR can read (AssertionError"),
    "same_word": (same_word, "refused"),
}


@pytest.mark.parametrize(("change", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused(tmp_path: Path, reader: Reader, change: Change, message: str):
    path = tmp_path / "a.nir"
    path.write_bytes((DATA / "snntorch_lif.nir").read_bytes())
    with h5py.File(path, "r+") as file:
        change(file["node/nodes"])
    outcome = reader.read(path)
    assert outcome.startswith("refused")
    assert message in outcome
    assert len(list(tmp_path.iterdir())) == 1


def test_many_edges_are_read_quickly(tmp_path: Path, reader: Reader):
    path = tmp_path / "a.nir"
    path.write_bytes((DATA / "snntorch_lif.nir").read_bytes())
    with h5py.File(path, "r+") as file:
        names = [f"n{k}" for k in range(150)]
        for name in names:
            file[f"node/nodes/{name}/type"] = "Scale"
            file[f"node/nodes/{name}/scale"] = np.full(10, 1e-3)
        ways = [("input", names[0]), ("0", "1"), ("1", "2"), ("2", "3"), ("3", "output")]
        ways += [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]
        put("edges", [*ways, (names[-1], "0")])(file["node"])
    assert reader.read(path) == "read"


def test_other_files_are_refused_in_one_sentence(tmp_path: Path, reader: Reader):
    for content in (b"", b"\x89HDF\r\n\x1a\n", b"hello"):
        (tmp_path / "a.nir").write_bytes(content)
        assert reader.read(tmp_path / "a.nir").startswith("refused: it ")
    with pytest.raises(ns.NeurosimError, match=r"none\.nir cannot be read \(No such file"):
        ns.from_nir(tmp_path / "none.nir")
    with pytest.raises(ns.NeurosimError, match="not a regular file"):
        ns.from_nir(tmp_path)
    with h5py.File(tmp_path / "a.nir", "w") as file:
        file.create_group("node")
    with pytest.raises(ns.NeurosimError, match="holds no graph that NIR can read"):
        ns.from_nir(tmp_path / "a.nir")


def test_an_intact_file_is_read(tmp_path: Path, reader: Reader):
    ns.save_nir(native("lif"), tmp_path / "a.nir")
    assert reader.read(tmp_path / "a.nir") == "read"
