"""Practice: which questions a graph gives, and what is said to right answers, to equivalent ones, and to wrong ones."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from perceptron import named, neuron, perceptron

from autograd import (
    CATALOGUE,
    Exercise,
    ExpressionError,
    NotConnectedError,
    OperandTypeError,
    StaleGraphError,
    Value,
    choose,
    exp,
    log,
    no_grad,
    practice,
    relu,
    sigmoid,
    sin,
    sqrt,
    tanh,
    total,
)
from autograd.testing.strategies import expressions


def texts(exercise):
    return [question.text for question in exercise.questions]


def test_slopes_between_neighbours_and_then_the_whole():
    E, w = neuron()
    assert texts(practice(E, w)) == ["∂E/∂y", "∂y/∂s", "∂s/∂w", "∂E/∂w"]
    assert texts(practice(E, w, ask="flows")) == ["∂E/∂y", "∂E/∂y·∂y/∂s", "∂E/∂s·∂s/∂w", "∂E/∂w"]
    assert texts(practice(E, w, ask="gradients")) == ["∂E/∂y", "∂E/∂s", "∂E/∂w"]
    assert texts(practice(E)) == texts(practice(E, w))


def test_steps_without_a_name_are_asked_about_where_that_is_wanted():
    x = Value(1.2, name="x")
    y = x**2 * sin(x)
    assert texts(practice(y, x)) == ["∂y/∂x"]
    assert texts(practice(y, x, every=True)) == ["∂y/∂v1", "∂y/∂v2", "∂v2/∂x", "∂v1/∂x", "∂y/∂x"]


def test_slopes_that_are_1_in_any_case_are_not_asked_for():
    a, b = Value(1.0, name="a"), Value(2.0, name="b")
    p, q = named(a * a, "p"), named(b * b, "q")
    assert texts(practice(named(p - q, "d"), a, b)) == ["∂d/∂q", "∂q/∂b", "∂p/∂a", "∂d/∂a", "∂d/∂b"]


def test_only_ways_to_the_values_are_asked_about():
    net = perceptron()
    exercise = practice(net.error, net.hidden_weights[0][1])
    assert texts(exercise) == ["∂E/∂O", "∂O/∂a1", "∂a1/∂s1", "∂s1/∂W1[0][1]", "∂E/∂W1[0][1]"]


def test_a_session():
    E, w = neuron()
    exercise = practice(E, w)
    assert repr(exercise) == (
        "s = w·x\ny = tanh(s)\nE = (y − 1)²\ngiven w = 0.8, x = 0.5\nso that s = 0.4, y = 0.379949, E = 0.384463\n"
        "Question 1 of 4: ∂E/∂y = ?"
    )
    assert exercise.hint() == "Chain rule, from the outside in: power, constant term."
    assert exercise.hint() == (
        "E = (y − 1)². The exponent comes down as a factor, and falls by one. What does not depend on it falls away."
    )
    assert exercise.hint() == exercise.hint()
    assert not exercise.check("2y")
    assert exercise.check("2(y-1)")
    assert exercise.solution() == "∂y/∂s = 1 − y² = 0.855639   (derivative of tanh)"
    assert exercise.check("1-y²")
    assert exercise.check(0.5)
    assert exercise.hint() == "Chain rule: multiply along the path."
    assert exercise.hint() == "∂E/∂w = ∂E/∂s·∂s/∂w"
    assert exercise.check("-0.531")
    assert exercise.done
    assert str(exercise) == "3 of 4 right."
    with pytest.raises(IndexError) as caught:
        exercise.check(1.0)
    assert str(caught.value) == "All 4 questions are done. Make the exercise again to repeat it."


def test_hints_to_a_sum_over_paths():
    x = Value(0.5, name="x")
    z = named(tanh(x), "z")
    s = named(z * x, "s")
    exercise = practice(s, x)
    assert exercise.hints(exercise.questions[-1]) == [
        "Sum over paths: x feeds s, z. Multiply along each path, and add up.",
        "∂s/∂x = ∂s/∂x directly + ∂s/∂z·∂z/∂x",
    ]


def last(E, *values):
    exercise = practice(E, *values)
    exercise.at = len(exercise) - 1
    return exercise


@pytest.mark.parametrize(
    "answer",
    [
        -0.530539717, "-0.530540", "−0.531", "-0,531", "2(y − 1)(1 − y²)x", "-2*(1-y)*(1-y)*(1+y)*x",
        "2·0.5·(y−1)(1−y^2)",
        "2*(tanh(s)-1)/cosh(s)**2*x", "2(tanh(w·x) − 1)(1 − tanh(wx)²)x", "-1.240102*0.855639*0.5",
        "2x(y − 1) − 2x(y − 1)y²",
    ],
)  # fmt: skip
def test_every_form_of_a_right_answer_is_right(answer):
    assert last(*neuron()).check(answer).words.startswith("Right")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("0.530539717", "The sign is wrong."),
        ("0.531", "The sign is wrong."),
        ("-0.53", "Right to 2 digits: give 3 or more."),
        ("-0.530", "Nearly: the last digit is off."),
        ("-0.5316", "No."),
        (-0.530539717 + 1e-3, "No."),
        (-0.530539717 * (1 + 1e-3), "No."),
        (-0.530539717 * 6, "No."),
        (-0.530539717 / 2, "Half of it: a factor 2 is missing."),
        (-1.061079434, "Is the factor ∂s/∂w missing? With it the number is right."),
        ("3*4", "That is 12: no."),
        ("log(0)", "It has no value: log(x) is undefined at x = 0.0; log needs x > 0."),
        ("2(1 − y)(1 − y²)x", "The sign is wrong."),
        ("(y − 1)(1 − y²)x", "A factor 2 is missing."),
        ("−4(y − 1)(1 − y²)x", "The sign is wrong, and a factor 2 is too many."),
        ("2.002(y − 1)(1 − y²)x", "Nearly: a number in it was rounded, or is not quite right."),
        ("7(y − 1)(1 − y²)x", "It is 3.5 times what it should be: a number in it is wrong."),
        ("2(y − 1)(1 − y²)", "The factor ∂s/∂w is missing."),
        ("2(y − 1)x", "The factor ∂y/∂s is missing."),
        ("2(y − 1)(1 − y²)x·w", "The factor w is one too many."),
        ("2(y − 1)(1 − y²)(x + w − 0.8)", "The number is right here, but at other numbers the formula is not."),
        ("y", "No: with the numbers here it gives 0.379949."),
        ("log(y − y)", "It has no value at these numbers: log(x) is undefined at x = 0.0; log needs x > 0."),
    ],
)  # fmt: skip
def test_wrong_answers_and_what_is_said(answer, words):
    exercise = last(*neuron())
    verdict = exercise.check(answer)
    assert not verdict
    assert verdict.words == words
    assert not exercise.done


def test_one_path_of_two():
    x = Value(0.5, name="x")
    z = named(tanh(x), "z")
    E = named(z * x, "E")
    for answer in ("z", "(1 − z²)x", 0.46211716, repr(0.5 * (1 - math.tanh(0.5) ** 2))):
        assert last(E, x).check(answer).words == "That is one of the 2 paths: add up the others."
    assert last(E, x).check("z + (1 − z²)x")


def test_numbers_of_frozen_leaves_may_be_put_in():
    E, w = neuron()
    assert last(E, w).check("2(y − 1)(1 − y²)/2").words == "Right, with the numbers that stay as they are put in."
    assert not last(E, w).check("2(y − 1)(1 − y²)x·w/0.8")


def test_a_formula_that_holds_on_this_side_of_the_kink():
    net = perceptron()
    exercise = last(net.error, net.hidden_weights[0][1])
    assert exercise.check("(O − t)·W2[0]·x2")
    exercise = last(net.error, net.hidden_weights[0][1])
    assert exercise.check("(O − 1)·W2[0]·[s1 > 0]·0.7")


def test_a_derivative_of_zero():
    x = Value(-0.5, name="x")
    E = named(3.0 * relu(x), "E")
    assert practice(E, x).check("0")
    assert practice(E, x).check(0.0)
    assert practice(E, x).check("[x > 0]·3")
    assert practice(E, x).check(3.0).words == "No: something on the way is 0."
    assert practice(E, x).check("3").words == "No: something on the way is 0."


def test_numbers_beyond_the_largest_float_are_refused():
    z = Value(1.5, name="z")
    for answer in ("9e308", "-9e308", "1e309", "1e400", "−1e400"):
        with pytest.raises(ExpressionError) as caught:
            practice(named(3.0 * z, "q"), z).check(answer)
        assert str(caught.value) == f"{answer} is beyond the largest float, about 1.8e308."
    assert practice(named(3.0 * z, "q"), z).check("1e400·1").words == "It has no value."
    assert practice(named(3.0 * z, "q"), z).check("0.00e400").words == "No."


def test_a_formula_is_not_compared_at_one_point_alone():
    x, w = Value(0.0, name="x"), Value(2.0, name="w")
    E = named(w * (abs(x) + x**2), "E")
    for answer in ("x·17", "e^x − 1", "w·x"):
        exercise = practice(E, x, w)
        exercise.at = [question.text for question in exercise.questions].index("∂E/∂x")
        assert exercise.check(answer).words == (
            "A formula cannot be compared here: x sits at a kink or an end of its domain. Give the number."
        )
        assert not exercise.check("w + 1")
        assert exercise.check("0")


def test_a_slope_with_another_way_below_it():
    x = Value(0.3, name="x")
    r = named(sigmoid(x), "r")
    y = named(r + 3.0 * x, "y")
    exercise = practice(y, x)
    slope = exercise.questions[0]
    assert texts(exercise) == ["∂y/∂x with r held", "∂r/∂x", "∂y/∂x"]
    assert texts(practice(y, x, ask="flows")) == ["∂y/∂r", "∂y/∂x with r held", "∂y/∂r·∂r/∂x", "∂y/∂x"]
    assert [node.op.name for node, _ in exercise.edges_between(slope.upper, slope.lower)] == ["mul", "add"]
    assert all(r not in node.operands[slot : slot + 1] for node, slot in exercise.edges_between(y, x))


def test_a_factor_that_is_nothing_is_not_missing():
    x = Value(-0.5, name="x")
    r = named(relu(x), "r")
    for answer in ("x", "x + 1"):
        assert last(named(r**2, "E"), x).check(answer).words.startswith("No: with the numbers here it gives")


def test_a_number_that_may_be_a_name():
    x, other = Value(2.0, name="x"), Value(3.0, name="E2")
    exercise = practice(named(100.0 * x * other, "E"), other)
    with pytest.raises(ExpressionError, match=r"2E2 may be 2·E2 or 200: write which\.$"):
        exercise.check("2E2")
    assert exercise.check(2e2)


def test_numbers_of_other_kinds():
    x = Value(2.0, name="x")
    assert practice(named(0.3 * x, "E"), x).check(np.float32(0.3))
    assert practice(named(3 * x, "E"), x).check(np.int64(3))
    with pytest.raises(OperandTypeError):
        practice(named(3 * x, "E"), x).check([3])


def test_points_stay_in_the_domain():
    p = Value(0.001, name="p")
    exercise = practice(named(log(p) + log(1.0 - p), "E"), p)
    assert not exercise.check("1/p + 1/(1 − p)")
    assert exercise.check("1/p − 1/(1 − p)")
    assert len(exercise._trials) == 8


def test_a_leaf_that_cannot_move_stays():
    which, a, b = Value(1.0, name="k", requires_grad=False), Value(2.0, name="a"), Value(3.0, name="b")
    exercise = practice(named(choose(which, [a * a, b * b]), "E"), b)
    assert exercise.check("2b")


def test_questions_about_nodes_of_one_name():
    w = Value(0.5, name="w")
    E = named(total([named((w * x - 1.0) ** 2, "L") for x in (1.0, 2.0)]), "E")
    assert texts(practice(E, w)) == ["∂L⟨2⟩/∂w", "∂L⟨1⟩/∂w", "∂E/∂w"]
    exercise = practice(E, w)
    assert exercise.check("4(2w − 1)")
    assert exercise.check("2(w − 1)")
    assert not exercise.check("L_1 + L_2")


def written_in(solution):
    """Take the formula out of a solution's first line: ∂y/∂x = formula = number. None where it is not all there."""
    _, *steps = re.split(r" = (?![^\[]*\])", solution.splitlines()[0].partition("   (")[0])
    return steps[0] if len(steps) > 1 and not set("…∂") & set(steps[0]) else None


