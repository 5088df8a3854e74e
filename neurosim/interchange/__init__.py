"""Convert results and networks to and from Neo, NWB, SONATA, CSV and NIR."""

from neurosim.interchange.load import load_spikes
from neurosim.interchange.neo import from_neo, to_neo
from neurosim.interchange.nest import from_nest
from neurosim.interchange.nir import from_nir, save_nir, to_nir
from neurosim.interchange.nwb.write import save_nwb
from neurosim.interchange.sonata.write import save_sonata
from neurosim.interchange.text.write import save_csv

__all__ = [
    "from_neo",
    "from_nest",
    "from_nir",
    "load_spikes",
    "save_csv",
    "save_nir",
    "save_nwb",
    "save_sonata",
    "to_neo",
    "to_nir",
]
