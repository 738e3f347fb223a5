"""A film: its record and its budget, and in a real browser two axes of time, numbers as Python's at every moment."""

import base64
import json
import math
import re
import struct

import numpy as np
import pytest
from perceptron import forward, perceptron, train
from screens import DESK, NOW, PHONE, agree, all_shown, position, shown, until

import nn
from autograd import DrawingError, Frames, Op, Plane, Value, dot, explain, explore, relu, sigmoid, tanh
from autograd.draw.explorer.page_data import adjoints_of
from autograd.symbol import number_text

MOMENT = "explorer.film.at"


def trained(updates=4, **options):
    """The lecture's perceptron after some updates, the weights of each moment, and its film."""
    net = perceptron()
    weights, numbers, errors = net.weights, [[w.data for w in net.weights]], [net.error.data]
    for _ in range(updates):
        net = train(net)
        numbers.append([w.data for w in weights])
        errors.append(net.error.data)
    return net, numbers, Frames(weights, numbers, losses=errors, measured="E", **options)


def at_moment(net, row):
    """Compute the perceptron again, on its own weights, with the numbers of a moment."""
    for w, number in zip(net.weights, row, strict=True):
        w.data = number
    return forward(net.inputs, net.hidden_weights, net.output_weights)


def moons(**options):
    """A small network on two moons, its film and its history."""
    X, y = nn.two_moons(60, noise=0.1, seed=0)
    model, film = nn.MLP(2, [6, 1], activation="tanh", seed=0), nn.Film(**options)
    optimizer = nn.Adam(model.parameters(), lr=0.1)
    nn.fit(model, X, y, loss="bce_with_logits", optimizer=optimizer, epochs=30, batch_size=20, seed=0, film=film)
    return model, film, X, y


def record_of(page):
    return json.loads(re.search(r'id="record">(.*?)</script>', page.html).group(1))["film"]


# --- the record -------------------------------------------------------------------------------------------------------


def test_a_film_keeps_the_leaves_and_nothing_else():
    net, numbers, frames = trained()
    record = record_of(explore(net.error, frames=frames))
    graph = net.error.graph()
    assert record["leaves"] == [graph.nodes.index(w) for w in net.weights]
    assert (record["steps"], record["bytes"], record["measured"]) == ([0, 1, 2, 3, 4], 8, "E")
    assert record["losses"] == list(frames.losses)
    assert len(record["numbers"]) == 5 * 6 * 8 / 3 * 4
    assert record["notes"] == [
        "the leaves' numbers are kept with all digits, and the page computes all others from them"
    ]
    read = struct.unpack("<30d", base64.b64decode(record["numbers"]))
    assert list(read) == [x for row in numbers for x in row]


def long_film(budget, moments=200):
    x, w = Value(0.7, name="x", requires_grad=False), [Value(0.0, name=f"w{i}") for i in range(6)]
    rows = [[np.sin(i + 0.05 * k).item() for i in range(6)] for k in range(moments)]
    for leaf, number in zip(w, rows[-1], strict=True):
        leaf.data = number
    y = tanh(dot(w, [x, 1.0, x, 0.5, x, -1.0])) * 1.5
    return y, rows, Frames(w, rows, budget=budget)


def test_a_film_over_its_budget_is_rounded_and_then_thinned_and_says_so():
    whole = 200 * 6 * 8 / 3 * 4
    for budget, size, count in ((whole, 8, 200), (whole - 1, 4, 200), (whole / 2 - 1, 4, 101), (whole / 8, 4, 26)):
        y, _, frames = long_film(int(budget))
        record = record_of(explore(y, frames=frames))
        assert (record["bytes"], len(record["steps"])) == (size, count)
        assert len(record["numbers"]) <= budget
        assert (record["steps"][0], record["steps"][-1]) == (0, 199)
        told = " ".join(record["notes"])
        assert ("moments are kept, for the page's size" in told) == (count < 200)
        assert ("kept to seven digits" in told) == (size == 4)


