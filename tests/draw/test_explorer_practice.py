"""Practice in a real browser: what is asked, judged and shown, and that nothing tells the answer before."""

import math
import re

import pytest
from effort import every
from perceptron import named, neuron
from screens import PHONE

from autograd import (
    DrawingError,
    Frames,
    Op,
    OperandTypeError,
    Value,
    cos,
    explore,
    practice,
    relu,
    sigmoid,
    tanh,
    total,
)
from autograd.symbol import number_text
from edgegrad.lectures.tasks import TASKS


def answer(tab, written):
    tab.fill("#answer", written)
    tab.keyboard.press("Enter")
    return tab.locator("#verdict").text_content()


#: All that somebody can read, hear or hover over, without what the page keeps to itself.
EVERYTHING = """() => {
  const clone = document.documentElement.cloneNode(true);
  for (const element of clone.querySelectorAll("script, style, noscript, #legend, #keys")) element.remove();
  const names = ["aria-label", "title", "aria-valuetext", "placeholder"];
  const labels = [...clone.querySelectorAll("*")].flatMap((element) => names.map((name) => element.getAttribute(name)));
  return [clone.textContent, ...labels].join(" ");
}"""


#: What the tip says of each arrow.
TIPS = """() => [...document.querySelectorAll(".edge .label")].map((label) => {
  const over = {bubbles: true, pointerType: "mouse", clientX: 100, clientY: 100};
  label.dispatchEvent(new PointerEvent("pointermove", over));
  return document.getElementById("tip").textContent;
})"""
#: Judge answers to one question each for itself.
JUDGE = """([answers, k]) => {
  const { asking } = explorer;
  return answers.map((written) => asking.engine.plainly(() => asking.judge.judge(written, asking.questions[k])));
}"""


def test_a_session(visit):
    E, w = neuron()
    tab = visit(explore(E, practice=practice(E, w)))
    assert tab.locator("#practice label").text_content() == "∂E/∂y ="
    assert tab.locator("#practice .progress").text_content() == "1 of 4"
    assert tab.locator("#practice #about").text_content() == "where E = (y − 1)²"
    assert answer(tab, "2(1 − y)") == "The sign is wrong."
    assert answer(tab, "y - ") == "Something is missing at its end."
    assert tab.locator("#answer").get_attribute("aria-invalid") == "true"
    assert answer(tab, "2(y-1)") == "Right. ∂E/∂y = −1.2401."
    assert tab.locator("#practice label").text_content() == "∂y/∂s ="
    tab.click("#hint")
    assert tab.locator("#practice .hint").all_text_contents() == ["Rule: derivative of tanh."]
    tab.click("#hint")
    assert tab.locator("#practice .hint").all_text_contents()[1] == "y = tanh(s)."
    assert tab.locator("#hint").is_disabled()
    tab.click("#tangent")
    assert (
        tab.locator("#practice .tangent").get_attribute("aria-label")
        == "y over s, around s = 0.4, with the tangent there"
    )
    tab.click("#solution")
    assert tab.locator(".solution").all_text_contents() == ["∂y/∂s = 1 − y² = 0.855639   (derivative of tanh)"]
    tab.keyboard.press("Enter")
    assert tab.locator("#practice label").text_content() == "∂s/∂w ="
    assert answer(tab, "½") == "Right. ∂s/∂w = 0.5."
    assert answer(tab, "2(y − 1)(1 − y²)x") == "3 of 4 right. Every number is there now."
    assert tab.locator("#now tbody tr").count() == 1
    tab.click("#practise")
    assert tab.locator("#practice .progress").text_content() == "1 of 4"
    assert tab.locator("#now").is_hidden()