@pytest.mark.parametrize("point", [(1.3, 2.6, 0.1), (-2.0, 1.2, -0.3), (0.7, 0.3, 1.4)])
@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_the_solution_of_every_operation_is_a_right_answer(op, point):
    point = point[: 3 if op.nary else len(op.slopes)]
    if not all(x in interval for x, interval in zip(point, op.domain, strict=False)):
        return
    leaves = [Value(x, name=f"x{k}") for k, x in enumerate(point, 1)]
    exercise = practice(named(op.apply(tuple(leaves)), "y"), *leaves)
    for k, question in enumerate(exercise.questions):
        formula = written_in(exercise.solve(question))
        if formula is not None:
            exercise.at = k
            assert exercise.check(formula), formula


@settings(max_examples=60)
@given(f=expressions(steps=8))
def test_what_the_solution_prints_is_a_right_answer(f):
    y = f(*f.values())
    leaves = [leaf for leaf in y.graph().leaves if leaf.name]
    assume(not y.is_leaf and leaves)
    exercise = practice(y, leaves[0], every=True) if len(y.graph()) < 20 else practice(y, leaves[0])
    for k, question in enumerate(exercise.questions):
        exercise.at = k
        expected = exercise.expected(question)
        assume(math.isfinite(expected) and abs(expected) < 1e100)
        assert exercise.check(expected), question
        if exercise.done or question.kind == "gradient":
            continue
        exercise.at = k
        formula = written_in(exercise.solve(question))
        if formula is not None:
            assert exercise.check(formula), (question, formula)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: practice(2.0), OperandTypeError,
         "practice takes Values, the output and those it was computed from, not float."),
        (lambda: practice(*neuron(), ask="everything"), ValueError,
         "ask is one of slopes, flows, gradients, not 'everything'."),
        (lambda: practice(neuron()[0], Value(1.0, name="q")), NotConnectedError,
         "E = 0.384463 does not depend on q = 1: practise with what it is computed from."),
        (lambda: practice(Value(1.0, name="q")), ValueError,
         "Nothing can be asked about q = 1: no leaf that it is made of takes a gradient."),
        (lambda: practice(total([named(named(Value(1.0, name=f"x{i}"), f"x{i}") ** 2, f"y{i}") for i in range(80)])),
         ValueError, "The exercise would have more than 100 questions. Name fewer leaves to differentiate by, or "
         "practise with an inner Value."),
        (lambda: practice(named(3.0 * sqrt(named(Value(0.0, name="z") * 2.0, "u")), "E")), ValueError,
         "The derivative of v1 = 0 (sqrt) by u = 0 is not finite: nothing can be asked about it. Practise at other "
         "numbers."),
    ],
)  # fmt: skip
def test_refusals(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_nodes_of_equal_numbers_are_told_apart():
    w, z = Value(2.0, name="w"), Value(2.0, name="z")
    q = named(1.0 * z, "q")
    exercise = practice(named(w * q, "E"), w, z)
    assert texts(exercise) == ["∂E/∂w", "∂E/∂q", "∂E/∂z"]
    assert exercise.hints(exercise.questions[2])[1] == "∂E/∂z = ∂E/∂q·∂q/∂z"


def test_numbers_that_do_not_belong_together_are_refused():
    E, w = neuron()
    w.data = 2.0
    with pytest.raises(StaleGraphError, match=r"compute it again, then practise\.$"):
        practice(E, w)


def test_an_exercise_keeps_the_numbers_that_it_was_made_with():
    E, w = neuron()
    exercise, later = practice(E, w), practice(E, w)
    w.data = 2.0
    assert later.describe() == exercise.describe()
    assert "given w = 0.8, x = 0.5\nso that s = 0.4," in later.describe()
    later.at = 3
    assert later.solution().startswith("∂E/∂w = ∂E/∂y · ∂y/∂s · ∂s/∂w = 2·(y − 1)·(1 − y²)·x = 2 × (−0.620051) ×")
    assert later.check("2(y − 1)(1 − y²)x")
    assert all(trial.numbers[w] != 2.0 for trial in [later._here, *later._frozen])


def test_an_exercise_where_no_graph_is_recorded():
    E, w = neuron()
    expected = practice(E, w)
    with no_grad():
        exercise = practice(E, w)
        assert exercise.describe() == expected.describe()
        for question in exercise.questions:
            assert exercise.hints(question) == expected.hints(question)
            assert exercise.solve(question) == expected.solve(question)


def test_what_is_asked_by_is_asked_about_without_a_name():
    x = Value(0.3, name="x")
    s = x * 2.0
    exercise = practice(named(s**2, "y"), s)
    assert texts(exercise) == ["∂y/∂v1"]
    assert exercise.solution().startswith("∂y/∂v1 = 2·v1 = 1.2")
    assert exercise.check("2v1")


def test_a_slope_that_is_infinite_aside_does_not_matter():
    x, k = Value(0.3, name="x"), Value(0.0, name="k", requires_grad=False)
    assert practice(named(sqrt(k) * x, "E"), x).check("√k")


@pytest.mark.parametrize("ask", ["slopes", "flows", "gradients"])
def test_little_is_done_before_a_refusal(ask):
    squares = [named(Value(1.0 + i, name=f"w{i}") ** 2, f"q{i}") for i in range(3000)]
    E = named(total(squares), "E")
    looked = []
    between = Exercise._between
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exercise, "_between", lambda self, upper: looked.append(upper) or between(self, upper))
        with pytest.raises(ValueError, match=r"more than 100 questions"):
            practice(E, ask=ask)
    assert len(looked) <= 210