def test_numbers_that_rounding_would_move_are_not_rounded():
    """A difference of large numbers: seven digits of them say nothing about it."""
    a, b = Value(1e8 + 0.5, name="a"), Value(1e8, name="b")
    rows = [[1e8 + 0.1 * k, 1e8] for k in range(5)] + [[1e8 + 0.5, 1e8]]
    record = record_of(explore(a - b, frames=Frames([a, b], rows, budget=6 * 2 * 8)))
    assert record["bytes"] == 8
    assert len(record["steps"]) < 6


def test_a_page_without_a_film_holds_nothing_of_one():
    html = explore(perceptron().error).html
    assert 'id="moment' not in html
    assert "class Film" not in html
    assert len(html.encode()) < 220_000


def test_the_films_of_the_lectures_take_little_room():
    net, _, frames = trained(5)
    assert len(explore(net.error, frames=frames).html.encode()) < 260_000


def test_frames_that_do_not_fit():
    w, x = Value(2.0, name="w"), Value(3.0, name="x")
    y = w * x
    cases = [
        (Frames([w], []), "A film needs one moment or more, but numbers is empty."),
        (Frames([w], [[2.0]], steps=[0, 1]), "A film of 1 moments was given 2 steps: give one for each moment."),
        (Frames([w], [[2.0]], losses=[]), "A film of 1 moments was given 0 losses: give one for each moment."),
        (Frames([w], [[1.0, 2.0], [2.0]]), "A film of 1 leaves was given a moment of 2 numbers."),
        (Frames([w], [[1.0], [2.0]], steps=[3, 3]), "The steps of a film must rise from moment to moment."),
    ]
    for frames, message in cases:
        with pytest.raises(ValueError, match="film") as caught:
            explore(y, frames=frames)
        assert str(caught.value) == message


def test_graphs_that_cannot_be_filmed():
    w, x = Value(2.0, name="w"), Value(3.0, name="x")
    with pytest.raises(DrawingError) as caught:
        explore(w * x, frames=Frames([w], [[1.0], [1.5]]))
    assert str(caught.value) == (
        "w = 2, but the last moment of the film has 1.5 for it: record the graph again after the last step."
    )
    with pytest.raises(DrawingError) as caught:
        explore(x * 2.0, frames=Frames([w], [[2.0]]))
    assert str(caught.value) == ("w = 2 cannot be filmed: it is no leaf of the graph. Film the leaves it is made of.")
    gamma = Op("gamma", math.gamma, [lambda out, x: out])
    with pytest.raises(DrawingError) as caught:
        explore(gamma(w), frames=Frames([w], [[2.0]]))
    assert str(caught.value) == (
        "The operation gamma cannot be filmed: its rules take floats only, so a page has no way to compute it. Write "
        "them with the catalogue's operations."
    )


# --- in a browser -----------------------------------------------------------------------------------------------------


def test_every_moment_has_pythons_numbers(visit):
    net, numbers, frames = trained()
    tab = visit(explore(net.error, frames=frames))
    assert tab.evaluate(MOMENT) == 4
    agree(tab.evaluate(NOW), net.error.graph())
    for k, row in enumerate(numbers):
        tab.evaluate("k => explorer.film.go(k)", k)
        graph = at_moment(net, row).error.graph()
        agree(tab.evaluate(NOW), graph)
        expected = {f"n{i}": number_text(node.data, 4) for i, node in enumerate(graph.nodes)}
        assert all_shown(tab, "data") == expected
        assert tab.locator("h1").text_content() == f"E = {number_text(graph.outputs[0].data)}"
        assert tab.locator("#moment-counter").text_content() == f"step {k} of 4"
        assert tab.locator("#moment-about").text_content() == f"loss {number_text(frames.losses[k], 4)}"
    assert tab.locator("#curve .curve").count() == 2
    assert tab.locator("#curve .curve.own").count() == 0  # the drawn E is the training's


