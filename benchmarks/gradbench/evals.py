"""The evals, in GradBench's words, in the order of the page."""

from __future__ import annotations

from benchmarks.gradbench.ba import BA
from benchmarks.gradbench.det import DET
from benchmarks.gradbench.evaluation import Eval
from benchmarks.gradbench.gmm import GMM
from benchmarks.gradbench.ht import HT
from benchmarks.gradbench.kmeans import KMEANS
from benchmarks.gradbench.llsq import LLSQ
from benchmarks.gradbench.lse import LSE
from benchmarks.gradbench.lstm import LSTM
from benchmarks.gradbench.ode import ODE
from benchmarks.gradbench.particle import PARTICLE
from benchmarks.gradbench.saddle import SADDLE

__all__ = ["EVALS"]

EVALS: dict[str, Eval] = {
    each.name: each for each in (GMM, BA, LSTM, ODE, DET, LSE, LLSQ, KMEANS, HT, SADDLE, PARTICLE)
}