@pytest.mark.parametrize("name", every(["L1.4", "L2.5", "L4.8", "L5.4"], 2))
def test_nothing_tells_the_answer(visit, name):
    exercise = TASKS[name].exercise()
    tab = visit(explore(exercise.output, practice=exercise))
    tab.wait_for_timeout(400)
    graph = exercise.graph
    for i, node in enumerate(graph.nodes):
        if node is not exercise.output and node.requires_grad:
            assert tab.locator(f"#n{i} .grad").text_content() == "?"
            assert tab.locator(f"#n{i}").get_attribute("aria-label").endswith("grad ?")
    assert set(tab.locator(".edge .flow").all_text_contents()) <= {"← ?", ""}
    if exercise.ask == "slopes":
        assert set(tab.locator(".edge .number").all_text_contents()) == {"?"}
        assert set(tab.locator(".edge .rule").all_text_contents()) <= {""}
    given = {f"{node.data:.{digits}g}".replace("-", "−") for node in graph.nodes for digits in (3, 4, 6)}
    secret = {
        f"{exercise.expected(question):.{digits}g}".replace("-", "−")
        for question in exercise.questions for digits in (3, 4, 6)
        if question.kind != "slope" or len(f"{exercise.expected(question):.4g}") > 4
    }  # fmt: skip
    everything = tab.evaluate(EVERYTHING)
    for node in range(len(graph.nodes)):
        tab.evaluate("node => explorer.choose(node)", node)
        everything += tab.evaluate(EVERYTHING)
    tab.keyboard.press("Escape")
    tips = tab.evaluate(TIPS)
    assert len(set(tips)) > 3
    everything += " ".join(["", *tips])
    for step in range(8):
        tab.evaluate("step => explorer.player.go(step)", step)
        everything += tab.evaluate(EVERYTHING)
    numbers = set(re.findall(r"−?\d+(?:\.\d+)?", everything))
    assert (numbers & secret) - given == set()


@pytest.mark.parametrize("name", every(TASKS, 2))
def test_the_page_judges_as_python_does(visit, name):
    exercise = TASKS[name].exercise()
    tab = visit(explore(exercise.output, practice=exercise))
    for k, question in enumerate(exercise.questions):
        number = exercise.expected(question)
        formulas = [
            step for line in exercise.solve(question).splitlines() if line.startswith(("∂", "  = "))
            for step in line.split("   (")[0].split(" = ")
            if "∂" not in step and "…" not in step and any(c.isalpha() for c in step)
        ]  # fmt: skip
        answers = [
            repr(number), f"{number:.4g}", repr(-number), repr(number * 1.001), repr(number + 1e-3), repr(number / 2),
            f"{number:.2g}", f"{number * 1.0007:.4g}", "0", f"{number!r}*1", *exercise.names.values(),
        ]  # fmt: skip
        for written in formulas:
            forms = ("{}", "−({})", "2·({})", "({})/3", "({}) + 0.001", "1.001({})")
            answers += [form.format(written) for form in forms]
        answers = [written for written in answers if not written.startswith("v")]
        for written, got in zip(answers, tab.evaluate(JUDGE, [answers, k]), strict=True):
            exercise.at = k
            assert (got["right"], got["words"]) == tuple(exercise.check(written)), (question, written)


def of(f, at):
    x = Value(at, name="x")
    return named(f(x), "y"), x


@pytest.mark.parametrize(
    ("y", "answers"),
    [
        (
            of(sigmoid, -40.0),
            ("4.25e-18", "4.248e-18", "y(1 − y)", "e^x/(1 + e^x)²", "0", "0·x", "1e-18", "10^-18", "1e-13"),
        ),
        (of(sigmoid, 40.0), ("0", "y(1 − y)", "e^(−x)/(1 + e^(−x))²", "1e-13", "0·x", "1e-10", "1 + y")),
        (of(lambda x: 1e-20 * x, 0.3), ("0", "1e-20", "2e-20", "-1e-20", "1 − 1", "0·x", "1e-13", "10^-20")),
        (of(lambda x: 1e200 * x, 0.3), ("0", "1e200", "10^200", "10^200·x", "1e13")),
        (of(lambda x: (x * 3 - 0.3) ** 2, 0.1), ("0", "18·x − 1.8", "6(3x − 0.3)", "1e-14", "5(3x − 0.3)")),
        (of(relu, -1.0), ("0", "1", "1e-18", "[x > 0]", "x")),
    ],
)  # fmt: skip
def test_answers_are_judged_on_the_scale_of_the_derivative(visit, y, answers):
    output, x = y
    exercise = practice(output, x)
    tab = visit(explore(output, practice=exercise))
    for written, got in zip(answers, tab.evaluate(JUDGE, [answers, 0]), strict=True):
        assert (got["right"], got["words"]) == tuple(practice(output, x).check(written)), written


