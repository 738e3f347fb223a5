"""Filming a training: which moments, which losses, what it costs the training, and what cannot be filmed."""

import math

import numpy as np
import pytest

import autograd
import nn
from autograd import DrawingError, Value, where

X, Y = nn.two_moons(24, noise=0.1, seed=0)


def perceptron():
    """The lecture's 2-2-1 ReLU network (L1.4)."""
    return nn.Sequential(
        nn.Layer(2, 2, "relu", bias=False, W=[[1.0, 3.0], [-2.0, 4.0]]), nn.Layer(2, 1, bias=False, W=[[0.5, 0.3]])
    )


def fit(model, film, **options):
    optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.5)
    options = {"epochs": 3, "batch_size": 8, "seed": 0} | options
    return nn.fit(model, X, Y, loss="bce_with_logits", optimizer=optimizer, film=film, **options)


def weights_of(model):
    return [p.data for p in model.parameters()]


def test_the_lectures_training(tmp_path):
    """The losses at the moments are the lecture's table (L1.6), the weights after one step those of L1.4."""
    model, film = perceptron(), nn.Film()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    nn.fit(model, [[0.5, 0.7]], [1.0], "half_squared_error", optimizer, epochs=4, batch_size=1, film=film)
    assert film.steps == [0, 1, 2, 3, 4]
    output, frames = film._develop()
    assert frames.losses == pytest.approx([0.3528, 6.6435e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16], rel=1e-4)
    after = dict(zip([leaf.name for leaf in frames.leaves], frames.numbers[1], strict=True))
    expected = {
        "W1[0][0]": 0.979, "W1[0][1]": 2.9706, "W1[1][0]": -2.0126, "W1[1][1]": 3.98236, "W2[0][0]": 0.2816,
        "W2[0][1]": 0.1488,
    }  # fmt: skip
    assert after == pytest.approx(expected, rel=1e-12)
    assert (output.name, output.data) == ("E", pytest.approx(7.5092e-16, rel=1e-4))
    assert {leaf.name for leaf in output.graph().leaves} == {*expected, "x1", "x2"}
    assert frames.plane is None
    film.save(tmp_path / "training.html")
    assert (tmp_path / "training.html").stat().st_size < 275_000
    assert "<iframe" in film._repr_html_()
    assert repr(film) == "<Film of 5 moments over 4 steps>"


@pytest.mark.parametrize("compiled", [False, "numpy"])
def test_a_film_sees_the_weights_after_every_step_and_changes_nothing(compiled):
    plain, filmed, seen = nn.MLP(2, [4, 1], seed=1), nn.MLP(2, [4, 1], seed=1), nn.Film()
    path = nn.WeightPath(filmed.parameters())
    without = fit(plain, None, compile=compiled)
    history = fit(filmed, seen, callbacks=[path], compile=compiled)
    assert seen.steps == list(range(10))
    np.testing.assert_array_equal(np.array(seen._weights), path.points)
    assert weights_of(filmed) == pytest.approx(weights_of(plain), rel=1e-12)
    assert history["loss"] == pytest.approx(without["loss"], rel=1e-12)
    assert not any("film" in note for note in history.notes)


def test_losses_are_those_of_the_weights_they_stand_at():
    model, film = nn.MLP(2, [4, 1], seed=1), nn.Film()
    fit(model, film, batch_size=None)
    other = nn.MLP(2, [4, 1], seed=2)
    for row, loss in zip(film._weights, film._losses, strict=True):
        for p, number in zip(other.parameters(), row.tolist(), strict=True):
            p.data = number
        logits = nn.predict(other, X).ravel()
        assert loss == pytest.approx(np.mean(np.logaddexp(0.0, logits) - Y * logits), rel=1e-12)
    film = nn.Film()
    fit(model, film)
    assert math.isnan(film._losses[-1])  # no batch was computed on the last weights


