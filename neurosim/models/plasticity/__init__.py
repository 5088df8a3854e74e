"""Rules of long-term plasticity, one file each."""

from neurosim.models.plasticity.base import Plasticity
from neurosim.models.plasticity.clopath import Clopath
from neurosim.models.plasticity.homeostatic import HomeostaticScaling
from neurosim.models.plasticity.nearest import NearestSTDP, PreCentredSTDP, RestrictedSTDP
from neurosim.models.plasticity.power_law import PowerLawSTDP
from neurosim.models.plasticity.reward import RewardSTDP
from neurosim.models.plasticity.stdp import STDP
from neurosim.models.plasticity.triplet import TripletSTDP
from neurosim.models.plasticity.vogels_sprekeler import VogelsSprekeler

__all__ = [
    "STDP",
    "Clopath",
    "HomeostaticScaling",
    "NearestSTDP",
    "Plasticity",
    "PowerLawSTDP",
    "PreCentredSTDP",
    "RestrictedSTDP",
    "RewardSTDP",
    "TripletSTDP",
    "VogelsSprekeler",
]
