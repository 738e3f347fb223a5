"""The panel in a real browser: one spelling, one precision, refusals in words, the sum and its check, the address."""

import math

import pytest
from drawings import skips
from perceptron import forward, perceptron
from screens import BEYOND, NOW, PHONE, agree, position

from autograd import Value, explore, log, relu, sqrt, tanh, total
from autograd.draw.labels import shorten
from autograd.symbol import number_text


def text_of(tab, selector):
    return tab.locator(selector).text_content().replace("\u200b", "")


def numbers_of(tab, selector):
    return [float(cell.replace("−", "-")) for cell in tab.locator(selector).all_text_contents()]


def place_of(net, node):
    return net.error.graph().nodes.index(node)


# --- the first key ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ArrowRight", "PageDown"])
def test_the_first_key_shows_the_first_step(visit, key):
    tab = visit(explore(perceptron().error))
    assert text_of(tab, "#now h2") == "Finished"
    tab.keyboard.press(key)
    assert position(tab) == 1
    assert text_of(tab, "#now h2").startswith("Forward")
    tab.keyboard.press(key)
    tab.keyboard.press("PageUp")
    assert position(tab) == 1


def test_the_first_press_of_next(visit):
    tab = visit(explore(perceptron().error))
    tab.click("#next")
    assert position(tab) == 1
    tab.click("#last")
    assert text_of(tab, "#now .done") == "That was the last step: every gradient is there."
    assert tab.locator("#next").is_disabled()


# --- one name, one precision ------------------------------------------------------------------------------------------


def test_a_name_is_read_as_it_was_typed(visit):
    net = perceptron()
    w = place_of(net, net.hidden_weights[0][1])
    tab = visit(explore(net.error))
    tab.click(f"#n{w}")
    assert text_of(tab, f"#n{w} .name") == text_of(tab, "#chosen h2 .full") == "W1[0][1]"
    assert "∂W1[0][1]" in text_of(tab, "#chosen .paths")
    tab.fill("#search", "W1[0][1]")
    assert text_of(tab, "#found button span") == "W1[0][1]"
    assert "chosen=W1%5B0%5D%5B1%5D" in tab.url
    for place, node in enumerate(net.error.graph().nodes):
        tab.evaluate("step => explorer.player.go(step)", place + 1)
        name = net.error.graph().names[node]
        assert text_of(tab, f"#n{place} .name") == text_of(tab, "#now h2 .reference") == name


def test_a_long_name_is_cut_alike_on_card_and_panel(visit):
    ws = [Value(0.5, name=f"weights_of_the_layer[{k}][0]") for k in range(3)]
    y = total(ws)
    y.name = "the_sum_of_all_its_weights"
    tab = visit(explore(y), "#step=1")
    cards = tab.locator(".node .name").all_text_contents()
    assert cards == [shorten(name, 22) for name in y.graph().names.values()]
    for place, card in enumerate(cards):
        tab.evaluate("step => explorer.player.go(step)", place + 1)
        assert text_of(tab, "#now h2 .name") == card
        assert tab.locator("#now .lines .reference").first.text_content() == card


def test_the_exponential_is_a_power_of_e(visit):
    x = Value(0.5, name="x")
    tab = visit(explore(x.exp()), "#step=2")
    assert tab.locator("#now .lines msup").first.text_content() == "ex"


def test_a_number_has_the_same_digits_everywhere_and_all_of_them_on_hover(visit):
    net = perceptron()
    w = place_of(net, net.output_weights[0])
    tab = visit(explore(net.error))
    tab.click(f"#n{w}")
    assert tab.locator(f"#n{w} .grad").text_content() == text_of(tab, "#exact-grad") == "2.184"
    assert tab.locator("#exact-grad").get_attribute("title") == "2.1839999999999993"
    assert tab.locator("#chosen .final").count() == 0


