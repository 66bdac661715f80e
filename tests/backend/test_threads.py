import os
import subprocess
import sys

MULTIPLY = """
from backend import settings
settings.load({})
import os, numpy
numpy.ones((2_000, 2_000)) @ numpy.ones(2_000)
print(len(os.listdir("/proc/self/task")))
"""


def test_arithmetic_stays_on_the_thread_that_asks_for_it():
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    found = subprocess.run(
        [sys.executable, "-c", MULTIPLY], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "1"