def test_a_value_that_is_named_twice_is_asked_about_once():
    E, w = neuron()
    assert texts(practice(E, w, w)) == texts(practice(E, w))


def test_an_exercise_changes_nothing():
    E, w = neuron()
    before = str(E.graph())
    exercise = practice(E, w)
    assert isinstance(exercise, Exercise)
    for question in exercise.questions:
        exercise.solve(question)
        exercise.hints(question)
    assert str(E.graph()) == before
    assert w.grad is None


def test_flows():
    E, w = neuron()
    exercise = practice(E, w, ask="flows")
    for answer in ("2(y − 1)", "2(y − 1)(1 − y²)", "-0.530540", "2(y − 1)(1 − y²)x"):
        assert exercise.check(answer)
    assert exercise.solve(exercise.questions[1]) == "∂E/∂y·∂y/∂s = −1.2401 × 0.855639 = −1.06108"
    assert exercise.hints(exercise.questions[1]) == ["What arrives at y, ∂E/∂y, times the slope ∂y/∂s."]


def test_softmax_with_cross_entropy():
    s = [Value(x, name=f"s{k}") for k, x in enumerate((2.0, -1.0, 0.5), 1)]
    q = [named(exp(v), f"q{k}") for k, v in enumerate(s, 1)]
    p = named(q[2] / named(total(q), "Z"), "p")
    exercise = last(named(-log(p), "E"), s[2])
    for answer in ("p − 1", "q3/Z − 1", "-(q1 + q2)/Z", "exp(s3)/(e^s1 + e^s2 + e^s3) − 1"):
        exercise.at = len(exercise) - 1
        assert exercise.check(answer), answer
    exercise.at = len(exercise) - 1
    assert exercise.check("1 − p").words == "The sign is wrong."


