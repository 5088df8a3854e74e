"""
7. Large networks and clusters
==============================

How large a network fits on your machine, how long does a run take, and how do you use a
cluster? This lesson measures a network of 10,000 neurons, saves it in the middle of a
run, and shows the commands for several machines.
"""

# %%
# Estimate first
# --------------
#
# Memory is dominated by synapses: two bytes per synapse if the synapses of a neuron
# have the same strength, six if they differ. Time is dominated by synaptic events:
# spikes times synapses per neuron. ``neurosim show NAME`` estimates the memory without
# building anything. The same for the network of this lesson:

import tempfile
import time
from pathlib import Path

import numpy as np

import neurosim as ns

SIZE, IN_DEGREE = 10_000, 1_000


def network(size=SIZE):
    """Return a balanced network of `size` neurons with 1000 synapses each."""
    net = ns.Network()
    cell = ns.LIF(t_ref=2.0, v_reset=-60.0)
    exc = net.add("exc", size * 4 // 5, cell, v_init=ns.Uniform(-70.0, -55.0))
    inh = net.add("inh", size // 5, cell, v_init=ns.Uniform(-70.0, -55.0))
    for target in (exc, inh):
        net.connect(
            exc, target, ns.FixedInDegree(IN_DEGREE * 4 // 5), psp=0.1, delay=1.5
        )
        net.connect(inh, target, ns.FixedInDegree(IN_DEGREE // 5), psp=-0.6, delay=1.5)
        net.drive(target, ns.Poisson(9000.0), psp=0.1)
    return net


synapses = SIZE * IN_DEGREE
low, high = 2e-6 * synapses, 6e-6 * synapses  # MB
print(f"{synapses:,} synapses need about {low:.0f} to {high:.0f} MB")

# %%
# Run it
# ------
#
# ``stats`` of a result reports how the time was spent. The real-time factor is the
# computing time per simulated time: below 1, the network runs faster than real time.

result = ns.simulate(network(), 200.0, seed=1)
stats = result.stats
rate = ns.analysis.mean_rate(result, "exc", start=100.0)
print(f"{stats.neurons:,} neurons, {stats.synapses:,} synapses, exc at {rate:.1f} Hz")
print(f"real-time factor {stats.real_time_factor:.2f}")
ns.plot.raster(
    result, start=100.0, bin_ms=2.0, title="10,000 neurons with 10 million synapses"
)

# %%
# How does it scale?
# ------------------
#
# With a constant number of synapses per neuron, memory and time grow in proportion to
# the number of neurons.

sizes = [2500, 5000, 10_000, 20_000]
seconds = []  # of computing for a simulated second
for size in sizes:
    simulation = ns.Simulation(network(size), seed=1, threads=1)
    times = [time.process_time()]
    for _ in range(4):
        simulation.run(25.0)
        times.append(time.process_time())
    seconds.append(
        np.diff(times[1:]).min() / 25e-3
    )  # the first run includes the transient

figure = ns.plot.figure(6.0, 3.6)
(axes,) = ns.plot.panels(figure)
axes.plot(sizes, seconds, "o-", color="black", label="CPU time, one thread")
axes.axhline(1.0, color="0.7", lw=0.9)
axes.annotate(
    "real time", (500, 1.0), xytext=(0, 3), textcoords="offset points", color="0.35"
)
axes.set(xlabel="neurons", ylabel="seconds per simulated second")
axes.set(xlim=(0, None), ylim=(0, None))
axes.set_title("Computing time grows with the number of neurons")
axes.legend(loc="lower right", frameon=False)
figure

# %%
# The result does not depend on the number of threads. This is checked to the last bit:

one, two = (ns.simulate(network(2500), 100.0, seed=1, threads=n) for n in (1, 2))
print(
    "identical spikes:",
    np.array_equal(one.spikes["exc"].times, two.spikes["exc"].times),
)

# %%
# Save and continue
# -----------------
#
# A long run should survive a power failure. ``Simulation.save`` writes a checkpoint,
# from which the simulation continues as if it had not been interrupted, with the same
# spikes.

path = Path(tempfile.mkdtemp()) / "state.h5"
simulation = ns.Simulation(network(2500), seed=1)
simulation.run(50.0)
simulation.save(path)
continued = ns.Simulation.restore(path).run(50.0)
print(
    "identical spikes:",
    np.array_equal(continued.spikes["exc"].times, one.spikes["exc"].times),
)

# %%
# On the command line, ``--checkpoint-every`` saves regularly, and ``resume`` continues
# after any interruption:
#
# .. code-block:: console
#
#     neurosim run cortical-column --duration 60000 --checkpoint-every 60 --out long
#     neurosim resume long
#
# Several processes and machines
# ------------------------------
#
# ``mpiexec`` divides a network among processes. A script needs one more line, ``with
# ns.use_mpi(MPI.COMM_WORLD):`` around the simulation. The spikes are the same as on one
# process.
#
# .. code-block:: console
#
#     python -m pip install '.[distributed]'
#     mpiexec -n 4 neurosim run cortical-column --set scale=1
#
# Many small runs are distributed better by a sweep, on a Dask cluster:
#
# .. code-block:: console
#
#     dask scheduler                       # on the first machine
#     dask worker tcp://first:8786         # on every machine
#     neurosim sweep my.toml --grid connections.2.psp=-2,-3,-4 --seeds 100 --scheduler tcp://first:8786
#
# Exercises
# ---------
#
# 1. ``neurosim bench`` finds the largest network that runs in real time on your
#    machine. How many neurons are that?
# 2. Profile a run: ``ns.simulate(network(), 200.0, profile=True).stats.profile``. Which
#    phase takes longest?
# 3. Reduce the delay from 1.5 to 0.1 ms. Why is the run slower with two threads?
#
# How to: `clusters <../howto/mpi.html>`_, `resume a run <../howto/resume.html>`_,
# `sweeps <../howto/sweep.html>`_. Reference: `Simulation
# <../generated/neurosim.Simulation.html>`_.
