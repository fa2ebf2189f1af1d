"""Every benchmark, one after the other:  python -m tests.benchmarks"""

from importlib import import_module
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("bench_*.py")):
    print(f"\n{path.stem}", flush=True)
    import_module(f"tests.benchmarks.{path.stem}").main()