def test_rounded_films_agree_to_what_the_page_says(visit):
    whole = 200 * 6 * 8 / 3 * 4
    y, rows, frames = long_film(int(whole - 1))
    tab = visit(explore(y, frames=frames))
    assert "each agreed with Python's to 1e−6" in tab.locator("#film-notes").text_content()
    leaves = frames.leaves
    for k in (0, 63, 199):
        tab.evaluate("k => explorer.film.go(k)", k)
        for leaf, number in zip(leaves, rows[k], strict=True):
            leaf.data = number
        x = next(leaf for leaf in y.graph().leaves if leaf.name == "x")
        again = tanh(dot(list(leaves), [x, 1.0, x, 0.5, x, -1.0])) * 1.5
        found = tab.evaluate(NOW)["data"]
        for number, node in zip(found, again.graph().nodes, strict=True):
            assert number == pytest.approx(node.data, rel=1e-6, abs=1e-6)


def test_controls_of_the_training(visit):
    net, _, frames = trained()
    tab = visit(explore(net.error, frames=frames))
    slider = tab.locator("#moment")
    for press, moment in (("first", 0), ("next", 1), ("next", 2), ("back", 1), ("last", 4)):
        tab.click(f"#moment-{press}")
        assert (tab.evaluate(MOMENT), slider.input_value()) == (moment, str(moment))
        assert tab.evaluate("location.hash") == f"#frame={moment}"
        assert position(tab) == 33 + 2  # the graph stays where it is
    assert tab.locator("#moment-next").is_disabled()
    slider.fill("2")
    assert tab.evaluate(MOMENT) == 2
    assert slider.get_attribute("aria-valuetext") == "step 2 of 4 of the training, loss 1.525e−08"
    box = tab.locator("#curve").bounding_box()
    tab.mouse.click(box["x"] + box["width"] - 12, box["y"] + 20)
    assert tab.evaluate(MOMENT) == 4
    tab.mouse.move(box["x"] + 12, box["y"] + 20)
    assert tab.evaluate(MOMENT) == 4  # nothing is held
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 4, box["y"] + 30, steps=3)
    tab.mouse.up()
    assert tab.evaluate(MOMENT) == 1


def test_keys_of_the_training(visit):
    net, _, frames = trained()
    tab = visit(explore(net.error, frames=frames))
    for key, moment in (("<", 0), (".", 1), (".", 2), (",", 1), (">", 4), (",", 3)):
        tab.keyboard.press(key)
        assert tab.evaluate(MOMENT) == moment, key
    tab.keyboard.press("Home")
    assert (position(tab), tab.evaluate(MOMENT)) == (0, 3)
    tab.locator("#moment").focus()
    tab.keyboard.press("ArrowLeft")
    assert (position(tab), tab.evaluate(MOMENT)) == (0, 2)
    tab.keyboard.press(".")  # a slider has no use for it
    assert tab.evaluate(MOMENT) == 3
    tab.locator("#search").focus()
    tab.keyboard.press(",")
    assert tab.evaluate(MOMENT) == 3
    named = tab.locator("#keys dt").all_text_contents()
    assert ", ." in named
    assert "t" in named


def test_playing_the_training(visit):
    net, _, frames = trained()
    tab = visit(explore(net.error, frames=frames))
    tab.select_option("#moment-speed", "4")
    tab.keyboard.press("t")
    assert tab.evaluate(MOMENT) == 0  # from the end it starts again
    assert tab.locator("#moment-play").get_attribute("aria-label") == "Pause the training (t)"
    until(tab, "explorer.film.at === 2")
    tab.click("#play")  # the graph plays, and the training stands still
    assert not tab.evaluate("explorer.film.playing")
    assert tab.evaluate("explorer.player.playing")
    tab.keyboard.press("t")
    assert not tab.evaluate("explorer.player.playing")
    until(tab, "!explorer.film.playing")
    assert tab.evaluate(MOMENT) == 4


def test_the_address_has_both_axes(visit):
    net, numbers, _ = trained(4)
    frames = Frames(net.weights, [numbers[k] for k in (0, 2, 4)], steps=[0, 20, 40])
    page = explore(net.error, frames=frames)
    tab = visit(page, "#frame=20&step=17")
    assert (tab.evaluate(MOMENT), position(tab)) == (1, 17)
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("location.hash") == "#frame=20&step=18"
    tab.keyboard.press(".")
    assert tab.evaluate("location.hash") == "#frame=40&step=18"
    for address, moment in (("#frame=37&step=3", 1), ("#frame=19", 0), ("#frame=999", 2), ("#step=3", 2)):
        tab.evaluate("address => { location.hash = address; }", address)
        until(tab, f"explorer.film.at === {moment}")
    assert tab.locator("#moment-counter").text_content() == "step 40 of 40"