def test_every_and_what_the_page_is_told():
    model, film = nn.MLP(2, [4, 1], seed=1), nn.Film(every=4, example=5)
    fit(model, film)
    assert film.steps == [0, 4, 8, 9]  # the last step is always there
    output, frames = film._develop()
    assert frames.note == (
        "the graph is that of example 5 of 24, in evaluation mode and without a penalty; every 4 steps of the training "
        "there is a moment"
    )
    assert (frames.measured, frames.epoch) == ("mean loss of a batch", 3)
    inputs = [leaf.data for leaf in output.graph().leaves if leaf.name in ("x1", "x2")]
    assert sorted(inputs) == sorted(X[5].tolist())
    assert (frames.plane.level, frames.plane.classes, len(frames.plane.points)) == (0.0, True, 24)
    assert weights_of(model) == film._weights[-1].tolist()


def test_a_film_among_the_callbacks():
    one, other = nn.Film(), nn.Film()
    fit(nn.MLP(2, [2, 1], seed=1), one)
    fit(nn.MLP(2, [2, 1], seed=1), None, callbacks=[other])
    np.testing.assert_array_equal(one._weights, other._weights)
    fit(nn.MLP(2, [2, 1], seed=1), one, epochs=1)  # the next training is the next film
    assert one.steps == [0, 1, 2, 3]


def test_a_long_training_is_thinned_and_says_so():
    model = nn.MLP(2, [2, 1], seed=1)  # 9 weights, 48 characters a moment
    film = nn.Film(budget=48 * 10)
    history = fit(model, film, epochs=11)
    assert film.steps == [0, 4, 8, 12, 16, 20, 24, 28, 32, 33]
    assert history.notes[-1] == "the film keeps every 4th step, for the size of its page"
    assert "of the training every 4th step is kept, for the size of the page" in film._develop()[1].note


def test_planes_of_classes_and_of_numbers():
    rows = np.random.default_rng(0).normal(size=(30, 2))

    def plane(width, targets, loss):
        film = nn.Film()
        nn.fit(nn.MLP(2, [width], seed=0), rows, targets, loss, epochs=1, film=film)
        return film._develop()[1].plane

    three = plane(3, np.arange(30) % 3, "cross_entropy")
    assert (len(three.outputs), three.classes) == (3, True)
    two = plane(1, np.where(rows[:, 0] > 0, 1.0, -1.0), "hinge")
    assert (two.level, two.span, two.classes) == (0.0, 1.0, True)
    numbers = plane(1, rows[:, 0] * 3.0, "mse")
    assert not numbers.classes
    assert numbers.level == pytest.approx((rows[:, 0].max() + rows[:, 0].min()) * 1.5)
    assert plane(2, rows, "mse") is None


def test_a_training_that_goes_wrong_leaves_its_film():
    model, film = nn.Layer(1, 1, W=[[1.0]], b=[0.0]), nn.Film()
    with pytest.raises(nn.DivergedError):
        nn.fit(
            model, [[1e150], [-1e150]], [1.0, 2.0], optimizer=nn.SGD(model.parameters(), lr=1.0), epochs=9,
            batch_size=1, film=film, seed=0,
        )  # fmt: skip
    assert film.steps == [0, 1]
    output, frames = film._develop()  # after step 1 the weights are finite, and nothing that is computed from them
    assert (frames.steps, frames.numbers) == ([0], [[1.0, 0.0]])
    assert output.data == pytest.approx(1e300)
    assert frames.note.endswith("after step 0 the example's numbers are not finite")

    def stop(training):
        if training.epoch == 2:
            raise KeyboardInterrupt

    film = nn.Film()
    fit(nn.MLP(2, [2, 1], seed=1), film, callbacks=[stop])
    assert film.steps == list(range(7))
    assert len(film._develop()[1].numbers) == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "Film: every must be a whole number from 1, not 0."),
        ({"example": -1}, "Film: example must be a whole number from 0, not -1."),
        ({"budget": 1.5}, "Film: budget must be a whole number from 1, not 1.5."),
    ],
)
def test_numbers_that_a_film_does_not_take(options, message):
    with pytest.raises(ValueError, match="Film") as caught:
        nn.Film(**options)
    assert str(caught.value) == message


