"""What the plots show: the numbers in their lines, contours and pictures; and that they are returned, never shown."""

from __future__ import annotations

import re
import subprocess
import sys
from io import BytesIO
from typing import Any

import numpy as np
import pytest

import autograd
from nn import plots
from nn.modules.activations import ACTIVATIONS
from nn.modules.convolution import Conv2d
from nn.modules.layers import MLP, Layer, Sequential
from nn.plots.style import apply_style, make_figure
from nn.training.curvature import gradient_norms
from nn.training.fit import evaluate, predict
from nn.training.history import History

matplotlib = pytest.importorskip("matplotlib")

X = np.random.default_rng(5).normal(size=(30, 2))
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)


def trained() -> History:
    history = History()
    for k in range(1, 41):
        history.append({"loss": 1.0 / k, "mae": 2.0 / k, "val_loss": 1.5 / k, "val_mae": 2.5 / k})
    return history


def curves(panel: Any) -> dict[str, Any]:
    return {line.get_label(): line.get_ydata() for line in panel.get_lines() if not line.get_label().startswith("_")}


def perceptron() -> Sequential:
    """The 2-2-1 perceptron of lecture L1.4."""
    return Sequential(
        Layer(2, 2, "relu", bias=False, W=[[1, 3], [-2, 4]]), Layer(2, 1, bias=False, W=[[0.5, 0.3]])
    )  # fmt: skip


def png(figure: Any) -> bytes:
    return figure._repr_png_()  # type: ignore[no-any-return]


# --- training ---------------------------------------------------------------------------------------------------------


def test_a_history_has_a_panel_for_each_quantity_with_its_validation() -> None:
    history = trained()
    figure = history.plot()
    assert [panel.get_title() for panel in figure.axes] == ["loss", "mae"]
    for panel, name in zip(figure.axes, ("loss", "mae"), strict=True):
        assert panel.get_xlabel() == "epoch"
        assert list(curves(panel)) == ["training", "validation"]
        np.testing.assert_array_equal(curves(panel)["training"], history[name])
        np.testing.assert_array_equal(curves(panel)["validation"], history[f"val_{name}"])
    assert png(figure).startswith(b"\x89PNG")


def test_the_error_its_logarithm_and_its_change() -> None:
    """Lecture L1.7."""
    history = trained()
    figure = history.plot("loss", scale=("linear", "log", "change"))
    linear, log, change = figure.axes
    assert [panel.get_title() for panel in figure.axes] == ["loss", "loss, logarithmic", "change of loss"]
    assert (linear.get_yscale(), log.get_yscale(), change.get_yscale()) == ("linear", "log", "linear")
    np.testing.assert_allclose(curves(change)["training"], np.diff(history["loss"]))
    assert change.get_lines()[0].get_xdata()[0] == 2


def test_zeros_and_rounding_do_not_stretch_a_logarithmic_axis() -> None:
    history = History()
    for loss in (1.0, 1e-5, 0.0, 1e-30):
        history.append({"loss": loss})
    [panel] = history.plot("loss", scale="log").axes
    assert np.isnan(curves(panel)["training"]).tolist() == [False, False, True, False]
    assert panel.get_ylim()[0] >= 1e-18
    history.rows = [{"loss": 0.0}]
    png(history.plot("loss", scale="log"))


def test_several_trainings_together_with_start_and_tail() -> None:
    """Lecture L4.18."""
    names = [f"optimiser {k}" for k in range(9)]
    figure = plots.compare({name: trained() for name in names}, start=10)
    start, tail = figure.axes
    assert (start.get_title(), tail.get_title()) == ("loss, logarithmic: the start", "loss, logarithmic: the tail")
    assert list(curves(start)) == names
    assert start.get_lines()[0].get_xdata().tolist() == list(range(1, 11))
    assert tail.get_lines()[0].get_xdata().tolist() == list(range(10, 41))
    looks = {(line.get_color(), line.get_linestyle()) for line in start.get_lines()}
    assert len(looks) == 9, "no two look the same"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == names
    [panel] = plots.compare({"one": trained()}, "mae", scale="change").axes
    np.testing.assert_allclose(curves(panel)["one"], np.diff(trained()["mae"]))


