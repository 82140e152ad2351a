"""Show what dbt-bouncer found: bouncer_report.py RESULTS LEAST, failing below LEAST checks."""

import json
import sys
from pathlib import Path


def main(results_file: str, least: str) -> int:
    """Print each failed check and how many ran; 1 when any failed or too few ran."""
    results = json.loads(Path(results_file).read_text())
    failed = [result for result in results if result["outcome"] != "success"]
    for result in failed:
        print(f"{result['check_run_id']}: {result['failure_message']}")
    print(f"{len(results)} checks ran, {len(failed)} failed (at least {least} must run)")
    return int(bool(failed) or len(results) < int(least))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
