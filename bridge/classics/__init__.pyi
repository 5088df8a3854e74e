# Public names, imported when they are first used.

from .boolean import Expression as Expression
from .boolean import parse as parse
from .boolean import random_expression as random_expression
from .boolean import truth_table as truth_table
from .compiler import compile_expressions as compile_expressions
from .hebbian import hebb as hebb
from .hebbian import oja as oja
from .hebbian import principal_component as principal_component
from .hopfield import HopfieldNetwork as HopfieldNetwork
from .hopfield import corrupt as corrupt
from .hopfield import random_patterns as random_patterns
from .hopfield import retrieval_overlap as retrieval_overlap
from .perceptron import Perceptron as Perceptron
from .perceptron import largest_margin as largest_margin
from .perceptron import mistake_bound as mistake_bound
from .perceptron import train_perceptron as train_perceptron
from .radial import RadialUnit as RadialUnit
from .radial import radial_network as radial_network
from .radial import with_square as with_square
from .threshold import ThresholdNetwork as ThresholdNetwork
from .threshold import ThresholdUnit as ThresholdUnit
