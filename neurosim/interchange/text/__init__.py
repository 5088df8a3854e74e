"""Read and write spikes as text."""

from neurosim.interchange.text.read import is_table, read_text
from neurosim.interchange.text.write import save_csv

__all__ = ["is_table", "read_text", "save_csv"]