def test_what_is_not_there_yet_is_marked_as_final(visit):
    net = perceptron()
    w = place_of(net, net.output_weights[0])
    tab = visit(explore(net.error), "#step=5")
    tab.click(f"#n{w}")
    assert tab.locator(f"#n{w} .grad").text_content() == "—"
    assert text_of(tab, "#exact-grad") == "2.184"
    assert tab.locator("#chosen .final").last.text_content() == " final: not there yet at this step"


def test_a_minus_is_written_once(visit):
    x = Value(0.7, name="x")
    tab = visit(explore(-x), "#step=2")
    assert [line.replace("\u200b", "") for line in tab.locator("#now .lines .formula").all_text_contents()] == [
        "y=−x",
        "=−0.7",
    ]


# --- other numbers ----------------------------------------------------------------------------------------------------


def test_numbers_as_people_write_them(visit):
    net = perceptron()
    w = place_of(net, net.hidden_weights[0][1])
    tab = visit(explore(net.error))
    tab.click(f"#n{w}")
    for written, number in (
        ("½", 0.5), ("1/3", 1 / 3), ("2e-3", 0.002), ("2e−3", 0.002), ("−0,5", -0.5), ("√2", math.sqrt(2)),
        ("2^-1", 0.5), ("π", math.pi),
    ):  # fmt: skip
        tab.fill("#leaf", "")
        tab.click("#leaf")
        tab.keyboard.type(written)
        assert tab.locator("#leaf").get_attribute("aria-invalid") is None, written
        net.hidden_weights[0][1].data = number
        agree(tab.evaluate(NOW), forward(net.inputs, net.hidden_weights, net.output_weights).error.graph())


def test_a_refusal_says_why(visit):
    x = Value(2.0, name="x")
    tab = visit(explore(x * 3.0))
    tab.click("#n0")
    for written, words in (
        ("", "Write a number."), ("abc", "There is no abc here."), ("nan", "nan is no finite number."),
        ("inf", "inf is no finite number."), ("1/0", "1/0 is not finite."), ("0/0", "0/0 has no value."),
        ("2+", "Something is missing at its end."), ("(2", "A ) is missing."), ("log(−1)", "log(−1) has no value."),
        ("1e999", "1e999 is not finite."),
        ("1 000", "1 000 may be one number or a product: write which."),
        ("$", "The sign $ means nothing here."), ("2)", "The ) closes nothing."),
    ):  # fmt: skip
        tab.fill("#leaf", written)
        assert tab.locator("#leaf-trouble").text_content() == f"{words} x is still 2."
        assert tab.locator("#leaf").get_attribute("aria-invalid") is not None
        assert tab.locator("h1").text_content() == "y = 6"
        tab.fill("#leaf", "2")
        assert tab.locator("#leaf-trouble").text_content() == ""


def test_escape_leaves_the_field_with_the_number_that_holds(visit):
    x = Value(2.0, name="x")
    tab = visit(explore(x * 3.0))
    tab.click("#n0")
    tab.fill("#leaf", "4")
    tab.fill("#leaf", "4/")
    tab.keyboard.press("Escape")
    assert tab.locator("#leaf").input_value() == "4"
    assert tab.evaluate("document.activeElement.id") != "leaf"
    assert tab.locator("#chosen").is_visible()
    tab.keyboard.press("Escape")
    assert tab.locator("#chosen").is_hidden()


def test_a_number_that_breaks_the_graph_is_not_called_finished(visit):
    x, w = Value(2.0, name="x"), Value(3.0, name="w")
    tab = visit(explore(log(x * w - 1.0) / sqrt(x)))
    tab.evaluate("explorer.change(explorer.engine.nodes.findIndex(({ name }) => name === 'x'), -2)")
    assert text_of(tab, "#now h2") == "Stopped atv3"
    assert "It is undefined. log needs x > 0." in text_of(tab, "#now")
    assert "Every number and every gradient is there" not in text_of(tab, "#now")


