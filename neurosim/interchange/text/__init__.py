"""Read and write spikes as text."""