def test_sigmoid_by_its_operand():
    s = Value(0.3, name="s")
    exercise = practice(named(sigmoid(s), "p"), s)
    assert exercise.check("e^(−s)/(1 + e^(−s))²")


@pytest.mark.parametrize(
    ("at", "right", "wrong"),
    [
        (-40.0, ("4.25e-18", "y(1 − y)", "e^x/(1 + e^x)²", "4.248e-18"), ("0", "0·x", "1e-18", "10^-18", "1e-13")),
        (40.0, ("0", "y(1 − y)", "e^(−x)/(1 + e^(−x))²"), ("1e-13", "0·x", "1e-10", "1 + y")),
        (0.0, ("0.25", "1/4", "y(1 − y)"), ("0", "0.2500001")),
    ],
)
def test_answers_are_judged_on_the_scale_of_the_derivative(at, right, wrong):
    def exercise():
        x = Value(at, name="x")
        return practice(named(sigmoid(x), "y"), x)

    for answer in right:
        assert exercise().check(answer), answer
    for answer in wrong:
        assert not exercise().check(answer), answer


@pytest.mark.parametrize("scale", [1e-200, 1e-20, 1e-13, 1.0, 1e13, 1e200])
def test_zero_is_wrong_for_a_derivative_of_any_size(scale):
    x = Value(0.3, name="x")
    y = named(x * scale, "y")
    for answer in ("0", "0.0", "1 − 1", "0·x"):
        verdict = practice(y, x).check(answer)
        assert not verdict, answer
        assert "missing" not in verdict.words
    assert practice(y, x).check(-scale).words == "The sign is wrong."
    assert practice(y, x).check(scale)


