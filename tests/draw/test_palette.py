"""The palette: text is readable on every ground it stands on, and roles differ without colour."""

import pytest

from autograd.draw.palette import FLOW, INK, LINE, LOOKS, MUTED, PAPER


def luminance(colour):
    """Relative luminance, WCAG 2.1."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("text", [INK, MUTED, FLOW])
@pytest.mark.parametrize("ground", [PAPER, *(style.fill for style in LOOKS.values())])
def test_text_is_readable(text, ground):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("line", [LINE, *(style.border for kind, style in LOOKS.items() if kind != "constant")])
def test_lines_stand_out(line):
    assert contrast(line, PAPER) >= 3


def test_roles_differ_without_colour():
    forms = {(style.shape, style.style, style.peripheries, style.bar) for style in LOOKS.values()}
    forms.discard(None)
    assert len(forms) == len(LOOKS) - 1  # a constant has a leaf's form, but a third of its size
