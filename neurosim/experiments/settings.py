"""Settings of a scenario: a frozen dataclass.

On the command line, settings are written as key=value.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from neurosim.errors import NeurosimError
from neurosim.models.declare import CHECKS, KEY, UNDECLARED, Parameter, one_of
from neurosim.utils.checks import check_number, nearest, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

S = TypeVar("S")

BOOLEANS = dict.fromkeys(("true", "yes", "on", "1"), True) | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


def setting(
    default: Any,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    help: str = "",
    *,
    length: tuple[int, int] = (0, 1000),
) -> Any:
    """Declare a setting of a scenario.

    Parameters
    ----------
    default : float, int, bool, str or tuple of float
    unit : str
        Empty for a dimensionless number or a word.
    low, high : float
        Allowed range, both ends included; of each item if the setting is a tuple.
    help : str
        Description, as a noun phrase.
    length : (int, int)
        Smallest and largest number of items of a tuple.

    Returns
    -------
    dataclasses.Field
        For the body of a dataclass derived from `BaseSettings`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from neurosim.scenario import BaseSettings, setting
    >>> @dataclass(frozen=True)
    ... class Settings(BaseSettings):
    ...     trials: int = setting(400, "", 20, 5000, "trials at each point")
    ...     sigma: float = setting(2.0, "mV", 0.1, 20.0, "standard deviation of the noise")
    >>> Settings(trials=1000)
    Settings(trials=1000, sigma=2.0)
    """
    metadata = {"unit": unit, "low": low, "high": high, "help": help, "length": length}
    return dataclasses.field(default=default, metadata=metadata)


class BaseSettings:
    """Base class of scenario settings.

    Settings are a frozen dataclass with fields made by `setting`.

    Raises
    ------
    NeurosimError
        If a value has the wrong type or is out of range.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from neurosim.scenario import BaseSettings, setting
    >>> @dataclass(frozen=True)
    ... class Settings(BaseSettings):
    ...     rate: float = setting(10.0, "Hz", 0.0, 1000.0, "firing rate of the inputs")
    >>> Settings(rate=20.0).rate
    20.0
    """

    def __post_init__(self) -> None:
        for declared in settings_of(type(self)).values():
            value = declared.checked(getattr(self, declared.name))
            object.__setattr__(self, declared.name, value)


@dataclass(frozen=True, kw_only=True)
class Setting(Parameter):
    """One field of a settings dataclass.

    Attributes
    ----------
    unit, low, high, help, check
        As declared. The range is that of each item of a tuple.
    name : str
    kind : type
        float, int, str, bool, tuple[float, ...] or a Literal of strings or numbers.
    default : object
    length : (int, int)
        Smallest and largest number of items of a tuple.
    """

    name: str
    kind: Any
    default: object
    length: tuple[int, int] = (0, 1000)

    @property
    def choices(self) -> tuple[str, ...]:
        """Allowed values as written on the command line; empty if there is no fixed list."""
        return tuple(map(format_value, get_args(self.kind))) if self._is(Literal) else ()

    @property
    def expected(self) -> str:
        """Description of valid values: "a number in mV"."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        unit = f" in {self.unit}" if self.unit else ""
        if self._is(tuple):
            return f"a list of numbers{unit} such as 1,2.5,-3"
        words = {float: "a number", int: "a whole number", bool: "true or false", str: "a word"}
        return words[self.kind] + unit

    def checked(self, value: Any) -> Any:
        """Return a value if it has the right type and is in range.

        Raises
        ------
        NeurosimError
        """
        checks = {"float": check_number, **CHECKS}
        check = self.check or checks.get(getattr(self.kind, "__name__", ""))
        if self._is(Literal):
            check = one_of(*get_args(self.kind))
        elif self._is(tuple):
            check = self._check_items
        return check(value, self.name, self.unit, self.low, self.high) if check else value

    def _check_items(self, value: Any, *_: Any) -> tuple[float, ...]:
        """Return the checked items of a tuple."""
        least, most = self.length
        unit = f", in {self.unit}" if self.unit else ""
        if isinstance(value, str) or not hasattr(value, "__len__"):
            raise NeurosimError(f"{self.name} = {value!r} is not {self.expected}")
        if not least <= len(value) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            count = f"{len(value)} value{'' if len(value) == 1 else 's'}"
            raise NeurosimError(f"{self.name} has {count}: give {wanted}{unit}")
        return tuple(
            check_number(item, f"{self.name}[{k}]", self.unit, self.low, self.high)
            for k, item in enumerate(value)
        )

    def parse(self, text: str) -> object:
        """Convert text to a value.

        Raises
        ------
        NeurosimError
            If the text is not valid for this setting.
        """
        try:
            return self._convert(text.strip())
        except (ValueError, KeyError):
            near = nearest(text, self.choices)
            meaning = f"({self.help or self.name}; default {format_value(self.default)})"
            hint = f": did you mean {near!r}?" if near else f" {meaning}"
            raise NeurosimError(f"{self.name} = {text!r} is not {self.expected}{hint}") from None

    def _is(self, origin: object) -> bool:
        return get_origin(self.kind) is origin

    def _convert(self, text: str) -> object:
        if self._is(Literal):
            return dict(zip(self.choices, get_args(self.kind), strict=True))[text]
        if self._is(tuple):
            return tuple(_finite(item) for item in text.split(",")) if text else ()
        if self.kind is bool:
            return BOOLEANS[text.casefold()]
        if self.kind is int:
            return _whole(text)
        return _finite(text) if self.kind is float else text


