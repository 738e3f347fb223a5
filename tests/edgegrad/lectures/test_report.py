"""Pictures of a report: written whole, and never in the place of what is no file."""

import os

import pytest

from autograd import DrawingError
from edgegrad.lectures.report import Report, row


class Figure:
    """What matplotlib's figures do here."""

    def __init__(self, fails=False):
        self.fails = fails

    def savefig(self, file, **options):
        file.write(b"half a")
        if self.fails:
            raise RuntimeError("no fonts")
        file.write(b" picture")


@row("autograd.Value")
def L9_1(report):
    """Draw nothing."""


def test_a_picture_is_written_whole_or_not_at_all(tmp_path):
    report = Report(L9_1, tmp_path)
    report.picture("a", Figure)
    with pytest.raises(RuntimeError, match="no fonts"):
        report.picture("a", lambda: Figure(fails=True))
    assert (tmp_path / "L9.1-a.png").read_bytes() == b"half a picture"
    assert os.listdir(tmp_path) == ["L9.1-a.png"]


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_a_pipe_in_its_place_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "L9.1-a.png")
    with pytest.raises(DrawingError, match="it is a pipe or a device"):
        Report(L9_1, tmp_path).picture("a", Figure)
    assert (tmp_path / "L9.1-a.png").is_fifo()