def test_gradient_norms_layer_by_layer() -> None:
    """Lecture L4.9."""
    norms = {name: gradient_norms(MLP(2, [4, 4, 1], name, seed=0), X, X[:, 0]) for name in ("sigmoid", "relu")}
    [panel] = plots.gradient_norms(norms).axes
    assert panel.get_yscale() == "log"
    assert [label.get_text() for label in panel.get_xticklabels()] == ["W1", "W2", "W3"]
    np.testing.assert_array_equal(curves(panel)["relu"], list(norms["relu"].values()))
    refusal = "gradient_norms needs the lengths of at least one model, from nn.curvature.gradient_norms."
    with pytest.raises(ValueError, match=f"^{re.escape(refusal)}$"):
        plots.gradient_norms({})


COLUMN = 763  # pixels that a notebook on a page of 900 leaves for a picture


@pytest.mark.parametrize(
    "draw",
    [
        lambda: trained().plot(["loss", "mae"]),
        lambda: trained().plot(["loss", "mae"], scale=["linear", "log"]),
        lambda: plots.compare({"one": trained(), "two": trained()}, start=10),
    ],
)
def test_panels_beside_one_another_are_read_on_a_page_of_900_pixels(draw: Any) -> None:
    figure = draw()
    figure.canvas.draw()
    shrunk = min(1.0, COLUMN / (110.0 * figure.get_figwidth()))
    texts = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
    assert min(text.get_fontsize() for text in texts) * 110.0 / 72.0 * shrunk >= 10.0


def test_contours_below_0_look_like_the_others() -> None:
    @apply_style
    def draw() -> Any:
        figure, [[panel]] = make_figure()
        panel.contour([[-1.0, 1.0], [-1.0, 1.0]], levels=[-0.5, 0.5], colors="black")
        return figure

    [contour] = draw().axes[0].collections
    assert {pattern for _, pattern in contour.get_linestyle()} == {None}, "solid"


# --- functions --------------------------------------------------------------------------------------------------------


def test_the_gallery_has_every_activation_with_the_engines_derivative() -> None:
    """Lecture L1.2."""
    figure = plots.activations()
    titles = [panel.get_title() for panel in figure.axes if panel.get_title()]
    elementwise = [str(known) for known in ACTIVATIONS.values() if not known.whole]
    assert titles == [*elementwise, "softmax of (x, 0, 0)", "log_softmax of (x, 0, 0)"]
    assert {"leaky_relu(0.1)", "elu(0.1)"} <= set(titles), "α is shown"
    by_title = {panel.get_title(): panel for panel in figure.axes}
    f, slope = by_title["tanh"].get_lines()[:2]
    x = f.get_xdata()
    np.testing.assert_allclose(f.get_ydata(), np.tanh(x), rtol=1e-15)
    np.testing.assert_allclose(slope.get_ydata(), 1.0 - np.tanh(x) ** 2, rtol=1e-12)


def test_a_jump_is_a_gap_with_a_dot_at_the_convention() -> None:
    [panel] = plots.activations({"relu": autograd.relu}).axes
    pieces = [(line.get_xdata(), line.get_ydata()) for line in panel.get_lines() if line.get_linestyle() == "--"]
    assert len(pieces) == 2
    assert pieces[0][0][-1] < 0.0 < pieces[1][0][0]
    assert set(pieces[0][1]) == {0.0}
    assert set(pieces[1][1]) == {1.0}
    [dot] = [line for line in panel.get_lines() if line.get_marker() == "o"]
    assert (dot.get_xdata(), dot.get_ydata()) == ([0.0], [0.0])


def test_a_function_that_jumps_to_0_and_from_it_has_no_line_there() -> None:
    [panel] = plots.activations("sign").axes
    pieces = [
        line.get_ydata() for line in panel.get_lines() if line.get_linestyle() == "-" and len(line.get_xdata()) > 2
    ]
    assert [set(piece) for piece in pieces] == [{-1.0}, {1.0}]


def test_the_gallery_takes_names() -> None:
    figure = plots.activations(["elu(1.0)", "softmax"])
    assert [panel.get_title() for panel in figure.axes] == ["elu(1.0)", "softmax of (x, 0, 0)"]
    with pytest.raises(ValueError, match=r"^'sigmod' is no activation\. Did you mean 'sigmoid'\?"):
        plots.activations(["sigmod"])


def test_six_functions_stand_in_two_rows() -> None:
    shown = plots.activations({f"tanh {k}": autograd.tanh for k in range(6)})
    assert shown.axes[0].get_gridspec().get_geometry() == (2, 3)


