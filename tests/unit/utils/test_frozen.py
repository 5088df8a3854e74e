"""Read-only mappings."""

import pickle

import pytest

import neurosim as ns
from neurosim.utils.frozen import FrozenMapping


def test_a_missing_key_is_reported_with_the_most_similar_one() -> None:
    mapping = FrozenMapping({"exc": 1, ("exc", "v"): 2})
    with pytest.raises(ns.NeurosimError, match=r"^no entry 'ex': did you mean 'exc'\?$"):
        mapping["ex"]
    with pytest.raises(KeyError, match=r"did you mean \('exc', 'v'\)\?"):
        mapping["exc", "vm"]
    with pytest.raises(ns.NeurosimError, match=r"choose from 'exc', \('exc', 'v'\)"):
        mapping[3]
    with pytest.raises(ns.NeurosimError, match="there are none"):
        FrozenMapping({})["v"]


def test_missing_keys_can_be_asked_for_as_in_a_dictionary() -> None:
    mapping = FrozenMapping({"exc": 1})
    assert mapping.get("inh") is None
    assert "inh" not in mapping
    assert pickle.loads(pickle.dumps(mapping)) == mapping
