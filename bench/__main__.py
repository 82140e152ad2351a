"""Every benchmark, one after the other: python -m bench."""

from bench import engines, ingest, run

ingest.main()
print()
run.main()
print()
engines.main()
