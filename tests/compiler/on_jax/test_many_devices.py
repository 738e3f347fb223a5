"""Examples shared among devices give the numbers of one device."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="the JAX backend is the extra 'jax'")
ROOT = Path(__file__).parents[3]


def test_eight_devices():
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = [sys.executable, ROOT / "examples" / "many_devices.py", "--examples", "64", "--steps", "5"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("8 device(s): loss ")
    losses, weights = re.fullmatch(r"from one device's, losses differ by (\S+), weights by (\S+)", second).groups()
    assert max(float(losses), float(weights)) < 1e-14
