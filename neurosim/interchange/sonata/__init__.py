"""Read and write SONATA files."""

from neurosim.interchange.sonata.read import read_sonata
from neurosim.interchange.sonata.write import save_sonata

__all__ = ["read_sonata", "save_sonata"]
