"""Boolean expressions, and networks of McCulloch–Pitts units compiled from them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bridge.classics import (
    ThresholdNetwork,
    ThresholdUnit,
    compile_expressions,
    parse,
    random_expression,
    truth_table,
)
from bridge.classics.threshold import answer
from neurosim import NeurosimError


@pytest.mark.parametrize("seed", range(40))
def test_expressions_mean_what_python_takes_them_for(seed):
    text = str(random_expression(np.random.default_rng(seed), "ABC", 3))
    in_python = text.replace("¬", "~").replace("⊕", "^")
    expected = [
        bool(eval(in_python, {"__builtins__": {}}, dict(zip("ABC", row, strict=True))))
        for row in truth_table(3)
    ]
    assert parse(text).evaluate(truth_table(3), "ABC").tolist() == expected


@pytest.mark.parametrize(
    "text",
    ["¬A & B ∣ C ^ D", "not A and B or C xor D", "!A * B + C ⊕ D", "(~A && B) || (C ^ (D))"],
)
def test_all_ways_of_writing_an_operation_are_one(text):
    assert parse(text).evaluate(truth_table(4)).tolist() == [
        (not a and b) or (c != d) for a, b, c, d in itertools.product((False, True), repeat=4)
    ]


def test_an_expression_written_out_is_read_back():
    for seed in range(20):
        expression = random_expression(np.random.default_rng(seed), "ABCD", 4)
        again = parse(str(expression))
        table = truth_table(4)
        assert (again.evaluate(table, "ABCD") == expression.evaluate(table, "ABCD")).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A &", "expected a variable, 0, 1, ¬ or a bracket, found the end"),
        ("A B", "expected an operation such as & or |, found 'B' at character 3"),
        ("(A | B", "expected a closing bracket"),
        ("A & 2", "found '2' at character 5"),
        ("", "found the end"),
        ("(" * 5000 + "A" + ")" * 5000, "nested more than 100 deep|characters"),
        ("~" * 3000 + "A", "nested more than 100 deep"),
        ("__import__('os')", "found '\\('"),
        (None, "text must be an expression as a string, not None"),
    ],
)
def test_what_is_no_expression_is_refused(text, words):
    with pytest.raises(NeurosimError, match=words):
        parse(text)


@pytest.mark.parametrize("text", ["A", "1", "0", "A & ~A", "A | ~A", "~~A", "~(A | B)", "A ^ A"])
def test_small_circuits_are_right(text):
    circuit = compile_expressions(text, "AB")
    expected = parse(text).evaluate(truth_table(2), "AB")
    assert (circuit.evaluate(truth_table(2))[:, 0] == expected).all()


def test_the_lecture_s_expression_takes_seven_units_in_three_layers():
    circuit = compile_expressions("((A & ¬X & Z) ∣ (A & ¬Y)) & ((X & Y) ∣ (¬X & Z))")
    assert circuit.inputs == ("A", "X", "Y", "Z")
    assert len(circuit.units) == 7
    assert circuit.levels.max() == 3
    expected = [
        ((a and not x and z) or (a and not y)) and ((x and y) or (not x and z))
        for a, x, y, z in itertools.product((False, True), repeat=4)
    ]
    assert circuit.evaluate(truth_table(4))[:, 0].tolist() == expected


def test_equal_parts_are_computed_once():
    circuit = compile_expressions(["(A & B) | C", "(A & B) ^ C", "A & B"])
    assert [unit.name for unit in circuit.units].count("A & B") == 1
    assert circuit.evaluate([[1, 1, 1]]).tolist() == [[True, False, True]]


def test_one_veto_silences_any_excitation():
    for n in (1, 10, 1000):
        unit = ThresholdUnit.mcculloch_pitts("u", tuple(range(n)), (n,), threshold=1)
        active = np.ones((2, n + 1), dtype=bool)
        active[0, n] = False
        assert answer(unit, active).tolist() == [True, False]


def test_a_loop_remembers_until_it_is_reset():
    # Set and reset are inputs 0 and 1; the unit, source 2, hears itself.
    unit = ThresholdUnit.mcculloch_pitts("memory", (0, 2), (1,), threshold=1)
    network = ThresholdNetwork(("set", "reset"), (unit,), (2,))
    assert network.levels is None
    pulses = np.array([[0, 0], [1, 0], [0, 0], [0, 0], [0, 1], [0, 0], [1, 1]])
    assert network.run(pulses[None])[0, :, 2].astype(int).tolist() == [0, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ThresholdUnit("u", (0,), (), 1.0), "1 sources and 0 weights"),
        (lambda: ThresholdUnit("u", (0,), (np.nan,), 1.0), "not finite"),
        (lambda: ThresholdNetwork(("a",), (ThresholdUnit("u", (2,), (1.0,)),), ()), "source 2"),
        (lambda: compile_expressions("A & B", "AC"), "variable B is not one of the inputs A, C"),
        (lambda: compile_expressions("A").evaluate([[0.5]]), "only 0 .silent. and 1 .active."),
        (lambda: compile_expressions("A").evaluate([[0, 1]]), r"shape \(1, 2\)"),
        (lambda: truth_table(17), "give at most 16"),
    ],
)
def test_bad_networks_are_refused(make, words):
    with pytest.raises(NeurosimError, match=words):
        make()
