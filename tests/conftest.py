"""Each process of tests has a cache of numba's of its own: two that write one have crashed."""

import os
import tempfile

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["NUMBA_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), f"fewstems-{os.getuid()}-numba-{worker}")
