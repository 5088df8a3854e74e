"""Results in the field's formats, and spikes out of them: Neo, NWB, SONATA, CSV."""

from neurosim.interchange.load import load_spikes
from neurosim.interchange.neo_objects import from_neo, to_neo
from neurosim.interchange.nwb import save_nwb
from neurosim.interchange.sonata import save_sonata
from neurosim.interchange.text import save_csv

__all__ = ["from_neo", "load_spikes", "save_csv", "save_nwb", "save_sonata", "to_neo"]
