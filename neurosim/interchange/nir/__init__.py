"""NIR both ways: the graphs in which spiking networks are exchanged.

J. E. Pedersen, S. Abreu, M. Jobst et al., *Neuromorphic intermediate representation: a unified
instruction set for interoperable brain-inspired computing*, Nature Communications 15, 8122 (2024).
"""

from neurosim.interchange.nir.convert import from_nir, to_nir
from neurosim.interchange.nir.file import save_nir

__all__ = ["from_nir", "save_nir", "to_nir"]