def refused(kind, model, film, X=X, Y=Y, loss="mse"):
    before = weights_of(model)
    with pytest.raises(kind) as caught:
        nn.fit(model, X, Y, loss=loss, epochs=1, film=film)
    assert weights_of(model) == before
    return str(caught.value)


def test_what_cannot_be_filmed_is_refused_before_anything_is_trained():
    assert refused(ValueError, nn.MLP(2, [1], seed=0), nn.Film(example=24)) == (
        "Film: there is no example 24 among 24 training examples: the last is 23."
    )
    assert refused(TypeError, nn.MLP(2, [1], seed=0), "film.html") == (
        "film must be a Film such as nn.Film(every=1), not 'film.html': make it first, and save it afterwards."
    )
    assert refused(ValueError, nn.Sequential(nn.Layer(2, 3, seed=0), nn.BatchNorm1d(3), nn.Layer(3, 1)), nn.Film()) == (
        "Film: batchnorm2 (BatchNorm1d 3) keeps running_mean, which moves without being a weight, so the moments of "
        "this training cannot be computed from its weights. Film a model without it."
    )
    assert refused(DrawingError, nn.MLP(2, [250, 250, 1], seed=0), nn.Film()).startswith("The graph has 6")


def test_a_film_of_nothing():
    with pytest.raises(RuntimeError) as caught:
        nn.Film().save("training.html")
    assert str(caught.value) == "Film: nothing was filmed yet. Pass it to nn.fit as film=, then save it."


class Deciding(nn.Module):
    """A model that decides in Python what it computes, or with where."""

    def __init__(self, *, openly):
        super().__init__()
        self.w = Value(-0.5, name="w", parameter=True)
        self.openly = openly

    def forward(self, x):
        if self.openly:
            return [where(self.w, self.w * self.w, self.w) * x[0]]
        return [(self.w * self.w if self.w.data > 0 else self.w) * x[0]]


def test_a_graph_that_changes_with_the_weights():
    def film_of(model):
        film = nn.Film()
        nn.fit(
            model, [[1.0]], [2.0], "half_squared_error", nn.SGD(model.parameters(), lr=0.4), epochs=4, compile=False,
            film=film,
        )  # fmt: skip
        return film

    film_of(Deciding(openly=True))._develop()
    with pytest.raises(ValueError, match="another") as caught:
        film_of(Deciding(openly=False))._develop()
    assert str(caught.value) == (
        "Film: the graph of example 0 is another after step 0 than after step 4: the model decides in Python what "
        "it computes. Decide with autograd.where, and film again."
    )


def test_a_softmax_is_filmed_though_what_it_takes_off_moves(tmp_path):
    model, film = nn.MLP(2, [3, 2], output_activation="softmax", seed=0), nn.Film()
    nn.fit(model, X, Y, lambda out, t: -autograd.choose(t, [autograd.log(p) for p in out]), "sgd(0.5)", 2, 8, film=film)
    output, frames = film._develop()
    film.save(tmp_path / "softmax.html")
    assert len(frames.numbers) == len(film.steps) == 7
    assert output.data == pytest.approx(film._record(model)[0].data, rel=1e-12)


def test_a_constant_that_the_model_takes_from_its_weights_is_found():
    class Decides(nn.Module):
        axes = 1

        def __init__(self):
            self.layer = nn.Layer(2, 1, seed=0)

        def forward(self, xs):
            return self.layer(xs) * (2.0 + self.layer.b[0].data)

    film = nn.Film()
    nn.fit(Decides(), X, Y, "mse", "sgd(0.1)", 1, 8, film=film, compile=False)
    with pytest.raises(ValueError, match="the model decides in Python what it computes"):
        film._develop()
