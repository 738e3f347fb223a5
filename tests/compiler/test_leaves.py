"""The leaves of a program: their numbers as arrays, and which of them are frozen."""

import math

import numpy as np

import autograd
from autograd import Value
from autograd.compiler.leaves import make_array, read_frozen


def test_numbers_keep_every_bit_and_may_be_written():
    numbers = [0.1, -0.0, 5e-324, -math.inf, math.nan, 2]
    array = make_array(numbers)
    assert array.tobytes() == np.array(numbers, dtype=np.float64).tobytes()
    array[0] = 7.0
    assert array[0] == 7.0
    assert make_array([]).shape == (0,)


def test_a_program_says_which_parameters_are_frozen_now():
    w, v = Value(2.0), Value(3.0)
    program = autograd.compile(lambda x: w * x + v, 0.0, parameters=[w, v])
    assert program.frozen().tolist() == [False, False]
    v.requires_grad = False
    assert program.frozen().tolist() == [False, True]
    assert read_frozen([]).dtype == np.bool_
