"""A search on a cluster of Dask's, through joblib, one of whose workers is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

import joblib
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV

from nn.sklearn import Classifier

distributed = pytest.importorskip("distributed", reason="Dask is not installed")


@pytest.mark.filterwarnings("ignore")
def test_a_search_survives_a_worker_that_is_killed() -> None:
    X, y = make_blobs(n_samples=120, random_state=4)
    search = GridSearchCV(Classifier(epochs=150, batch_size=16, random_state=0), {"hidden": [(4,), (8,), (12,)]}, cv=4)
    alone = search.fit(X, y).cv_results_["mean_test_score"]
    killed: list[str] = []
    over = threading.Event()
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        processes = client.run(os.getpid)

        def kill_one_that_computes() -> None:
            while not over.wait(0.05):
                busy = [worker for worker, tasks in client.processing().items() if tasks]
                if busy:
                    os.kill(processes[busy[0]], signal.SIGKILL)
                    killed.append(busy[0])
                    return

        killer = threading.Thread(target=kill_one_that_computes)
        killer.start()
        with joblib.parallel_config("dask", scatter=[X, y]):  # what one worker alone holds goes with it
            together = search.fit(X, y).cv_results_["mean_test_score"]
        over.set()
        killer.join()
        assert killed
        assert killed[0] not in client.run(os.getpid), "another process has taken its place"
    np.testing.assert_array_equal(together, alone)
