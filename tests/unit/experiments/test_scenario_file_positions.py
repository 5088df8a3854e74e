"""Lines of keys in TOML files."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from neurosim.experiments.toml.positions import key_lines

SAMPLE = '''\
title = "a # b"  # a comment with [brackets] and "quotes"

[first]  # line 3
a.b = 1
'c d'."e" = [
    1, 2,  # ], not the end
    "]", '}', """three "" lines,
}""",
    {x = 1, y = {z = "}"}},
]

[[list]]
k = \'\'\'[[no]]
table\'\'\'

[list.inner]
k = {}

[[list]]
"a\\u0062" = 2001-01-01 00:00:00
'''


def test_every_key_has_its_line():
    lines = key_lines(SAMPLE, "sample")
    assert dict(lines) == {
        ("title",): 1,
        ("first",): 3,
        ("first", "a"): 4,
        ("first", "a", "b"): 4,
        ("first", "c d"): 5,
        ("first", "c d", "e"): 5,
        ("first", "c d", "e", 5): 9,
        ("first", "c d", "e", 5, "x"): 9,
        ("first", "c d", "e", 5, "y"): 9,
        ("first", "c d", "e", 5, "y", "z"): 9,
        ("list",): 12,
        ("list", 0): 12,
        ("list", 0, "k"): 13,
        ("list", 0, "inner"): 16,
        ("list", 0, "inner", "k"): 17,
        ("list", 1): 19,
        ("list", 1, "ab"): 20,
    }
    assert keys(tomllib.loads(SAMPLE)) == set(lines)


def keys(value: Any, path: tuple = ()) -> set[tuple]:
    """Return the paths of all keys, and of all lists and tables in lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found: set[tuple] = set()
    for key, item in items:
        deeper = isinstance(item, (dict, list))
        if isinstance(value, dict) or deeper:
            found.add((*path, key))
        if deeper:
            found |= keys(item, (*path, key))
    return found


WORDS = st.text(alphabet="ab'\"\\#[]{}=,. \n\té", max_size=6)
LITERALS = st.sampled_from(
    [
        "1",
        "-2.5",
        "1e3",
        "inf",
        "true",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        "0x_ff".replace("_", ""),
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A string in one of the four notations of TOML."""
    word = draw(WORDS)
    plain = json.dumps(word, ensure_ascii=False)
    if "'" not in word and "\n" not in word and draw(st.booleans()):
        return f"'{word}'"
    if "'" not in word and draw(st.booleans()):
        return f"'''{word}'''"
    escaped = word.replace("\\", "\\\\").replace('"""', '""\\"')
    if not escaped.endswith('"') and draw(st.booleans()):
        return f'"""{escaped}"""'
    return plain


GAP = st.sampled_from(["", " ", "\n  ", " # ]}'\"\n"])


@st.composite
def values(draw: st.DrawFn, depth: int = 0) -> str:
    kind = draw(st.sampled_from(["literal", "text", "list", "table"][: 2 if depth > 2 else 4]))
    if kind == "literal":
        return draw(LITERALS)
    if kind == "text":
        return draw(texts())
    if kind == "list":
        items = draw(st.lists(values(depth + 1), max_size=3))
        return "[" + "".join(f"{draw(GAP)}{item}{draw(GAP)}," for item in items) + draw(GAP) + "]"
    pairs = [
        f"{draw(key_names())}{k} = {draw(values(depth + 1))}"
        for k in range(draw(st.integers(0, 2)))
    ]
    return "{" + ", ".join(pairs) + "}"


def key_names() -> st.SearchStrategy[str]:
    return st.sampled_from(["a", "b-", "_", "'q r'.x", '"é".y', "a . b"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines = []
    for table in range(draw(st.integers(0, 3))):
        heading = draw(
            st.sampled_from([f"[t{table}]", f"[ t{table} . 'u v' ]", "[[many]]", "[[many.deep]]"])
        )
        lines.append(heading + draw(st.sampled_from(["", "  # [x]"])))
        for k in range(draw(st.integers(0, 3))):
            lines.append(f"{draw(key_names())}{k}={draw(values())}")
    return draw(st.sampled_from(["\n", "\n\n"])).join(lines) + draw(st.sampled_from(["", "\n"]))


@given(documents())
def test_lines_are_found_for_all_keys_that_the_parser_finds_and_no_others(text: str):
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        key_lines(text, "any")  # says nothing: the parser does
        return
    lines = key_lines(text, "any")
    assert set(lines) == keys(parsed)
    split = text.split("\n")
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert path[-1] in split[line - 1].replace("\\u0062", "b")


@given(st.text(alphabet="a1='\"\\#[]{},. \n", max_size=60))
def test_no_text_is_too_odd(text: str):
    lines = key_lines(text, "any")
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(lines) == keys(parsed)
