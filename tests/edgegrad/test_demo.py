"""The lecture's perceptron, rows L1.1 to L1.7, to the digits that double precision gives."""

import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import pytest

from autograd.demo import perceptron, train
from edgegrad.cli import main


def test_l1_1_forward():
    net = perceptron()
    assert [s.data for s in net.sums] == pytest.approx([2.6, 1.8], abs=1e-12)
    assert net.output.data == pytest.approx(1.84, abs=1e-12)


def test_l1_4_one_step():
    net = perceptron()
    net.error.backward()
    assert net.error.data == pytest.approx(0.3528, abs=1e-12)
    assert net.output.grad == pytest.approx(0.84, abs=1e-12)
    assert [w.grad for w in net.output_weights] == pytest.approx([2.184, 1.512], abs=1e-12)
    assert [a.grad for a in net.activations] == pytest.approx([0.42, 0.252], abs=1e-12)
    assert [w.grad for row in net.hidden_weights for w in row] == pytest.approx([0.21, 0.294, 0.126, 0.1764], abs=1e-12)
    after = train(perceptron())
    assert [w.data for w in after.output_weights] == pytest.approx([0.2816, 0.1488], abs=1e-12)
    assert [w.data for row in after.hidden_weights for w in row] == pytest.approx(
        [0.979, 2.9706, -2.0126, 3.98236], abs=1e-12
    )


def test_l1_5_new_hidden_weights_with_old_output_weights():
    after = train(perceptron())
    output = sum(w * a.data for w, a in zip((0.5, 0.3), after.activations, strict=True))
    assert output == pytest.approx(1.8188656, abs=1e-12)
    exact = (Fraction("1.8188656") - 1) ** 2 / 2
    assert 0.5 * (output - 1) ** 2 == pytest.approx(float(exact), abs=1e-15)
    assert float(exact) == pytest.approx(0.33527043545, abs=3e-11)


def test_l1_6_epochs():
    net = perceptron()
    outputs, errors = [net.output.data], [net.error.data]
    for _ in range(4):
        net = train(net)
        outputs.append(net.output.data)
        errors.append(net.error.data)
    assert outputs == pytest.approx([1.84, 0.9884730496, 0.99982533636, 0.99999739796, 0.99999996125], abs=1e-11)
    assert errors == pytest.approx([0.3528, 6.64352927620e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16], rel=1e-4)
    assert errors[1] == pytest.approx(6.64352927620e-05, rel=1e-11)


def test_the_command_prints_it_all_and_leaves_the_drawing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["demo", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    for shown in (
        "(2.184, 1.512)", "0.33521672", "0.33527044", "0.9884730496", "7.5092e−16", "−15.124",
        "= (O − t)·W2[0]·[s1 > 0]·x2 = 0.84 × 0.5 × 1 × 0.7 = 0.294",
    ):  # fmt: skip
        assert shown in printed
    written = "".join(ElementTree.parse(tmp_path / "out" / "perceptron.svg").getroot().itertext())
    for shown in ("W1[0][1]", "0.294", "1.84"):
        assert shown in written