def test_zero_is_right_where_only_rounding_is_left():
    x = Value(0.1, name="x")
    y = named((x * 3 - 0.3) ** 2, "y")
    for answer in ("0", "18·x − 1.8", "6(3x − 0.3)"):
        assert practice(y, x).check(answer), answer
    assert not practice(y, x).check("1e-14")


def test_zero_is_right_on_the_closed_side_of_a_kink():
    x = Value(-1.0, name="x")
    y = named(relu(x), "y")
    assert practice(y, x).check("0")
    for answer in ("1", "1e-18", "1e-13"):
        assert not practice(y, x).check(answer), answer


def test_an_answer_names_what_is_shown_beside_the_graph():
    s, z = Value(0.5, name="s"), Value(-1.0, name="z")
    q, r = named(exp(s), "q"), named(exp(z), "r")
    whole = named(q + r, "Z")
    beside = named(r / whole, "p2")
    exercise = practice(named(-log(named(q / whole, "p1")), "E"), s, beside=[beside])
    exercise.at = len(exercise) - 1
    assert "p2 = r/Z" in exercise.describe()
    assert not exercise.check("p2")
    assert exercise.check("−p2")
    with pytest.raises(ValueError, match="is shown beside the graph: give it a name by which to speak of it"):
        practice(whole, s, beside=[q * r])


def test_a_node_of_the_same_number_is_not_beside_the_graph():
    x, six = Value(2.0, name="x"), Value(6.0, name="b")
    exercise = practice(named((x * 3.0) * x, "y"), x, beside=[six])
    with pytest.raises(ExpressionError, match=r"there is no v1 here\. The names are x, y, b\.$"):
        exercise.check("2*v1")
