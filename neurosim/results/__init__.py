"""Results of simulations: spikes, traces, connections, their analysis and storage."""
