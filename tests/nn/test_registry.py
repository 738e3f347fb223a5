import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.registry import look_up, spell

KNOWN = {"normal": 1, "uniform": 2}


@given(st.sampled_from(sorted(KNOWN)), st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3))
def test_there_and_back(name, numbers):
    assert look_up(spell(name, tuple(numbers)), KNOWN, "bell") == (KNOWN[name], tuple(numbers))


def test_spaces_do_not_matter():
    assert look_up(" normal ( 0 , .5 ) ", KNOWN, "bell") == (1, (0.0, 0.5))
    assert look_up("uniform()", KNOWN, "bell") == (2, ())


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("norml", "'norml' is no bell. Did you mean 'normal'? Known: normal, uniform."),
        ("NORMAL", "'NORMAL' is no bell. Did you mean 'normal'? Known: normal, uniform."),
        ("zzz", "'zzz' is no bell. Known: normal, uniform."),
        ("normal(1", "'normal(1' is no bell. Did you mean 'normal'? Known: normal, uniform."),
        ("normal(1,)", "'normal(1,)': only numbers go into the parentheses, as in 'normal(0.1)'."),
        ("normal(nan)", "'normal(nan)': only numbers go into the parentheses, as in 'normal(0.1)'."),
    ],
)
def test_errors(written, sentence):
    with pytest.raises(ValueError) as caught:
        look_up(written, KNOWN, "bell")
    assert str(caught.value) == sentence