def test_an_answer_may_name_what_is_beside_the_graph(visit):
    x = Value(0.3, name="x")
    E, q = named(tanh(x) ** 2, "E"), named(2.0 * tanh(x), "q<1>")
    tab = visit(explore(E, practice=practice(E, x, beside=[q])))
    assert tab.locator("#about").text_content() == "where E = tanh(x)², q<1> = 2·tanh(x)"
    assert answer(tab, "q<1>").startswith("No: with the numbers here it gives 0.582625")
    assert answer(tab, "q<1>(1 − q<1>²/4)").startswith("1 of 1 right.")


def test_flows_leave_the_slopes_to_be_seen(visit):
    E, w = neuron()
    exercise = practice(E, w, ask="flows")
    tab = visit(explore(E, practice=exercise))
    assert "?" not in tab.locator(".edge .number").all_text_contents()
    for written in ("2(y − 1)", "-1.0611", "-0.5305"):
        answer(tab, written)
    assert answer(tab, "2(y − 1)(1 − y²)x") == "4 of 4 right. Every number is there now."


def test_gradients_appear_on_their_cards(visit):
    exercise = TASKS["L4.8"].exercise()
    tab = visit(explore(exercise.output, practice=exercise))
    place = {node: i for i, node in enumerate(exercise.graph.nodes)}
    for question in exercise.questions[:-1]:
        number = exercise.expected(question)
        assert tab.locator(f"#n{place[question.lower]} .grad").text_content() == "?"
        answer(tab, repr(number))
        assert tab.locator(f"#n{place[question.lower]} .grad").text_content() == number_text(number, 4)


def test_questions_can_be_taken_in_any_order_and_practice_can_be_ended(visit):
    E, _ = neuron()
    tab = visit(explore(E, practice=True))
    tab.click("#practice .chip:nth-child(3)")
    assert tab.locator("#practice label").text_content() == "∂s/∂w ="
    assert answer(tab, "x").startswith("Right")
    assert tab.locator("#practice label").text_content() == "∂E/∂w ="
    assert tab.locator("#practice .chip").nth(2).get_attribute("aria-label") == "Question 3: ∂s/∂w, answered"
    tab.click("#practice .close")
    assert tab.locator("#practice label").count() == 0
    assert tab.locator("#now tbody td").all_text_contents() == ["0.8", "−0.53054"]
    assert "?" not in tab.locator(".edge .number").all_text_contents()
    assert "tanh" in "".join(tab.locator(".node .sign").all_text_contents())


def test_with_the_keyboard_alone(visit):
    E, w = neuron()
    tab = visit(explore(E, practice=practice(E, w)))
    assert tab.evaluate("document.activeElement.id") == "answer"
    tab.keyboard.type("2y/1 - 2")
    tab.keyboard.press("Enter")
    assert tab.locator("#practice label").text_content() == "∂y/∂s ="
    assert tab.evaluate("document.activeElement.id") == "answer"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.locator("#practice .hint").count() == 1
    tab.keyboard.press("Escape")
    assert tab.evaluate("explorer.player.position") == tab.evaluate("explorer.engine.count")