def test_the_decision_of_a_single_score_is_the_line_of_its_threshold() -> None:
    model = Layer(2, 1, W=[[1.0, -1.0]], b=[0.25])
    figure = plots.decision(model, X, np.sign(X[:, 0]), resolution=20)
    panel, bar = figure.axes
    [boundary] = [c for c in panel.collections if getattr(c, "levels", None) is not None and len(c.levels) == 1]
    line = boundary.get_paths()[0].vertices
    np.testing.assert_allclose(line[:, 0] - line[:, 1] + 0.25, 0.0, atol=1e-12)
    assert (panel.get_xlabel(), panel.get_ylabel(), bar.get_ylabel()) == ("x₁", "x₂", "score")
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["−1", "1"]
    shown = [c.get_offsets() for c in panel.collections if len(c.get_offsets()) > 1]
    assert sorted(map(len, shown)) == sorted(int((np.sign(X[:, 0]) == side).sum()) for side in (-1, 1))


def test_probabilities_are_parted_at_a_half_and_any_threshold_may_be_given() -> None:
    model = Layer(2, 1, "sigmoid", W=[[2.0, 0.0]], b=[0.0])
    for threshold, expected in ((None, 0.5), (0.25, 0.25)):
        panel = plots.decision(model, X, CLASSES > 0, threshold=threshold, resolution=30).axes[0]
        [boundary] = [c for c in panel.collections if getattr(c, "levels", None) is not None and len(c.levels) == 1]
        [x] = set(np.round(boundary.get_paths()[0].vertices[:, 0], 2))
        assert predict(model, [[x, 0.0]])[0, 0] == pytest.approx(expected, abs=0.01)


def test_the_scale_of_the_scores_has_no_digits_that_say_nothing() -> None:
    def scale(model: Layer) -> list[str]:
        figure = plots.decision(model, X, X[:, 0] > 0)
        figure.savefig(BytesIO())
        return [tick.get_text() for tick in figure.axes[1].get_yticklabels()]

    assert scale(Layer(2, 1, "sigmoid", W=[[12.0, 12.0]], b=[0.0])) == ["0", "0.5", "1"]
    assert scale(Layer(2, 1, W=[[10.0, 0.0]], b=[0.0]))[1] == "0"
    assert scale(Layer(2, 1, W=[[10.0, 0.0]], b=[0.0]))[0].startswith("−")


def test_scores_at_the_threshold_but_for_rounding_are_one_shade_without_a_line() -> None:
    """Lecture L3.9: a neuron that learns to say ½ of everything."""
    model = Layer(2, 1, "sigmoid", W=[[4e-10, 3e-10]], b=[-3e-10])
    panel, bar = plots.decision(model, X, CLASSES > 0, threshold=0.5, resolution=20).axes
    assert not [c for c in panel.collections if getattr(c, "levels", None) is not None and len(c.levels) == 1]
    [shade] = [c for c in panel.collections if getattr(c, "levels", None) is not None]
    assert sum(len(path.vertices) > 0 for path in shade.get_paths()) == 1
    assert bar.get_yticks().tolist() == [0.0, 0.5, 1.0]


def test_the_decision_among_classes_is_the_largest_score() -> None:
    model = MLP(2, [3], seed=1)
    panel = plots.decision(model, X, CLASSES, resolution=15, names=("length", "width")).axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("length", "width")
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["0", "1", "2"]
    markers = {c.get_paths()[0].vertices.shape for c in panel.collections if len(c.get_offsets()) > 1}
    assert len(markers) > 1, "classes differ in more than their colour"


# --- the loss over weights --------------------------------------------------------------------------------------------


def test_the_loss_over_one_weight_with_its_tangent() -> None:
    """Lecture L1.7: E as a function of W2[0] with the rest fixed."""
    model = perceptron()
    weight = dict(model.named_parameters())["W2[0][0]"]
    before = model.state_dict()
    figure = plots.loss_curve(model, [[0.5, 0.7]], [1.0], "half_squared_error", weight, span=(-1.0, 2.0), resolution=31)
    [panel] = figure.axes
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("W2[0][0]", "E")
    grid = np.linspace(-1.0, 2.0, 31)
    np.testing.assert_allclose(curves(panel)["E"], 0.5 * (2.6 * grid + 0.54 - 1.0) ** 2, rtol=1e-12, atol=1e-15)
    assert list(curves(panel)) == ["E", "∂E/∂W2[0][0] = 2.184"]
    [down] = plots.loss_curve(model, [[0.5, 0.7]], [10.0], "half_squared_error", weight, span=(-1.0, 2.0)).axes
    assert list(curves(down)) == ["E", "∂E/∂W2[0][0] = −21.22"], "a minus sign, as on the axes"
    low, high = curves(panel)["∂E/∂W2[0][0] = 2.184"]
    run = np.diff(panel.get_lines()[1].get_xdata())[0]
    assert (high - low) / run == pytest.approx(2.184, rel=1e-12)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_paths_of_descent_lie_on_the_curve() -> None:
    """Lecture L2.8."""
    model = Sequential(Layer(1, 1, bias=False, W=[[0.0]]))
    paths = {"η = 0.1": [0.0, 0.5, 0.75], "η = 2": np.array([[0.0], [3.0], [-3.0]])}
    weight = model.parameters()[0]
    [panel] = plots.loss_curve(model, [[1.0]], [1.0], "half_squared_error", weight, paths=paths).axes
    np.testing.assert_allclose(curves(panel)["η = 2"], [0.5, 2.0, 8.0])
    np.testing.assert_allclose(curves(panel)["η = 0.1"], [0.5, 0.125, 0.03125])
    assert panel.get_xlim() == (-4.5, 4.5), "wide enough for every path"