@pytest.mark.parametrize(("number", "shown"), [(math.inf, "∞"), (math.nan, "nan")])
def test_a_leaf_that_is_not_finite_gets_a_word(visit, number, shown):
    x, w = Value(number, name="x"), Value(3.0, name="w")
    tab = visit(explore(x + w))
    assert text_of(tab, "#now .trouble") == (
        f"x is {shown}: what depends on it means little, and so do gradients through it."
    )


# --- the sum and its check --------------------------------------------------------------------------------------------


def test_a_single_term_needs_no_table_but_is_checked(visit):
    net = perceptron()
    graph = net.error.graph()
    edges = [edge for node in reversed(graph.nodes) for edge in node.edges]
    k = next(k for k, edge in enumerate(edges) if edge.operand is net.hidden_weights[0][1])
    tab = visit(explore(net.error), f"#step={len(graph.nodes) + 1 + k}")
    assert tab.locator("#now .terms:not(.nudge)").count() == 0
    assert text_of(tab, "#now .nudge caption") == "Checked: nudge W1[0][1], and E follows"
    assert tab.locator("#now .nudge th").all_text_contents() == ["ΔW1[0][1]", "ΔE", "grad·ΔW1[0][1]"]
    by, follows, promised = numbers_of(tab, "#now .nudge td")
    net.hidden_weights[0][1].data += by
    moved = forward(net.inputs, net.hidden_weights, net.output_weights).error.data
    assert follows == pytest.approx(moved - net.error.data, rel=1e-3)
    assert (by, promised) == (1e-4, pytest.approx(2.94e-5, rel=1e-3))


def test_the_tangent_stands_beside_what_is_bent(visit):
    x = Value(0.5, name="x")
    s = 2.0 * x
    s.name = "s"
    y = tanh(s)
    y.name = "y"
    tab = visit(explore(y), "#step=4")
    assert tab.locator("#now .tangent").get_attribute("aria-label") == "y over s, around s = 1, with the tangent there"
    slope = tab.evaluate(
        """() => {
          const [x1, y1, x2, y2] = document.querySelector(".touch").getAttribute("d").match(/-?[\\d.]+/g).map(Number);
          const curve = document.querySelector(".curve").getAttribute("d").match(/-?[\\d.]+/g).map(Number);
          return [(y2 - y1) / (x2 - x1), curve];
        }"""
    )
    touching, curve = slope
    points = list(zip(curve[::2], curve[1::2], strict=True))
    middle = len(points) // 2
    (x1, y1), (x2, y2) = points[middle - 1], points[middle + 1]
    assert touching == pytest.approx((y2 - y1) / (x2 - x1), rel=0.08)
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#now .tangent").count() == 0


# --- to be heard ------------------------------------------------------------------------------------------------------


def test_a_step_is_one_sentence(visit):
    y = skips()
    tab = visit(explore(y), "#step=0")
    assert text_of(tab, "#spoken") == "Start: nothing is computed yet."
    tab.keyboard.press("ArrowRight")
    assert text_of(tab, "#spoken") == "Forward: x is 0.5."
    tab.keyboard.press("End")
    assert text_of(tab, "#spoken") == (
        "Backward, from v1 to x: the slope is 1.5, −0.01375 flows, and the gradient of x is 0.03879 by now."
    )
    assert tab.locator("#now").get_attribute("aria-live") is None


def test_every_arrow_has_its_own_words(visit):
    net = perceptron()
    tab = visit(explore(net.error))
    tab.wait_for_timeout(500)
    graph = net.error.graph()
    place = {node: i for i, node in enumerate(graph.nodes)}
    for edge in graph.edges:
        said = tab.locator(f"#n{place[edge.output]}e{edge.slot}").get_attribute("aria-label")
        names = f"edge {graph.names[edge.operand]} to {graph.names[edge.output]}"
        assert said.startswith(f"{names}, slope {number_text(edge.slope, 4)}")
        assert (", flow " in said) == edge.operand.requires_grad


