"""Decoders of classes and stimuli from population spikes."""