def test_the_loss_over_two_weights_with_paths() -> None:
    """Lecture L2.7."""
    model = Layer(2, 1, bias=False, W=[[0.5, 0.5]])
    before = [p.data for p in model.parameters()]
    paths = {"batch": np.array([[0.0, 0.0], [0.5, 0.8], [1.0, 1.0]]), "stochastic": np.zeros((100, 2))}
    figure = plots.loss_surface(model, X, X.sum(axis=1), "mse", model.parameters(), paths=paths, resolution=15,
                                spans=((-1.0, 3.0), (-1.0, 3.0)))  # fmt: skip
    panel, bar = figure.axes
    assert (panel.get_xlabel(), panel.get_ylabel(), bar.get_ylabel()) == ("W[0][0]", "W[0][1]", "E")
    assert list(curves(panel)) == ["batch", "stochastic"]
    np.testing.assert_array_equal(curves(panel)["batch"], [0.0, 0.8, 1.0])
    assert [p.data for p in model.parameters()] == before
    filled = panel.collections[0]
    corner = Layer(2, 1, bias=False, W=[[3.0, 3.0]])
    assert filled.levels[-1] >= evaluate(corner, X, X.sum(axis=1))["loss"] - 1e-12
    with pytest.raises(ValueError) as caught:
        plots.loss_surface(model, X, X.sum(axis=1), "mse", model.parameters()[:1])
    assert str(caught.value) == "A surface lies over two weights, but 1 were given: use loss_curve for one."


def test_a_weight_that_is_not_the_models_has_no_landscape() -> None:
    """The README's W2[0] is another Value than the model's, though it may have the same number."""
    model = perceptron()
    stray = autograd.Value(0.5, name="W2[0]", parameter=True)
    said = (
        "is no parameter of this model, so its loss does not depend on it. Pass the very Value that the model holds: "
        "W1[0][0], W1[0][1], W1[1][0], W1[1][1], W2[0][0], W2[0][1]."
    )
    with pytest.raises(ValueError) as caught:
        plots.loss_curve(model, [[0.5, 0.7]], [1.0], "mse", stray)
    assert str(caught.value) == f"W2[0] {said}"
    with pytest.raises(ValueError) as caught:
        plots.loss_surface(model, [[0.5, 0.7]], [1.0], "mse", [model.parameters()[0], autograd.Value(0.3)])
    assert str(caught.value) == f"Value(0.3) {said}"
    with pytest.raises(ValueError) as caught:
        plots.loss_curve(MLP(2, [3, 1], seed=0), X, X[:, 0], "mse", stray)
    assert str(caught.value).endswith("the model holds: W1[0][0], W1[0][1], W1[1][0], W1[1][1], W1[2][0], W1[2][1], ….")


def test_a_weight_that_does_nothing_is_a_level_line(recwarn: pytest.WarningsRecorder) -> None:
    model = Sequential(Layer(1, 1, "relu", W=[[1.0]], b=[-5.0]), Layer(1, 1, W=[[1.0]], b=[0.0]))
    [panel] = plots.loss_curve(model, [[0.5]], [1.0], "mse", model.parameters()[0]).axes
    assert set(curves(panel)["E"]) == {1.0}
    assert panel.get_ylim() == (0.0, 2.0)
    assert not list(recwarn)


def test_paths_over_two_weights_are_explained_beside_the_picture() -> None:
    """Wherever a path leads, the legend does not lie on it."""
    model = Layer(2, 1, bias=False, W=[[0.5, 0.5]])
    everywhere = np.stack(np.meshgrid(np.linspace(0, 1, 8), np.linspace(0, 1, 8)), axis=-1).reshape(-1, 2)
    figure = plots.loss_surface(
        model, X, X.sum(axis=1), "mse", model.parameters(), paths={"a": everywhere, "b": [[0, 0]]}, resolution=5
    )
    figure.savefig(BytesIO())
    panel = figure.axes[0]
    assert panel.get_legend().get_window_extent().y1 < panel.get_window_extent().y0