def test_words_follow_another_number(visit):
    net = perceptron()
    tab = visit(explore(net.error))
    tab.wait_for_timeout(400)
    w = place_of(net, net.output_weights[0])
    tab.evaluate("node => explorer.change(node, 2)", w)
    tab.wait_for_timeout(500)
    assert tab.locator(f"#n{w}").get_attribute("aria-label").startswith("W2[0], parameter, data 2, grad ")
    assert ", slope 2, flow " in tab.locator(f"#n{place_of(net, net.output)}e2").get_attribute("aria-label")


# --- the address, and paths to copy -----------------------------------------------------------------------------------


def test_the_address_holds_what_is_chosen_and_what_was_changed(visit):
    net = perceptron()
    w = place_of(net, net.hidden_weights[0][1])
    tab = visit(explore(net.error))
    tab.click(f"#n{w}")
    tab.fill("#leaf", "2.5")
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowRight")
    address = tab.evaluate("location.hash")
    assert address == "#step=1&chosen=W1%5B0%5D%5B1%5D&numbers=W1%5B0%5D%5B1%5D:2.5"
    again = visit(explore(net.error), address)
    assert position(again) == 1
    assert text_of(again, "#chosen h2 .full") == "W1[0][1]"
    assert again.locator("#leaf").input_value() == "2.5"
    net.hidden_weights[0][1].data = 2.5
    agree(again.evaluate(NOW), forward(net.inputs, net.hidden_weights, net.output_weights).error.graph())
    again.click("#undo")
    again.keyboard.press("Escape")
    assert again.evaluate("location.hash") == "#step=1"


@pytest.mark.parametrize(
    "address", ["#chosen=nobody&numbers=x:two,E:3,:,q", "#chosen=%E0%A4%A&numbers=%", "#numbers=y:7"]
)
def test_an_address_of_nonsense_does_no_harm(visit, address):
    x = Value(2.0, name="x")
    tab = visit(explore(relu(x)), address)
    assert tab.locator("h1").text_content() == "y = 2"
    assert tab.locator("#chosen").is_hidden()


def test_a_paths_name_is_copied(visit):
    net = perceptron()
    tab = visit(explore(net.error))
    tab.click(f"#n{place_of(net, net.hidden_weights[0][1])}")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = tab.locator("#chosen .copy").first
    assert button.get_attribute("title") == "E → v2 → v1 → O → a1 → s1 → W1[0][1]"
    button.click()
    tab.wait_for_timeout(200)
    assert button.text_content() == "copied"
    assert tab.evaluate("navigator.clipboard.readText()") == "E → v2 → v1 → O → a1 → s1 → W1[0][1]"


# --- nothing is cut without a cue -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(390, 844), (900, 600), (1280, 800)])
def test_formulas_and_tables_stay_inside_the_panel(visit, size):
    ws = [Value(-0.123456 * k, name=f"weight_of_a_long_name[{k}][0]") for k in range(1, 8)]
    y = total([tanh(v * 1.3) * v.sigmoid() for v in ws])
    tab = visit(explore(y), size=size)
    for step in [None, *range(1, tab.evaluate("explorer.engine.count"), 5)]:
        if step is not None:
            tab.evaluate("step => explorer.player.go(step)", step)
        over = tab.evaluate(
            """() => {
              const right = document.querySelector("#panel").getBoundingClientRect().right;
              const all = [...document.querySelectorAll("#now td, #now th, #now .formula, #now p, #now button")];
              const over = all.filter((each) => each.getBoundingClientRect().right > right + 1);
              return over.map((each) => each.textContent);
            }"""
        )
        assert over == [], step


