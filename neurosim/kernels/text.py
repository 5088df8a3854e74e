"""Edges out of lines of text: whole numbers and decimal fractions, each to the nearest double."""

import numpy as np

from neurosim.kernels.compiled import helper, kernel

# What a column of the text is for.
IGNORED, SOURCE, TARGET, FIRST_VALUE = -1, 0, 1, 2
# What may be wrong with a field.
NOTHING, NO_INTEGER, NO_NUMBER, TOO_FEW, TOO_MANY = range(5)
# Columns of `hard`.
HARD_VALUE, HARD_ROW, HARD_PLACE = range(3)

_NEWLINE, _RETURN, _QUOTE, _SPACE = 10, 13, 34, 32
_COMMENT = 35
_PLUS, _MINUS, _POINT, _ZERO = 43, 45, 46, 48
_EXPONENT, _CAPITAL = 101, 69
_MOST_DIGITS = 18
"""Decimal digits that a 64-bit integer holds whatever they are."""
_EXACT = 2**53
"""Integers up to here are doubles."""
_POWERS = 10.0 ** np.arange(23)
"""Powers of ten that are doubles."""
_SPLIT = 134217729.0
_NEARLY_ONE = 1.0 + 2.0**-40


@helper
def _halves(x):
    """Split a double into two of 26 bits each (Veltkamp)."""
    scaled = _SPLIT * x
    high = scaled - (scaled - x)
    return high, x - high


@helper
def _quotient(digits, power):
    """Return digits/power to the nearest double, and whether that is certain.

    The quotient is found to 100 bits (division with remainder, whose product is exact: Dekker 1971)
    and rounded; where an error of the last of them could change the double, it is not certain.
    """
    high = np.float64(digits >> 10 << 10)
    low = np.float64(digits & 1023)
    first = high / power
    a, b = _halves(first)
    c, d = _halves(power)
    product = first * power
    missing = ((a * c - product) + a * d + b * c) + b * d
    second = (((high - product) - missing) + low) / power
    nearest = first + second
    rest = second - (nearest - first)
    return nearest, nearest + rest * _NEARLY_ONE == nearest


@helper
def _digits(data, at, value):
    """Append digits to a number; return it and their end."""
    while True:
        digit = np.int64(data[at]) - _ZERO
        if digit < 0 or digit > 9:
            return value, at
        value = value * 10 + digit
        at += 1


@helper
def _integer(data, at):
    """Read digits; return the number, −1 where there is none or too long a one, and their end."""
    value, end = _digits(data, at, np.int64(0))
    return (value if 0 < end - at <= _MOST_DIGITS else np.int64(-1)), end


@helper
def _index(data, at):
    """Read a whole number that may be written as 3.0, as tables of floats have it."""
    value, at = _integer(data, at)
    if data[at] == _POINT:
        at += 1
        while data[at] == _ZERO:
            at += 1
    return value, at


@helper
def _significant(data, first, end):
    """Return how many digits there are from the first that is not 0."""
    at = first
    while at < end and (data[at] == _ZERO or data[at] == _POINT):
        at += 1
    n = end - at
    while at < end:
        n -= data[at] == _POINT
        at += 1
    return n


