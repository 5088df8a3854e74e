"""Base class of neuron models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of
from neurosim.models.quantity import check_quantity, is_uniform
from neurosim.models.registry import Part


class Neuron(Part, abstract=True):
    """Base class of neuron models.

    A parameter is a number, an array with one value per neuron of the population, or a
    distribution from which the values of the neurons are drawn.
    """

    check_value: ClassVar[Any] = staticmethod(check_quantity)
    noun: ClassVar[str] = "a neuron model"
    is_linear: ClassVar[bool] = False
    """Whether the potential below threshold follows the equation of `LIF`."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a parameter of the model."""

    @property
    def is_uniform(self) -> bool:
        """Whether all neurons have the same parameters."""
        return all(is_uniform(getattr(self, name)) for name in parameters_of(type(self)))

    def check_psp(self) -> None:
        """Raise an error if the peak PSP of a synaptic current is unknown.

        Raises
        ------
        NeurosimError
        """
        raise NeurosimError(f"the PSP of a current in {type(self).__name__} depends on its state")
