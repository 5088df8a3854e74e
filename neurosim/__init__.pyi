# Public names, imported when they are first used.

__version__: str

from . import analysis as analysis
from . import plot as plot
from . import scenario as scenario
from . import sweep as sweep
from .edges import (
    CSVEdges as CSVEdges,
)
from .edges import (
    SonataEdges as SonataEdges,
)
from .engine.mpi import (
    use_mpi as use_mpi,
)
from .engine.simulation import (
    Simulation as Simulation,
)
from .engine.simulation import (
    simulate as simulate,
)
from .engine.stream import (
    Chunk as Chunk,
)
from .errors import NeurosimError as NeurosimError
from .interchange import (
    from_neo as from_neo,
)
from .interchange import (
    from_nest as from_nest,
)
from .interchange import (
    from_nir as from_nir,
)
from .interchange import (
    load_spikes as load_spikes,
)
from .interchange import (
    save_csv as save_csv,
)
from .interchange import (
    save_nir as save_nir,
)
from .interchange import (
    save_nwb as save_nwb,
)
from .interchange import (
    save_sonata as save_sonata,
)
from .interchange import (
    to_neo as to_neo,
)
from .interchange import (
    to_nir as to_nir,
)
from .models import (
    AMAT2 as AMAT2,
)
from .models import (
    EIF as EIF,
)
from .models import (
    GIF as GIF,
)
from .models import (
    GLIF as GLIF,
)
from .models import (
    LIF as LIF,
)
from .models import (
    MAT2 as MAT2,
)
from .models import (
    NMDA as NMDA,
)
from .models import (
    STDP as STDP,
)
from .models import (
    AdaptingLIF as AdaptingLIF,
)
from .models import (
    AdEx as AdEx,
)
from .models import (
    AllToAll as AllToAll,
)
from .models import (
    AlphaConductance as AlphaConductance,
)
from .models import (
    AlphaCurrent as AlphaCurrent,
)
from .models import (
    ApproximateNMDA as ApproximateNMDA,
)
from .models import (
    BiexpConductance as BiexpConductance,
)
from .models import (
    BiexpCurrent as BiexpCurrent,
)
from .models import (
    Clopath as Clopath,
)
from .models import (
    Column as Column,
)
from .models import (
    ConstantCurrent as ConstantCurrent,
)
from .models import (
    CorrelatedPoisson as CorrelatedPoisson,
)
from .models import (
    CurrentWaveform as CurrentWaveform,
)
from .models import (
    DeltaSynapse as DeltaSynapse,
)
from .models import (
    DistanceProbability as DistanceProbability,
)
from .models import (
    EscapeRate as EscapeRate,
)
from .models import (
    ExactNMDA as ExactNMDA,
)
from .models import (
    ExpConductance as ExpConductance,
)
from .models import (
    ExpCurrent as ExpCurrent,
)
from .models import (
    Explicit as Explicit,
)
from .models import (
    ExponentialDecay as ExponentialDecay,
)
from .models import (
    FixedInDegree as FixedInDegree,
)
from .models import (
    FixedOutDegree as FixedOutDegree,
)
from .models import (
    FixedProbability as FixedProbability,
)
from .models import (
    FixedTotalNumber as FixedTotalNumber,
)
from .models import (
    GammaProcess as GammaProcess,
)
from .models import (
    GapJunction as GapJunction,
)
from .models import (
    Gaussian as Gaussian,
)
from .models import (
    Grid as Grid,
)
from .models import (
    HodgkinHuxley as HodgkinHuxley,
)
from .models import (
    HodgkinHuxleyTraub as HodgkinHuxleyTraub,
)
from .models import (
    HomeostaticScaling as HomeostaticScaling,
)
from .models import (
    Input as Input,
)
from .models import (
    IntegrateAndFire as IntegrateAndFire,
)
from .models import (
    Izhikevich as Izhikevich,
)
from .models import (
    Izhikevich2007 as Izhikevich2007,
)
from .models import (
    Linear as Linear,
)
from .models import (
    LiveCurrent as LiveCurrent,
)
from .models import (
    LiveSpikes as LiveSpikes,
)
from .models import (
    LogNormal as LogNormal,
)
from .models import (
    MembraneNoise as MembraneNoise,
)
from .models import (
    NearestSTDP as NearestSTDP,
)
from .models import (
    NeuronModel as NeuronModel,
)
from .models import (
    Normal as Normal,
)
from .models import (
    OneToOne as OneToOne,
)
from .models import (
    OrnsteinUhlenbeckCurrent as OrnsteinUhlenbeckCurrent,
)
from .models import (
    Plasticity as Plasticity,
)
from .models import (
    Points as Points,
)
from .models import (
    Poisson as Poisson,
)
from .models import (
    PoissonWithDeadTime as PoissonWithDeadTime,
)
from .models import (
    PowerLawSTDP as PowerLawSTDP,
)
from .models import (
    PreCentredSTDP as PreCentredSTDP,
)
from .models import (
    PulsePacket as PulsePacket,
)
from .models import (
    QuadraticIF as QuadraticIF,
)
from .models import (
    RampCurrent as RampCurrent,
)
from .models import (
    RandomPositions as RandomPositions,
)
from .models import (
    Release as Release,
)
from .models import (
    RestrictedSTDP as RestrictedSTDP,
)
from .models import (
    RewardSTDP as RewardSTDP,
)
from .models import (
    Rule as Rule,
)
from .models import (
    ShortTermPlasticity as ShortTermPlasticity,
)
from .models import (
    SinusoidalCurrent as SinusoidalCurrent,
)
from .models import (
    SinusoidalPoisson as SinusoidalPoisson,
)
from .models import (
    SpikeTimes as SpikeTimes,
)
from .models import (
    StepCurrent as StepCurrent,
)
from .models import (
    Synapse as Synapse,
)
from .models import (
    TripletSTDP as TripletSTDP,
)
from .models import (
    TsodyksMarkram as TsodyksMarkram,
)
from .models import (
    TsodyksUzielMarkram as TsodyksUzielMarkram,
)
from .models import (
    TwoCompartment as TwoCompartment,
)
from .models import (
    Uniform as Uniform,
)
from .models import (
    VogelsSprekeler as VogelsSprekeler,
)
from .models import (
    WhiteNoiseCurrent as WhiteNoiseCurrent,
)
from .models import (
    parameter as parameter,
)
from .models import (
    potential as potential,
)
from .models import (
    signal as signal,
)
from .models import (
    state as state,
)
from .models import (
    trace as trace,
)
from .network import (
    Network as Network,
)
from .network import (
    Population as Population,
)
from .network import (
    PopulationView as PopulationView,
)
from .network import (
    Projection as Projection,
)
from .results import (
    PopulationInfo as PopulationInfo,
)
from .results import (
    Result as Result,
)
from .results import (
    RunStats as RunStats,
)
from .results import (
    SpikeTrains as SpikeTrains,
)
from .results import (
    Trace as Trace,
)
from .results import (
    WeightTrace as WeightTrace,
)
from .results.connections import (
    Connections as Connections,
)
from .results.connections import (
    Synapses as Synapses,
)
from .results.interrupted import Interrupted as Interrupted
from .results.storage import (
    load as load,
)
from .results.storage import (
    save as save,
)
