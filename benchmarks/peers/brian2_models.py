"""Equations of the compared neurons and synapses in Brian2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brian2 as b2
from brian2 import ms, mV, nS, pA, pF

from benchmarks.peers.protocol import NetworkDict, PartDict


@dataclass(frozen=True)
class Model:
    """A neuron model in Brian2.

    Attributes
    ----------
    equations : str
        With {current} for the sum of all currents.
    threshold, reset, method : str
    units : dict of str to str
        Units of the parameters that the equations use.
    """

    equations: str
    threshold: str
    reset: str
    method: str
    units: dict[str, str]


UNITS = {"mV": mV, "ms": ms, "pA": pA, "pF": pF, "nS": nS, "": 1}
DIMENSIONS = {"mV": "volt", "ms": "second", "pA": "amp", "pF": "farad", "nS": "siemens", "": "1"}

# With currents only, the membrane equation is linear, and divided by the capacitance it has fewer
# operations: synaptic variables are then in mV.
LINEAR = Model(
    "dv/dt = ({current} - v)/tau_m : volt (unless refractory)",
    "v > v_threshold",
    "v = v_reset",
    "exact",
    {"v_threshold": "mV", "v_reset": "mV", "tau_m": "ms", "t_ref": "ms"},
)
CONDUCTANCE = Model(
    "dv/dt = (c_m/tau_m*(v_rest - v) + {current})/c_m : volt (unless refractory)",
    "v > v_threshold",
    "v = v_reset",
    "exponential_euler",
    dict.fromkeys(("v_rest", "v_threshold", "v_reset"), "mV")
    | {"tau_m": "ms", "c_m": "pF", "t_ref": "ms"},
)
ADEX = Model(
    """
    dv/dt = (g_l*(e_l - v) + spike - w + {current})/c_m : volt (unless refractory)
    spike = g_l*delta_t*exp((v - v_th)/delta_t) : amp
    dw/dt = (a*(v - e_l) - w)/tau_w : amp
    """,
    "v > v_peak",
    "v = v_reset; w += b",
    "euler",
    dict.fromkeys(("e_l", "delta_t", "v_th", "v_peak", "v_reset"), "mV")
    | {"g_l": "nS", "c_m": "pF", "a": "nS", "tau_w": "ms", "b": "pA", "t_ref": "ms"},
)
HODGKIN_HUXLEY_TRAUB = Model(
    """
    dv/dt = (g_l*(e_l - v) + {current} - sodium - potassium)/c_m : volt
    sodium = g_na*(m*m*m)*h*(v - e_na) : amp
    potassium = g_k*(n*n*n*n)*(v - e_k) : amp
    dm/dt = alpha_m*(1 - m) - beta_m*m : 1
    dn/dt = alpha_n*(1 - n) - beta_n*n : 1
    dh/dt = alpha_h*(1 - h) - beta_h*h : 1
    alpha_m = 0.32/mV*4*mV/exprel((13*mV - v + v_t)/(4*mV))/ms : Hz
    beta_m = 0.28/mV*5*mV/exprel((v - v_t - 40*mV)/(5*mV))/ms : Hz
    alpha_h = 0.128*exp((17*mV - v + v_t)/(18*mV))/ms : Hz
    beta_h = 4./(1 + exp((40*mV - v + v_t)/(5*mV)))/ms : Hz
    alpha_n = 0.032/mV*5*mV/exprel((15*mV - v + v_t)/(5*mV))/ms : Hz
    beta_n = .5*exp((10*mV - v + v_t)/(40*mV))/ms : Hz
    """,
    "v > -20*mV",
    "",
    "exponential_euler",
    dict.fromkeys(("e_l", "e_na", "e_k", "v_t"), "mV")
    | {"g_l": "nS", "g_na": "nS", "g_k": "nS", "c_m": "pF", "t_ref": "ms"},
)
IZHIKEVICH = Model(
    """
    dv/dt = (0.04/mV*v**2 + 5*v + 140*mV - u)/ms + ({current})/(1*pF) : volt
    du/dt = a*(b*v - u)/ms : volt
    """,
    "v >= v_peak",
    "v = c; u += d",
    "euler",
    {"a": "", "b": "", "c": "mV", "d": "mV", "v_peak": "mV"},
)
MODELS = {
    "AdEx": ADEX,
    "HodgkinHuxleyTraub": HODGKIN_HUXLEY_TRAUB,
    "Izhikevich": IZHIKEVICH,
}


def ports(network: NetworkDict) -> list[PartDict]:
    """Return the distinct synapses that have a state."""
    parts = (*network["projections"], *network["poisson"])
    found = {repr(p["synapse"]): p["synapse"] for p in parts}
    return [found[key] for key in sorted(found) if found[key]["model"] != "DeltaSynapse"]


def model_of(network: NetworkDict) -> Model:
    """Return the model of all populations of a network."""
    kinds = {p["neuron"]["model"] for p in network["populations"]}
    if len(kinds) > 1:
        raise ValueError("populations must have equal neuron models to form one NeuronGroup")
    (kind,) = kinds
    if kind != "LIF":
        return MODELS[kind]
    is_linear = all(port["model"] == "ExpCurrent" for port in ports(network))
    return LINEAR if is_linear else CONDUCTANCE


def resistance(network: NetworkDict) -> float:
    """Return the membrane resistance (mV/pA), which converts currents to mV."""
    values = network["populations"][0]["neuron"]["values"]
    return values["tau_m"] / values["c_m"]


def port_of(network: NetworkDict, synapse: PartDict) -> tuple[str, Any]:
    """Return the variable changed by synapses, and the unit of their weights.

    The unit is a factor that multiplies the weights.
    """
    if synapse["model"] == "DeltaSynapse":
        return "v", mV
    name = f"s_{[repr(port) for port in ports(network)].index(repr(synapse))}"
    if synapse["model"] == "ExpConductance":
        return name, nS
    return name, resistance(network) * mV if model_of(network) is LINEAR else pA


def efficacy(short_term: PartDict | None, variable: str) -> tuple[str, str, dict[str, Any]]:
    """Return the equations of a synapse, its effect on a variable, and its parameters."""
    if short_term is None:
        return "", f"{variable} += weight", {}
    values = short_term["values"]
    equations = "dx/dt = (1 - x)/tau_rec : 1 (event-driven)\n"
    namespace = {"U": values["u"], "tau_rec": values["tau_rec"] * ms}
    if not values["tau_fac"]:
        return equations, f"{variable} += weight*U*x\nx -= U*x", namespace
    equations += "du/dt = -u/tau_fac : 1 (event-driven)\n"
    effect = f"u += U*(1 - u)\n{variable} += weight*u*x\nx -= u*x"
    return equations, effect, namespace | {"tau_fac": values["tau_fac"] * ms}


class Group:
    """Equations and values of the group of all neurons.

    Parameters that differ between neurons are parameters of the equations, which are slower.
    """

    def __init__(self, network: NetworkDict) -> None:
        self.model = model_of(network)
        self.namespace: dict[str, Any] = {}
        self.values: dict[str, list[Any]] = {}
        self._declared = ""
        self._populations = network["populations"]
        for name, unit in self.model.units.items():
            self._add(name, unit, [p["neuron"]["values"][name] for p in self._populations])
        currents = self._currents(network)
        for number, port in enumerate(ports(network)):
            name, unit = port_of(network, port)
            dimension = "siemens" if unit is nS else "amp" if unit is pA else "volt"
            self._declared += f"d{name}/dt = -{name}/tau_{number} : {dimension}\n"
            self.namespace[f"tau_{number}"] = port["values"]["tau"] * ms
            if port["model"] == "ExpConductance":
                self.namespace[f"e_{number}"] = port["values"]["e_rev"] * mV
                name = f"{name}*(e_{number} - v)"
            currents.append(name)
        current = " + ".join(currents) or "0*amp"
        self.equations = self.model.equations.format(current=current) + "\n" + self._declared

    def _currents(self, network: NetworkDict) -> list[str]:
        """Return the terms of the injected current."""
        constant = [p["current"] for p in self._populations]
        if self.model is LINEAR:
            rest = [p["neuron"]["values"]["v_rest"] for p in self._populations]
            shift = resistance(network)
            steady = [v + shift * i for v, i in zip(rest, constant, strict=True)]
            self._add("v_inf", "mV", steady)
            return ["v_inf"]
        terms = []
        if any(constant):
            self._add("i_0", "pA", constant)
            terms.append("i_0")
        if any(p["noise"] for p in self._populations):
            noise = [p["noise"]["values"]["sigma"] for p in self._populations]  # type: ignore[index]
            self._add("sigma", "pA", noise)
            self._declared += "noise : amp\n"
            terms.append("noise")
        return terms

    def _add(self, name: str, unit: str, values: list[Any]) -> None:
        """Add a parameter with one value, or list of values, for each population."""
        scalars = {value for value in values if not isinstance(value, list)}
        if len(scalars) == 1 and not any(isinstance(value, list) for value in values):
            self.namespace[name] = scalars.pop() * UNITS[unit]
        else:
            self._declared += f"{name} : {DIMENSIONS[unit]} (constant)\n"
            self.values[name] = [b2.asarray(value) * UNITS[unit] for value in values]

    def create(self) -> Any:
        """Return the group of neurons."""
        refractory = self.namespace["t_ref"] if "t_ref" in self.model.units else False
        return b2.NeuronGroup(
            sum(p["size"] for p in self._populations),
            self.equations,
            threshold=self.model.threshold,
            reset=self.model.reset or None,
            refractory=refractory,
            method=self.model.method,
            namespace=self.namespace,
        )
