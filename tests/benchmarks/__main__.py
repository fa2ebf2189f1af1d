"""Every benchmark, one after the other, and docs/benchmarks.md anew:  python -m tests.benchmarks"""

from importlib import import_module
from pathlib import Path

from tests.benchmarks import table
from workflow_scripts.lib.core.provenance import processor


def main() -> None:
    found: list[table.Ratio] = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"\n{path.stem}", flush=True)
        found += import_module(f"tests.benchmarks.{path.stem}").main()
    moved = table.write(found, processor())
    print("\n" + table.PATH.read_text(encoding="utf-8"))
    print("\n".join(moved) or "No ratio has moved by more than a quarter.")


if __name__ == "__main__":
    main()
