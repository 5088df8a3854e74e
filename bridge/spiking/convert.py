"""From a trained network or a Boolean circuit to spikes, in one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bridge.classics import ThresholdNetwork
from bridge.learning.activations import LINEAR
from bridge.networks.imported import has_softmax, network_of
from bridge.spiking.chance import ChanceTwin
from bridge.spiking.copies import checked_inputs
from bridge.spiking.groups import GroupTwin, sigmoids_of
from bridge.spiking.latency import LatencyTwin
from bridge.spiking.logic import SpikingCircuit
from bridge.spiking.rates import RateTwin
from bridge.utils.checks import one_of
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.networks import LayeredNetwork

Code = Literal["rate", "latency", "chance", "group"]
CODES: dict[str, type[RateTwin | LatencyTwin | ChanceTwin | GroupTwin]] = {
    "rate": RateTwin,
    "latency": LatencyTwin,
    "chance": ChanceTwin,
    "group": GroupTwin,
}

STEEP = 3.0
"""Score within which a sigmoid is steep enough for chance to tell outputs apart."""


def spiking_twin(
    network: LayeredNetwork | ThresholdNetwork | Any,
    data: ArrayLike,
    code: Code | None = None,
    **options: Any,
) -> RateTwin | LatencyTwin | ChanceTwin | GroupTwin | SpikingCircuit:
    """Return the spiking neurons that do the job of a trained network or of a Boolean circuit.

    All but those of a circuit share the interface of `bridge.spiking.SpikingTwin`: `add_to` puts
    them into a network to simulate, one copy for each trial, `duration` says for how long, and
    `decisions` and `scores` read the result.

    Parameters
    ----------
    network : LayeredNetwork, ThresholdNetwork or fitted estimator
        Of scikit-learn's estimators MLPClassifier, and of this project's NetworkClassifier, each
        also behind scalers in a Pipeline, and in a fitted search; see `bridge.networks.network_of`.
    data : (n_trials, n_inputs) array_like
        Inputs on which weights are balanced, those of the training; of a Boolean circuit, which
        needs no balance and takes no code, the inputs to answer.
    code : {"rate", "latency", "chance", "group"}, optional
        "rate" and "latency" make ReLUs of neurons; "chance" makes sigmoids of single neurons over
        many steps, "group" sigmoids and step units of many neurons in one. For the last two tanh
        units become sigmoids of the same function. Default: "chance" where all layers are sigmoid
        or tanh, else "rate".
    options : Any
        Of `RateTwin.of`, `LatencyTwin.of`, `ChanceTwin`, `GroupTwin` or `SpikingCircuit`.

    Raises
    ------
    NeurosimError
        For an unknown code, activations that it cannot carry, options it does not have, and a model
        that is no network or has not been fitted.

    Examples
    --------
    >>> import numpy as np
    >>> import bridge
    >>> import neurosim as ns
    >>> larger = bridge.LayeredNetwork((bridge.Layer([[1, -1], [-1, 1]], [0, 0], "relu"),))
    >>> inputs = np.array([[0.9, 0.2], [0.3, 0.4]])
    >>> for code in ("rate", "latency"):
    ...     twin = bridge.spiking.spiking_twin(larger, inputs, code)
    ...     net = ns.Network()
    ...     layers = twin.add_to(net, inputs, dt=twin.dt)
    ...     result = ns.simulate(net, twin.duration(), dt=twin.dt)
    ...     choice, when = twin.decisions(result)
    ...     print(code, choice, result.duration)
    rate [0 1] 200.0
    latency [0 1] 40.2

    A trained classifier is taken as it is, and `run` does all at once:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> flowers, kind = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=2000, random_state=0))
    >>> model = model.fit(flowers, kind)
    >>> twin = bridge.spiking.spiking_twin(model, flowers)
    >>> choice, when = twin.decisions(twin.run(flowers))
    >>> bool(np.mean(model.classes_[choice] == model.predict(flowers)) > 0.97)
    True
    """
    if isinstance(network, ThresholdNetwork):
        if code is not None:
            raise NeurosimError(
                f"code = {code!r} does not go with threshold logic, which needs one spike in one "
                "window: leave it out"
            )
        return _made(SpikingCircuit, network, np.asarray(data), **options)
    if code is not None and not one_of(code, CODES):
        raise NeurosimError(
            f'code = {code!r} is unknown: give "rate", "latency", "chance" or "group"'
        )
    found, softmax = network_of(network), has_softmax(network)
    names = [layer.activation.name for layer in found.layers]
    if code is None:
        # A softmax layer counts for nothing: it is no more a sigmoid than a score that is summed.
        decisive = names[:-1] if softmax else names
        code = "chance" if decisive and set(decisive) <= {"sigmoid", "tanh"} else "rate"
    if code in ("chance", "group") and "tanh" in names and found.is_chain:
        found = sigmoids_of(found)
    if softmax:
        found = _fitting(found, checked_inputs(data, found.n_inputs, signed=True), code)
    if code in ("rate", "latency"):
        return _made(CODES[code].of, found, data, **options)  # type: ignore[union-attr]
    return _made(CODES[code], found, **options)


def _made(make: Any, *parts: Any, **options: Any) -> Any:
    """Call a constructor, and refuse options that it does not know."""
    try:
        return make(*parts, **options)
    except TypeError as error:
        raise NeurosimError(f"the options do not fit the code: {error}") from None


def _fitting(network: LayeredNetwork, data: NDArray[np.float64], code: str) -> LayeredNetwork:
    """Return a network of the same decisions as a softmax, its scores where a code can carry them.

    The greatest score stays so if all are shifted, or multiplied by a number above 0.
    """
    outputs, (*others, last) = network.outputs(data), network.layers
    if code == "group":  # potentials carry any score
        return replace(network, layers=(*others, replace(last, activation=LINEAR)))
    scores = np.sort(last.score(outputs[-2] if others else data), axis=1)
    if code == "chance":  # where most decisions are made σ must not be flat
        middle = scores[:, -2:].mean(axis=1)
        shift = -float(np.median(middle))
        reach = float(np.percentile(np.abs(middle + shift), 95.0))
        factor = STEEP / max(reach, STEEP)
    else:  # rates and latencies are those of what is above 0
        shift, factor = max(0.0, -float(scores[:, -1].min())), 1.0
    last = replace(last, weights=factor * last.weights, bias=factor * (last.bias + shift))
    return replace(network, layers=(*others, last))
