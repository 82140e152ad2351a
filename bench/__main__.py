"""Every benchmark, one after the other: python -m bench."""

from bench import ingest, run

ingest.main()
print()
run.main()
