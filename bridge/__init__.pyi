# Public names, imported when they are first used.

from . import classics as classics
from . import datasets as datasets
from . import inference as inference
from . import spiking as spiking
from .evaluation.comparison import (
    Comparison as Comparison,
)
from .evaluation.comparison import (
    prediction_measures as prediction_measures,
)
from .evaluation.measures import (
    NORMAL_95 as NORMAL_95,
)
from .evaluation.measures import (
    Measure as Measure,
)
from .evaluation.measures import (
    Reliability as Reliability,
)
from .evaluation.measures import (
    agreement as agreement,
)
from .evaluation.measures import (
    auc as auc,
)
from .evaluation.measures import (
    bits_per_spike as bits_per_spike,
)
from .evaluation.measures import (
    brier_score as brier_score,
)
from .evaluation.measures import (
    coincidence_factor as coincidence_factor,
)
from .evaluation.measures import (
    cross_entropy as cross_entropy,
)
from .evaluation.measures import (
    reliability_curve as reliability_curve,
)
from .evaluation.measures import (
    wilson_interval as wilson_interval,
)
from .evaluation.plot import (
    decision_plane as decision_plane,
)
from .evaluation.plot import (
    psp_plot as psp_plot,
)
from .evaluation.plot import (
    reliability_plot as reliability_plot,
)
from .learning.activations import (
    ACTIVATIONS as ACTIVATIONS,
)
from .learning.activations import (
    Activation as Activation,
)
from .learning.activations import (
    find_activation as find_activation,
)
from .learning.features import (
    bin_means as bin_means,
)
from .learning.features import (
    bin_spikes as bin_spikes,
)
from .learning.features import (
    blocked_folds as blocked_folds,
)
from .learning.features import (
    lagged as lagged,
)
from .learning.features import (
    out_of_fold_probability as out_of_fold_probability,
)
from .learning.features import (
    spike_history as spike_history,
)
from .learning.logistic import (
    LogisticNeuron as LogisticNeuron,
)
from .learning.optimizers import (
    OptimizeResult as OptimizeResult,
)
from .learning.optimizers import (
    accelerated_descent as accelerated_descent,
)
from .learning.optimizers import (
    gradient_descent as gradient_descent,
)
from .learning.optimizers import (
    newton as newton,
)
from .learning.optimizers import (
    quasi_newton as quasi_newton,
)
from .learning.separation import (
    SeparableDataWarning as SeparableDataWarning,
)
from .learning.stochastic import (
    stochastic_descent as stochastic_descent,
)
from .networks import (
    Layer as Layer,
)
from .networks import (
    LayeredNetwork as LayeredNetwork,
)
from .networks import (
    NetworkClassifier as NetworkClassifier,
)
from .networks import (
    Unit as Unit,
)
from .networks import (
    in_levels as in_levels,
)
from .networks import (
    neuron_graph as neuron_graph,
)
from .neuron.bounds import (
    Validity as Validity,
)
from .neuron.bounds import (
    validity as validity,
)
from .neuron.filtered import (
    FilteredNeuron as FilteredNeuron,
)
from .neuron.filtered import (
    connect_filter as connect_filter,
)
from .neuron.mapping import (
    LogisticUnit as LogisticUnit,
)
from .neuron.mapping import (
    to_logistic as to_logistic,
)
from .neuron.mapping import (
    to_spiking as to_spiking,
)
from .neuron.neuron_comparison import (
    compare_neurons as compare_neurons,
)
from .neuron.noise import (
    EscapeNoise as EscapeNoise,
)
from .neuron.noise import (
    GaussianNoise as GaussianNoise,
)
from .neuron.noise import (
    Noise as Noise,
)
from .neuron.noise import (
    OrnsteinUhlenbeckNoise as OrnsteinUhlenbeckNoise,
)
from .neuron.noise import (
    nearest_logistic as nearest_logistic,
)
from .neuron.noise import (
    window_probability as window_probability,
)
from .neuron.rates import (
    deterministic_rate as deterministic_rate,
)
from .neuron.rates import (
    escape_rate as escape_rate,
)
from .neuron.rates import (
    siegert_rate as siegert_rate,
)
from .neuron.unit import (
    SpikingUnit as SpikingUnit,
)
from .neuron.unit import (
    threshold_distance as threshold_distance,
)
from .spiking import (
    SpikingCircuit as SpikingCircuit,
)
from .spiking import (
    Strengths as Strengths,
)
from .spiking import (
    strengths as strengths,
)