def test_a_weights_derivation_at_a_moment(visit):
    net, numbers, frames = trained()
    w = net.error.graph().nodes.index(net.hidden_weights[0][1])
    tab = visit(explore(net.error, frames=frames))
    tab.click("#whole")
    tab.click(f"#n{w}")
    for k in (1, 3):
        tab.evaluate("k => explorer.film.go(k)", k)
        then = at_moment(net, numbers[k])
        net.hidden_weights[0][1].grad = None
        then.error.backward()
        grad = net.hidden_weights[0][1].grad
        assert float(tab.locator("#exact-grad").get_attribute("title").replace("−", "-")) == pytest.approx(
            grad, rel=1e-12
        )
        assert tab.locator("#leaf").input_value() == repr(numbers[k][1])
        derivation = str(explain(then.error, net.hidden_weights[0][1]))
        product = tab.locator(".paths li").first.text_content().replace("\u200b", "")
        mantissa = derivation.rsplit("= ", 1)[1].split("e")[0].replace("-", "−")
        assert mantissa in product
    assert tab.locator(".overview").count() == 2
    assert tab.locator(".over .ends").first.text_content() == "3 → 2.97"
    label = tab.locator(".overview").first.get_attribute("aria-label")
    assert label == "data of W1[0][1] over the training: 3 → 2.97"


def test_what_if_holds_over_the_training(visit):
    net, numbers, frames = trained()
    x = net.error.graph().nodes.index(net.inputs[0])
    tab = visit(explore(net.error, frames=frames))
    tab.evaluate("x => explorer.choose(x)", x)
    tab.fill("#leaf", "-1.5")
    for k in (4, 0, 2):
        tab.evaluate("k => explorer.film.go(k)", k)
        net.inputs[0].data = -1.5
        agree(tab.evaluate(NOW), at_moment(net, numbers[k]).error.graph())
        assert "x1 = −1.5 (recorded: 0.5)" in tab.locator("#what-if").text_content()
    tab.click("#undo")
    net.inputs[0].data = 0.5
    agree(tab.evaluate(NOW), at_moment(net, numbers[2]).error.graph())


def test_moments_without_a_number_are_shown_calmly(visit):
    w = Value(2.0, name="w")
    y = w.log()
    tab = visit(explore(y, frames=Frames([w], [[1.0], [0.0], [2.0]])), "#frame=1")
    assert tab.locator("h1").text_content() == "y: y is undefined"
    tab.keyboard.press(".")
    assert tab.locator("h1").text_content() == "y = 0.693147"
    assert tab.locator("#curve .curve").count() == 1


def test_a_film_of_one_moment(visit):
    w = Value(2.0, name="w")
    tab = visit(explore(w * w, frames=Frames([w], [[2.0]], losses=[4.0])))
    assert tab.locator("#moment-counter").text_content() == "step 0 of 0"
    tab.keyboard.press(".")
    tab.keyboard.press("t")
    until(tab, "!explorer.film.playing")
    assert tab.locator("h1").text_content() == "y = 4"


@pytest.fixture(scope="module")
def filmed_moons():
    return moons(every=5)


def test_the_decision_is_pythons_at_every_moment(visit, filmed_moons, tmp_path):
    model, film, X, y = filmed_moons
    final = nn.predict(model, X)
    page = page_of(film)
    tab = visit(page)
    assert tab.evaluate("explorer.film.count") == 19
    places = film._places
    other = nn.MLP(2, [6, 1], activation="tanh", seed=5)
    for k in (0, 9, 18):
        tab.evaluate("k => explorer.film.go(k)", k)
        for i, number in zip(places, film._weights[k].tolist(), strict=True):
            other.parameters()[i].data = number
        logits = nn.predict(other, X).ravel()
        right = int(((logits > 0) == (y == 1)).sum())
        assert f"{right} of 60 right" in tab.locator("#moment-about").text_content()
        assert f"{right} of 60 examples right" in tab.locator("#plane").get_attribute("aria-label")
        painted = tab.evaluate(
            "points => points.map(([x, y]) => explorer.film.plane.outputsAt([...explorer.engine.now.data], x, y)[0])",
            X[:10].tolist(),
        )
        assert painted == pytest.approx(logits[:10].tolist(), rel=1e-12, abs=1e-12)
    assert final.ravel() == pytest.approx(logits, rel=1e-12)