def settings_of(settings: type) -> Mapping[str, Setting]:
    """Return the settings of a scenario by name, in order of declaration.

    Parameters
    ----------
    settings : type
        Frozen dataclass; its fields have defaults and are declared by `setting` or
        `neurosim.parameter`, or have arguments of `setting` as metadata.
    """
    hints = get_type_hints(settings)
    found = {}
    for field in dataclasses.fields(settings):
        metadata = dict(field.metadata)
        declared = vars(metadata.pop(KEY, UNDECLARED)) | metadata
        kind = hints[field.name]
        found[field.name] = Setting(name=field.name, kind=kind, default=field.default, **declared)
    return found


def find_setting(known: Mapping[str, Setting], name: str) -> Setting:
    """Return a setting by name; "-" may stand for "_".

    Raises
    ------
    NeurosimError
        If there is no such setting, with the most similar name.
    """
    if name in known:
        return known[name]
    if name.replace("-", "_") in known:
        return known[name.replace("-", "_")]
    if name in ("duration", "dt", "seed", "threads"):
        raise NeurosimError(f"{name} is not a setting: give it as --{name}")
    if not known:
        raise NeurosimError(f"unknown setting {name!r}: this scenario has no settings")
    raise NeurosimError(f"unknown setting {name!r}: {suggest(name, known)}")


def parse_settings(settings: type[S], assignments: Sequence[str] = ()) -> S:
    """Return settings with the given values in place of the defaults.

    Parameters
    ----------
    settings : type
        As for `settings_of`.
    assignments : sequence of str
        Each "key=value"; commas separate a list of numbers. The last value of a key is used.

    Raises
    ------
    NeurosimError
        If a key is unknown or a value is invalid.
    """
    return settings(**parse_values(settings, assignments))


def parse_values(settings: type, assignments: Sequence[str]) -> dict[str, Any]:
    """Return the given values by name; see `parse_settings`."""
    known = settings_of(settings)
    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        setting = find_setting(known, name.strip())
        if not equals:
            raise NeurosimError(
                f"setting {setting.name} has no value: write "
                f"{setting.name}={format_value(setting.default)}"
            )
        values[setting.name] = setting.parse(text)
    return values


def format_settings(values: Mapping[str, object]) -> list[str]:
    """Return values by name as "key=value", the inverse of `parse_values`."""
    return [f"{name}={format_value(value)}" for name, value in values.items()]


def format_value(value: object) -> str:
    """Return a value as written on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ",".join(map(format_value, value))
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    value = _finite(text)
    if not value.is_integer():
        raise ValueError(text)
    return int(value)
