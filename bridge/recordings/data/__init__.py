"""Recorded spikes: where they come from, and which parts of them count."""