@helper
def _fraction(data, at):
    """Read a decimal number.

    Returns
    -------
    value : float
    sure : bool
        Whether that is the nearest double; otherwise a slower way must find it.
    end : int
        Past the number, −1 where there is none.
    """
    negative = data[at] == _MINUS
    if negative or data[at] == _PLUS:
        at += 1
    first = at
    digits, at = _digits(data, at, np.int64(0))
    n_digits = at - first
    exponent = np.int64(0)
    if data[at] == _POINT:
        digits, end = _digits(data, at + 1, digits)
        exponent = at + 1 - end
        n_digits -= exponent
        at = end
    if n_digits == 0:
        return 0.0, True, np.int64(-1)
    sure = n_digits <= _MOST_DIGITS or _significant(data, first, at) <= _MOST_DIGITS
    if data[at] == _EXPONENT or data[at] == _CAPITAL:
        at += 1
        down = data[at] == _MINUS
        if down or data[at] == _PLUS:
            at += 1
        power, at = _integer(data, at)
        if power < 0:
            return 0.0, True, np.int64(-1)
        exponent += -power if down else power
    value = 0.0
    if not sure:
        pass
    elif exponent == 0 or digits == 0:
        value = np.float64(digits)
    elif digits <= _EXACT and -22 <= exponent <= 22:
        # Both are doubles, and one operation rounds once (Clinger 1990).
        scale = _POWERS[abs(exponent)]
        value = digits * scale if exponent > 0 else digits / scale
    elif -22 <= exponent < 0:
        value, sure = _quotient(digits, _POWERS[-exponent])
    else:
        sure = False
    return (-value if negative else value), sure, np.int64(at)


@helper
def _past_blanks(data, at):
    while data[at] == _SPACE or data[at] == _RETURN:
        at += 1
    return at


@helper
def _past_field(data, at, delimiter):
    """Return the end of a field that is not wanted; it may be quoted."""
    quoted = False
    while data[at] != _NEWLINE and (quoted or data[at] != delimiter):
        quoted ^= data[at] == _QUOTE
        at += 1
    return at


@kernel
def parse_edges(data, delimiter, roles, sources, targets, values, hard, report):
    """Read lines of text.

    Parameters
    ----------
    data : (n,) uint8
        The lines, each with a newline at its end.
    delimiter : int
        Byte between columns.
    roles : (n_columns,) int64
        What each column is for: `IGNORED`, `SOURCE`, `TARGET`, or from `FIRST_VALUE` on a row of
        `values`.
    sources, targets : (n_lines,) int64
    values : (n_values, n_lines) float64
    hard : (n_lines · n_values, 3) int64
        Numbers that this way does not find to the last bit: row of `values`, edge, place in `data`.
    report : (4,) int64
        How many of these there are; what is wrong, at which place, in which column.

    Returns
    -------
    int
        Number of edges, up to the first that is wrong.
    """
    n = 0
    at = 0
    while at < data.size:
        at = _past_blanks(data, at)
        if data[at] == _COMMENT:
            while data[at] != _NEWLINE:
                at += 1
        if data[at] == _NEWLINE:
            at += 1
            continue
        for column in range(roles.size):
            at = _past_blanks(data, at)
            role, field, wrong = roles[column], at, NOTHING
            quoted = role != IGNORED and data[at] == _QUOTE
            if quoted:
                at = _past_blanks(data, at + 1)
            if role == IGNORED:
                at = _past_field(data, at, delimiter)
            elif role < FIRST_VALUE:
                whole, at = _index(data, at)
                wrong = NO_INTEGER if whole < 0 else NOTHING
                (sources if role == SOURCE else targets)[n] = whole
            else:
                value, sure, at = _fraction(data, at)
                wrong = NO_NUMBER if at < 0 else NOTHING
                values[role - FIRST_VALUE, n] = value
                if not sure:
                    hard[report[0]] = role - FIRST_VALUE, n, field
                    report[0] += 1
            if wrong == NOTHING:
                gap = at
                at = _past_blanks(data, at)
                if quoted and data[at] == _QUOTE:
                    quoted = False
                    gap = at + 1
                    at = _past_blanks(data, gap)
                ended = data[at] == _NEWLINE
                # A blank separates by itself: the next field begins right after the blanks.
                separated = data[at] == delimiter
                if delimiter == _SPACE:
                    separated = at > gap
                    at -= separated and not ended
                if quoted or not (ended or separated):
                    wrong = NO_INTEGER if role < FIRST_VALUE else NO_NUMBER
                elif ended and column < roles.size - 1:
                    wrong = TOO_FEW
                elif not ended and column == roles.size - 1:
                    wrong = TOO_MANY
            if wrong != NOTHING:
                report[1], report[2], report[3] = wrong, field, column
                return n
            at += 1
        n += 1
    return n
