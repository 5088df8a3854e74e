"""From a trained network or a Boolean circuit to spikes, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bridge.classics import ThresholdNetwork
from bridge.spiking.chance import ChanceTwin
from bridge.spiking.groups import GroupTwin
from bridge.spiking.latency import LatencyTwin
from bridge.spiking.logic import SpikingCircuit
from bridge.spiking.rates import RateTwin
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bridge.networks import LayeredNetwork

Code = Literal["rate", "latency", "chance", "group"]


def spiking_twin(
    network: LayeredNetwork | ThresholdNetwork,
    data: ArrayLike,
    code: Code | None = None,
    **options: Any,
) -> RateTwin | LatencyTwin | ChanceTwin | GroupTwin | SpikingCircuit:
    """Return the spiking neurons that do the job of a trained network or of a Boolean circuit.

    Its `add_to` puts them into a network to simulate, one copy for each trial.

    Parameters
    ----------
    network : LayeredNetwork or ThresholdNetwork
    data : (n_trials, n_inputs) array_like
        Inputs on which weights are balanced, those of the training; of a Boolean circuit, which
        needs no balance and takes no code, the inputs to answer.
    code : {"rate", "latency", "chance", "group"}, optional
        "rate" and "latency" make ReLUs of neurons; "chance" makes sigmoids of single neurons over
        many steps, "group" sigmoids and step units of many neurons in one. Default: "chance" where
        all layers are sigmoids, else "rate".
    options : Any
        Of `RateTwin.of`, `LatencyTwin.of`, `ChanceTwin`, `GroupTwin` or `SpikingCircuit`.

    Raises
    ------
    NeurosimError
        For an unknown code, and activations that it cannot carry.

    Examples
    --------
    >>> import numpy as np
    >>> import bridge
    >>> import neurosim as ns
    >>> larger = bridge.LayeredNetwork((bridge.Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> twin = bridge.spiking.spiking_twin(larger, inputs, "latency")
    >>> net = ns.Network()
    >>> layers = twin.add_to(net, inputs)
    >>> twin.decisions(ns.simulate(net, twin.duration()), n_trials=2)[0]
    array([0, 1])
    """
    if isinstance(network, ThresholdNetwork):
        if code is not None:
            raise NeurosimError(
                f"code = {code!r} does not go with threshold logic, which needs one spike in one "
                "window: leave it out"
            )
        return SpikingCircuit(network, np.asarray(data), **options)
    if code is None:
        smooth = all(layer.activation.name == "sigmoid" for layer in network.layers)
        code = "chance" if smooth else "rate"
    if code == "chance":
        return ChanceTwin(network, **options)
    if code == "group":
        return GroupTwin(network, **options)
    twins: dict[str, type[RateTwin | LatencyTwin]] = {"rate": RateTwin, "latency": LatencyTwin}
    if code not in twins:
        raise NeurosimError(
            f'code = {code!r} is unknown: give "rate", "latency", "chance" or "group"'
        )
    return twins[code].of(network, data, **options)
