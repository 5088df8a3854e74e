"""Conversion to and from Neo objects, and the file formats of Neo."""

from neurosim.interchange.neo.files import read_neo, save_neo
from neurosim.interchange.neo.objects import from_neo, is_neo_train, neo_times, to_neo

__all__ = ["from_neo", "is_neo_train", "neo_times", "read_neo", "save_neo", "to_neo"]
