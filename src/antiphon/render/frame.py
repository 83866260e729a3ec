"""What pages have in common: how they begin, and where their parts lie."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template


def part(name: str) -> str:
    """The text of a file in `page/`."""
    return files("antiphon.render").joinpath("page", name).read_text(encoding="utf-8")


def opening(title: str, about: str, *styles: str) -> str:
    """A page up to the words under its title, as HTML; `styles` are files in `page/`."""
    words = {"title": escape(title), "about": escape(about)}
    return Template(part("opening.html")).substitute(words, style="".join(map(part, styles))).rstrip("\n")
