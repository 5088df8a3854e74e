"""Models of short-term plasticity, one file each."""

from neurosim.models.short_term.base import ShortTermPlasticity
from neurosim.models.short_term.release import Release
from neurosim.models.short_term.tsodyks_markram import TsodyksMarkram, TsodyksUzielMarkram

__all__ = ["Release", "ShortTermPlasticity", "TsodyksMarkram", "TsodyksUzielMarkram"]
