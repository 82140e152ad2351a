"""Gates: expectation suites as blocking asset checks, freshness."""