def test_weights_come_back_when_a_loss_cannot_be_computed() -> None:
    model = Layer(1, 1, bias=False, W=[[0.5]])
    with pytest.raises(autograd.ValueOverflowError):
        plots.loss_curve(model, [[1e200]], [0.0], "mse", model.W[0][0])
    assert model.W[0][0].data == 0.5
    assert model.training


# --- weights ----------------------------------------------------------------------------------------------------------


def test_weights_as_pictures_share_a_scale_with_zero_in_the_middle() -> None:
    """Lecture L4.18."""
    model = MLP(12, [5, 1], seed=0)
    W = model.state_dict()["W1"]
    figure = plots.weights(model, shape=(3, 4), columns=3)
    images = [panel.get_images()[0] for panel in figure.axes if panel.get_images()]
    assert len(images) == 5
    np.testing.assert_array_equal(images[4].get_array(), W[4].reshape(3, 4))
    reach = np.abs(W).max()
    assert {image.get_clim() for image in images} == {(-reach, reach)}
    [image] = plots.weights(model).axes[0].get_images()
    np.testing.assert_array_equal(image.get_array(), W)
    assert len([panel for panel in plots.weights(model, shape=(3, 4), limit=2).axes if panel.get_images()]) == 2


def test_kernels_of_a_convolution_are_pictures() -> None:
    model = Conv2d(2, 3, 3, seed=0)
    [name] = [key for key, array in model.state_dict().items() if array.ndim == 4]
    images = [panel.get_images()[0] for panel in plots.weights(model, name).axes if panel.get_images()]
    kernels = model.state_dict()[name]
    assert len(images) == 6
    np.testing.assert_array_equal(images[3].get_array(), kernels[1, 1])


def test_weights_that_are_none() -> None:
    model = MLP(12, [5, 1], seed=0)
    with pytest.raises(KeyError) as caught:
        plots.weights(model, "W9")
    assert caught.value.args[0] == "The model has no array 'W9'. Arrays: W1, b1, W2, b2."
    with pytest.raises(ValueError) as caught:
        plots.weights(model, shape=(5, 5))
    assert str(caught.value) == "W1 has 12 inputs, which do not make a picture of 5 × 5."


# --- figures ----------------------------------------------------------------------------------------------------------


def test_they_draw_on_axes_that_are_given() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert trained().plot("loss", ax=ax) is ax.figure
    assert list(curves(ax)) == ["training", "validation"]
    with pytest.raises(ValueError) as caught:
        trained().plot(ax=ax)
    assert str(caught.value) == "ax is one pair of axes, but this plot has 2 panels: leave ax out."


def test_the_users_own_settings_stay() -> None:
    before = dict(matplotlib.rcParams)
    trained().plot()
    assert dict(matplotlib.rcParams) == before


def test_what_cannot_be_plotted() -> None:
    with pytest.raises(ValueError) as caught:
        History().plot()
    assert str(caught.value) == "There is nothing to plot: no epoch was finished."
    with pytest.raises(ValueError) as caught:
        trained().plot(scale="cubic")
    assert str(caught.value) == "scale must be one of linear, log, change, not 'cubic'."
    with pytest.raises(KeyError, match="no column 'accuracy'"):
        trained().plot("accuracy")
    with pytest.raises(ValueError) as caught:
        plots.compare({})
    assert str(caught.value) == "compare needs at least one history, and a scale out of linear, log, change."
    with pytest.raises(ValueError) as caught:
        plots.decision(MLP(3, [1], seed=0), np.zeros((4, 3)), [0, 1, 0, 1])
    assert str(caught.value) == "A decision is plotted over two inputs: X must have the shape (n, 2), not (4, 3)."


def test_nothing_is_shown_and_matplotlib_is_imported_for_plots_only() -> None:
    code = (
        "import sys, nn.plots, nn.training.fit, nn.training.history\n"
        "assert 'matplotlib' not in sys.modules\n"
        "history = nn.training.history.History(); history.append({'loss': 1.0}); history.plot()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_they_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError) as caught:
        trained().plot()
    assert str(caught.value) == ("Plots need matplotlib, which is not installed. Run: pip install 'edgegrad[plots]'")