def test_the_table_of_a_sum_fits_the_panel(visit):
    y = skips()
    tab = visit(explore(y), "#step=24", size=(1280, 800))
    inner = tab.locator("#now .nudge").bounding_box()
    table = tab.locator("#now .terms:not(.nudge)").bounding_box()
    assert table["x"] + table["width"] <= inner["x"] + inner["width"] + 1


def test_a_long_formula_is_broken_at_its_signs(visit):
    w, x = Value(2.0, name="w"), Value(0.7, name="x")
    y = (w * x).sigmoid()
    tab = visit(explore(y), "#step=5", size=(900, 600))
    assert "×\u200b" not in text_of(tab, "#now")
    lines = "[...document.querySelectorAll('#now .formula')]"
    assert max(tab.evaluate(f"{lines}.map((line) => line.scrollWidth - line.clientWidth)")) <= 0


def test_the_paths_of_a_chosen_leaf_are_brought_into_view(visit):
    net = perceptron()
    tab = visit(explore(net.error), "#step=33", size=(900, 600))
    tab.evaluate("node => explorer.choose(node)", place_of(net, net.output_weights[0]))
    box, panel = (tab.locator(name).bounding_box() for name in ("#chosen .paths li", "#panel"))
    assert box["y"] < panel["y"] + panel["height"]


@pytest.mark.parametrize("size", [(1280, 800), PHONE], ids=["desk", "phone"])
def test_nothing_reaches_beyond_the_panel_whatever_is_chosen(visit, size):
    error = perceptron().error
    tab = visit(explore(error), "#step=25", size=size)
    for node in range(len(error.graph().nodes)):
        tab.evaluate("node => explorer.choose(node)", node)
        assert tab.evaluate(BEYOND) == []


def test_the_last_step_shows_all_gradients_as_the_opening_does(visit):
    tab = visit(explore(perceptron().error))
    opening = tab.locator("#now .leaves").inner_text()
    tab.keyboard.press("ArrowLeft")
    assert not tab.locator("#now .leaves").count()
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#now .leaves").inner_text() == opening


def test_what_is_chosen_is_told_as_of_the_step(visit):
    tab = visit(explore(perceptron().error), size=(900, 600))
    tab.evaluate("explorer.choose(0)")
    assert not tab.locator("#chosen .final").count()
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#chosen .final").all_text_contents() == [" final: not there yet at this step"]
    assert tab.evaluate("document.getElementById('panel').scrollTop") == 0, "the step is seen"


def test_a_graph_of_one_leaf_has_its_gradient(visit):
    tab = visit(explore(Value(3.0, name="x")))
    tab.evaluate("explorer.choose(0)")
    assert tab.locator("#n0 .grad").text_content() == "1"
    assert not tab.locator("#chosen .final").count()


def test_a_leafs_number_is_dragged_in_the_drawing(visit):
    x = Value(2.0, name="x")
    tab = visit(explore(x * 3.0), motion="reduce")
    box = tab.locator("#n0 .data").bounding_box()
    place = tab.locator("#world").get_attribute("transform")
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.move(*at)
    tab.mouse.down()
    tab.mouse.move(at[0] + 20, at[1])
    tab.mouse.move(at[0] + 50, at[1] + 5)
    assert tab.locator("h1").text_content() == "y = 9"
    assert tab.locator("#n0 .data").text_content() == "3"
    tab.mouse.up()
    assert tab.locator("#world").get_attribute("transform") == place, "the drawing is not dragged along"
    assert not tab.locator("#chosen").is_visible(), "nor chosen"
    tab.click("#undo")
    assert tab.locator("h1").text_content() == "y = 6"
    tab.click("#n0 .data")
    assert tab.locator("#chosen").is_visible(), "a press alone chooses"
    box = tab.locator("#n1 .data").bounding_box()
    tab.mouse.move(box["x"] + 2, box["y"] + 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 60, box["y"] + 2)
    tab.mouse.up()
    assert tab.locator("h1").text_content() == "y = 6", "what is computed is not given"