def page_of(film):
    output, frames = film._develop()
    return explore(output, frames=frames)


def test_the_decision_is_painted_where_it_falls(visit):
    """One neuron, whose border is the line x1 = 0.25: blue to the left of it, orange to the right."""
    w = [Value(4.0, name="w"), Value(0.0, name="v")]
    x = [Value(0.6, name="x1", requires_grad=False), Value(0.4, name="x2", requires_grad=False)]
    out = dot(w, x) - 1.0
    points = [(-1.0, -1.0, 0.0), (1.0, 1.0, 1.0), (0.6, 0.4, 1.0)]
    E = (sigmoid(out) - 1.0) ** 2
    plane = Plane((x[0], x[1]), [out], points, level=0.0, span=1.0)
    tab = visit(explore(E, frames=Frames(w, [[-4.0, 0.0], [4.0, 0.0]], plane=plane)))
    colour = """([x, y]) => { const canvas = document.getElementById("plane"), view = explorer.film.plane;
      const [u, v] = view.spot(x, y).map((at) => Math.round(at * devicePixelRatio));
      const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, -u, -v);
      return [...copy.getImageData(0, 0, 1, 1).data]; }"""
    # The border is x1 = 0.25 in the end, and x1 = −0.25 with the sides changed at first.
    blue, orange = {1: (-0.7, 0.1), 0: (0.7, -0.1)}, {1: (0.4, 0.9), 0: (-0.4, -0.9)}
    for moment in (1, 0):
        tab.evaluate("k => explorer.film.go(k)", moment)
        tab.wait_for_timeout(500)  # until the training rests and the plane is painted finely
        for x1 in (*blue[moment], *orange[moment]):
            red, _, other, _ = tab.evaluate(colour, [x1, -0.5])
            assert (other > red) == (x1 in blue[moment]), (moment, x1)


def test_without_javascript_the_last_moment_is_there(visit):
    net, _, frames = trained()
    graph = net.error.graph()
    tab = visit(explore(net.error, frames=frames), script=False)
    for i, node in enumerate(graph.nodes):
        assert shown(tab, i, "data") == number_text(node.data, 4)
    assert "the finished drawing after the last step of the training" in tab.locator(".note").inner_text()
    assert tab.locator("#film").is_hidden()
    assert tab.locator("#n16").is_visible()


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_its_place(visit, filmed_moons, size, scheme):
    tab = visit(page_of(filmed_moons[1]), "#frame=40", size=size, scheme=scheme)
    assert tab.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.body.scrollHeight <= innerHeight"
    )
    boxes = {
        part: tab.locator(part).bounding_box()
        for part in ("#film", "#stage", "#transport", "#panel", "#plane", "#curve")
    }
    assert boxes["#stage"]["height"] > (240 if size == PHONE else 500)
    assert boxes["#film"]["y"] + boxes["#film"]["height"] <= boxes["#stage"]["y"] + 1
    assert boxes["#plane"]["x"] + boxes["#plane"]["width"] <= boxes["#curve"]["x"]
    for part in ("#moment-play", "#moment", "#moment-speed", "#moment-counter"):
        box = tab.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
    for press in ("#moment-back", "#moment-play", "#moment-next"):
        box = tab.locator(press).bounding_box()
        assert min(box["width"], box["height"]) >= 40


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_decision_can_be_laid_large_over_the_page(visit, filmed_moons, size):
    tab = visit(page_of(filmed_moons[1]), size=size)
    small = tab.locator("#plane").bounding_box()
    for opens, closes in (("d", "d"), ("d", "Escape"), (None, None)):
        tab.keyboard.press(opens) if opens else tab.click("#plane")
        assert 0.8 * min(size) < tab.locator("#plane").bounding_box()["width"] < min(size)
        until(tab, "document.getElementById('plane').width >= document.getElementById('plane').clientWidth")
        tab.keyboard.press(closes) if closes else tab.click("#plane")
        assert tab.locator("#plane").bounding_box() == small


