"""Conversion of trained networks and Boolean circuits to spiking networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.classics import ThresholdNetwork
from bridge.learning.activations import LINEAR
from bridge.networks import LayeredNetwork
from bridge.networks.imported import has_softmax, network_of
from bridge.networks.layer import checked_inputs
from bridge.spiking.chance_code import ChanceCodedNetwork
from bridge.spiking.circuit import SpikingCircuit
from bridge.spiking.latency_code import LatencyCodedNetwork
from bridge.spiking.neuron_groups import NeuronGroup, sigmoids_of
from bridge.spiking.rate_code import RateCodedNetwork
from bridge.utils.checks import require_choice
from neurosim import NeurosimError

Code = Literal["rate", "latency", "chance", "group"]
CODES: dict[str, Any] = {
    "rate": RateCodedNetwork.of,
    "latency": LatencyCodedNetwork.of,
    "chance": ChanceCodedNetwork,
    "group": NeuronGroup,
}
# Largest score at which a sigmoid is steep enough to distinguish outputs.
STEEP = 3.0


def to_spiking(
    network: LayeredNetwork | ThresholdNetwork | Any,
    data: ArrayLike,
    code: Code | None = None,
    **options: Any,
) -> RateCodedNetwork | LatencyCodedNetwork | ChanceCodedNetwork | NeuronGroup | SpikingCircuit:
    """Convert a trained network or a Boolean circuit to spiking neurons.

    All results except `SpikingCircuit` have the interface of `bridge.spiking.SpikingNetwork`:
    `add_to` adds one copy per trial to a network, `duration` is the time to simulate, and
    `decisions` and `scores` evaluate the result. For single neurons see `bridge.to_spiking`.

    Parameters
    ----------
    network : LayeredNetwork, ThresholdNetwork or fitted estimator
        Estimators are scikit-learn's MLPClassifier and `NetworkClassifier`, also after scalers in a
        Pipeline and in a fitted search; see `bridge.networks.network_of`.
    data : (n_trials, n_inputs) array_like
        Training inputs, on which weights are normalised. For a Boolean circuit, which has no code,
        the inputs to evaluate.
    code : {"rate", "latency", "chance", "group"}, optional
        "rate" and "latency" represent ReLUs. "chance" represents sigmoids by single neurons over
        many steps, "group" represents sigmoids and steps by many neurons in one step; both convert
        tanh units to sigmoids. Default: "chance" if all layers are sigmoid or tanh, else "rate".
    options : Any
        Options of `RateCodedNetwork.of`, `LatencyCodedNetwork.of`, `ChanceCodedNetwork`,
        `NeuronGroup` or `SpikingCircuit`.

    Raises
    ------
    NeurosimError
        If the code or an option is unknown, the activations do not suit the code, or the model is
        not a network or not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> import bridge
    >>> import neurosim as ns
    >>> larger = bridge.LayeredNetwork((bridge.Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> for code in ("rate", "latency"):
    ...     spiking = bridge.spiking.to_spiking(larger, inputs, code)
    ...     net = ns.Network()
    ...     layers = spiking.add_to(net, inputs, dt=spiking.dt)
    ...     result = ns.simulate(net, spiking.duration(), dt=spiking.dt)
    ...     choice, when = spiking.decisions(result)
    ...     print(code, choice, result.duration)
    rate [0 1] 200.0
    latency [0 1] 40.2

    A trained classifier can be converted directly, and `run` does all steps at once:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> flowers, kind = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=2000, random_state=0))
    >>> model = model.fit(flowers, kind)
    >>> spiking = bridge.spiking.to_spiking(model, flowers)
    >>> choice, when = spiking.decisions(spiking.run(flowers))
    >>> bool(np.mean(model.classes_[choice] == model.predict(flowers)) > 0.97)
    True
    """
    if isinstance(network, ThresholdNetwork):
        if code is not None:
            raise NeurosimError(f"code = {code!r} does not apply to threshold logic: omit it")
        return _create(SpikingCircuit, network, np.asarray(data), **options)
    if code is not None:
        require_choice(code, "code", CODES)
    found, softmax = network_of(network), has_softmax(network)
    names = [layer.activation.name for layer in found.layers]
    if code is None:
        # Softmax outputs are compared by their scores, so their activation does not matter.
        relevant = names[:-1] if softmax else names
        code = "chance" if relevant and set(relevant) <= {"sigmoid", "tanh"} else "rate"
    if code in ("chance", "group") and "tanh" in names and found.is_chain:
        found = sigmoids_of(found)
    if softmax:
        found = _without_softmax(found, checked_inputs(data, found.n_inputs), code)
    parts = (found, data) if code in ("rate", "latency") else (found,)
    return _create(CODES[code], *parts, **options)


def _create(make: Any, *parts: Any, **options: Any) -> Any:
    """Call a constructor and convert errors about unknown options."""
    try:
        return make(*parts, **options)
    except TypeError as error:
        raise NeurosimError(f"the options do not fit the code: {error}") from None


def _without_softmax(
    network: LayeredNetwork, data: NDArray[np.float64], code: str
) -> LayeredNetwork:
    """Return a network with the same decisions and scores in the range of the code.

    The largest score stays the largest under a common shift or positive factor.
    """
    outputs, (*others, last) = network.outputs(data), network.layers
    if code == "group":  # potentials can represent any score
        return replace(network, layers=(*others, replace(last, activation=LINEAR)))
    scores = np.sort(last.score(outputs[-2] if others else data), axis=1)
    if code == "chance":  # centre the two largest scores where σ is steep
        middle = scores[:, -2:].mean(axis=1)
        shift = -float(np.median(middle))
        reach = float(np.percentile(np.abs(middle + shift), 95.0))
        factor = STEEP / max(reach, STEEP)
    else:  # rates and latencies represent positive scores
        shift, factor = max(0.0, -float(scores[:, -1].min())), 1.0
    last = replace(last, weights=factor * last.weights, bias=factor * (last.bias + shift))
    return replace(network, layers=(*others, last))
