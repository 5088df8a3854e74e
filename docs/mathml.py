"""Write mathematics as MathML, which browsers display without scripts and other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import MathError, pick_math_environment
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(_convert(node, as_block=False))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(_convert(node, as_block=True) + "</div>\n")
    raise nodes.SkipNode


def _convert(node: nodes.Node, *, as_block: bool) -> str:
    """Return a formula as MathML, or its source, with a warning, if it cannot be converted."""
    tex = r" \\ ".join(line for line in node.astext().split("\n\n") if line.strip())
    if as_block and pick_math_environment(tex) == "align*":
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    try:
        return tex2mathml(tex, as_block=as_block)
    except (MathError, AttributeError) as error:  # the latter for "&" outside of an environment
        logger.warning("no MathML for %s: %s", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"