def test_the_gradients_of_each_layer_over_the_training(visit, filmed_moons):
    """Quarters as NumPy's, of gradients as Python's."""
    _, film, *_ = filmed_moons
    tab = visit(page_of(film))
    until(tab, "explorer.film.complete")
    tab.click("#course-shown")
    assert tab.locator("#spreads").is_visible()
    assert not tab.locator("#curve").is_visible()
    layers = tab.evaluate("explorer.film.gradients.layers.map(({ name, leaves }) => [name, leaves])")
    assert [(name, len(leaves)) for name, leaves in layers] == [("layer1", 18), ("layer2", 7)]
    assert tab.locator("#spreads .half").count() == 2
    output, _ = film._develop()
    grads = adjoints_of(output.graph())
    for i, (name, leaves) in enumerate(layers):
        sizes = np.abs([grads[leaf] for leaf in leaves])
        quarters = tab.evaluate("i => explorer.film.gradients.layers[i].spreads.at(-1).quarters", i)
        assert quarters == pytest.approx(np.quantile(sizes, [0, 0.25, 0.5, 0.75, 1]), rel=1e-9)
        said = f"{name}: middle {number_text(np.median(sizes).item(), 2)}, largest {number_text(sizes.max().item(), 2)}"
        assert said in tab.locator("#spreads").get_attribute("aria-label")
    box = tab.locator("#spreads").bounding_box()
    tab.mouse.click(box["x"] + 2, box["y"] + 5)
    assert tab.evaluate(MOMENT) == 0
    tab.keyboard.press("g")
    assert tab.locator("#curve").is_visible()


def test_gradients_that_are_zero_are_counted_and_weights_without_a_layer_stand_by_their_name(visit):
    W = [Value(-1.0, name="W[0]"), Value(2.0, name="W[1]")]
    E = relu(W[0]) + W[1] * 3.0
    tab = visit(explore(E, frames=Frames(W, [[1.0, 1.0], [-1.0, 2.0]])))
    until(tab, "explorer.film.complete")
    tab.keyboard.press("g")
    assert tab.locator("#spreads text").text_content() == "W: middle 1.5, largest 3, 1 of 2 are 0"
    tab.keyboard.press("<")
    assert tab.locator("#spreads text").text_content() == "W: middle 2, largest 3"


def test_hostile_words_in_a_film_are_text(visit):
    bad = "</script><img src=x onerror=alert(1)>"
    w = [Value(1.0, name=bad), Value(2.0, name='"><b>')]
    E = relu(w[0] * w[1])
    E.name = bad
    plane = Plane((w[0], w[1]), [E], [(0.0, 0.0, 0.0), (1.0, 2.0, 1.0), (2.0, 1.0, 1.0)], level=1.0)
    frames = Frames(w, [[0.5, 0.5], [1.0, 2.0]], losses=[3.0, 2.0], measured=bad, note=bad, plane=plane)
    tab = visit(explore(E, frames=frames))
    tab.keyboard.press("<")
    for node in range(3):
        tab.evaluate("i => explorer.choose(i)", node)
    assert bad in tab.locator("#curve-key").text_content()
    assert tab.locator("img").count() == 0
    assert tab.locator("script").count() == 2


def test_in_a_notebook_a_film_runs_in_a_frame(browser):
    net, _, frames = trained()
    context = browser.new_context()
    tab = context.new_page()
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.set_content(f"<body>{explore(net.error, frames=frames)._repr_html_()}</body>")
    frame = tab.frame_locator("iframe")
    frame.locator("#moment-first").click()
    assert frame.locator("#moment-counter").text_content() == "step 0 of 4"
    assert complaints == []
    context.close()
