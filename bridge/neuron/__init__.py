"""The logistic unit of a spiking neuron, and the spiking neuron of a logistic unit."""
