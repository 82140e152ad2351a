"""RFM once more, in pandas and numpy, from the words of the definitions D2, D3 and D39.

It shares no code with the product. A base is the frame of one snapshot, one row per customer with
`recency` (days), `frequency` (orders) and `monetary` (money); the base whose customers set the
standard may be another than the one that is scored. Scores come back as a frame of the same index.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

MEASURES = ("recency", "frequency", "monetary")
FIFTHS = (0.2, 0.4, 0.6, 0.8)
FIXED = {
    "recency": (270, 180, 90, 30),
    "frequency": (2, 3, 5, 8),
    "monetary": (50, 150, 300, 600),
}

Base = pd.DataFrame
Scores = pd.DataFrame
Method = Callable[[pd.Series, pd.Series, str], "np.ndarray"]


def percent_rank(values: pd.Series, standard: pd.Series, measure: str) -> np.ndarray:
    """1 + min(4, fifths of the other customers of the standard that are worse)."""
    sign = -1 if measure == "recency" else 1
    worse = np.searchsorted(np.sort(sign * standard), sign * values, side="left")
    others = len(standard) - 1
    return 1 + np.minimum(4, 5 * worse // others if others else np.where(worse > 0, 4, 0))


def quantile(values: pd.Series, standard: pd.Series, measure: str) -> np.ndarray:
    """As R's rfm: values from a cut on score better, days from a cut on score worse."""
    # Quantiles of cents are multiples of 0.002; what lies behind that is noise of binary fractions.
    cuts = np.round(np.quantile(standard.to_numpy(dtype=float), FIFTHS), 4) + 1
    reached = (values.to_numpy(dtype=float)[:, None] >= np.round(cuts, 4)).sum(axis=1)
    return 5 - reached if measure == "recency" else 1 + reached


def fixed(values: pd.Series, standard: pd.Series, measure: str) -> np.ndarray:
    """By the table that the product ships, whoever is in the standard."""
    found, cuts = values.to_numpy()[:, None], np.array(FIXED[measure])
    reached = found <= cuts if measure == "recency" else found >= cuts
    return 1 + reached.sum(axis=1)


METHODS: dict[str, Method] = {"percent_rank": percent_rank, "quantile": quantile, "fixed": fixed}


def scores(base: Base, standard: Base, method: str) -> Scores:
    """Columns r, f and m with the scores, 1 to 5, of every customer of the base."""
    columns = {
        measure[0]: METHODS[method](base[measure], standard[measure], measure)
        for measure in MEASURES
    }
    return pd.DataFrame(columns, index=base.index)


def mapped(scored: Scores, pairs: dict[tuple[int, int], str]) -> pd.Series:
    """Segment names from recency and the mean of the other two, a half rounded up."""
    means = np.floor((scored["f"] + scored["m"]) / 2 + 0.5).astype(int)
    return pd.Series(
        [pairs[int(r), int(mean)] for r, mean in zip(scored["r"], means, strict=True)],
        index=scored.index,
        dtype=object,
    )


Range = tuple[str, tuple[int, int], tuple[int, int], tuple[int, int]]


def ranged(scored: Scores, ranges: Sequence[Range], default: str) -> pd.Series:
    """Segment names from the first range that holds all three scores."""
    named = pd.Series(default, index=scored.index, dtype=object)
    for name, *bounds in reversed(ranges):
        held = np.logical_and.reduce(
            [scored[score].between(*bound) for score, bound in zip("rfm", bounds, strict=True)]
        )
        named[held] = name
    return named