def test_on_a_phone(visit):
    exercise = TASKS["L1.4"].exercise()
    tab = visit(explore(exercise.output, practice=exercise), size=PHONE)
    for name in ("#answer", "#check", "#hint", "#solution"):
        box = tab.locator(name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 844
    assert answer(tab, "O - t").startswith("Right")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_operation_that_only_python_knows_stays_as_it_is(visit):
    sealed = Op("sealed", lambda x: math.floor(x) + 0.5, [lambda out, x: cos(x)])
    w, z = Value(2.0, name="w"), Value(1.5, name="z")
    E = named(w * named(sealed(z), "q"), "E")
    tab = visit(explore(E, practice=practice(E, w, z)))
    assert answer(tab, "q").startswith("Right")
    assert answer(tab, "w").startswith("Right")
    assert answer(tab, "1 + z − 1.5").startswith("No")
    assert answer(tab, "cos z").startswith("Right")


def test_numbers_beyond_the_largest_float_are_refused(visit):
    z = Value(1.5, name="z")
    tab = visit(explore(named(3.0 * z, "q"), practice=True))
    for written in ("9e308", "-9e308", "1e400"):
        assert answer(tab, written) == f"{written} is beyond the largest float, about 1.8e308."
    assert answer(tab, "3").endswith("Every number is there now.")


def test_a_formula_is_not_compared_at_one_point_alone(visit):
    x = Value(0.0, name="x")
    tab = visit(explore(named(abs(x) + x**2, "E"), practice=True))
    for written in ("x·17", "e^x − 1"):
        assert answer(tab, written) == (
            "A formula cannot be compared here: x sits at a kink or an end of its domain. Give the number."
        )
    assert answer(tab, "0").endswith("Every number is there now.")


def test_answers_that_may_mean_two_things_are_refused(visit):
    x, other = Value(2.0, name="x"), Value(3.0, name="E2")
    E = named(100.0 * x * other, "E")
    tab = visit(explore(E, practice=practice(E, other)))
    assert answer(tab, "2E2") == "2E2 may be 2·E2 or 200: write which."
    assert answer(tab, "sin 2x") == "Where does sin end? Write sin(…) with brackets."
    assert answer(tab, "(" * 1900 + "x") == "It is nested too deeply."
    assert answer(tab, "100·⌊7/2⌋·x/3 + |sin x|·0").endswith("Every number is there now.")


def test_refusals():
    E, w = neuron()
    for asked, error, message in (
        (3, OperandTypeError, "A page asks an exercise, as autograd.practice makes it, not int: pass practice=True, or "
         "practice=autograd.practice(y, x)."),
        (practice(neuron()[0]), DrawingError, "The exercise is about E = 0.384463, the page about E = 0.384463: "
         "explore the Value that the exercise was made of."),
    ):  # fmt: skip
        with pytest.raises(error) as caught:
            explore(E, practice=asked)
        assert str(caught.value) == message
    with pytest.raises(DrawingError) as caught:
        explore(E, practice=True, frames=Frames([w], [[0.8]]))
    assert str(caught.value) == "A page is a film or an exercise, not both: leave out frames or practice."


def test_names_of_anybodys_are_text(visit):
    w = Value(0.5, name="<b>&w</b>")
    E = named(total([named((w * x - 1.0) ** 2, "</script>") for x in (1.0, 2.0)]), "E")
    tab = visit(explore(E, practice=True))
    assert tab.locator("#practice label").text_content() == "∂</script>⟨2⟩/∂<b>&w</b> ="
    assert tab.locator("#practice b").count() == 0


def test_practice_begins_with_the_recorded_numbers(visit):
    E, w = neuron()
    tab = visit(explore(E, practice=practice(E, w)), "#numbers=w:2&chosen=w")
    assert tab.locator("h1").text_content() == "E = 0.384463"
    tab.click("#practice .close")
    tab.evaluate("explorer.change(0, 2)")
    tab.click("#practise")
    assert tab.locator("h1").text_content() == "E = 0.384463"
    assert tab.locator("#what-if").is_hidden()
    assert answer(tab, "-1.2401").startswith("Right")
