"""Exact money arithmetic on arrays of whole cents."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def half_up(numerator: Ints, denominator: Ints | int) -> Ints:
    """numerator / denominator rounded half away from zero; the denominator is positive."""
    size = np.abs(numerator)
    return np.sign(numerator) * ((2 * size + denominator) // (2 * denominator))


def total_by(groups: Ints, values: Ints, count: int) -> Ints:
    """Sum of `values` per group number 0 .. count-1; exact up to 2**53."""
    return np.bincount(groups, weights=values, minlength=count).astype(np.int64)


def spread_discount(groups: Ints, amounts: Ints, discounts: Ints) -> Ints:
    """What each line bears of its group's discount, in proportion to its amount.

    `groups` gives each line's group in ascending order, `discounts` stands per group. Shares are
    rounded half-up; what is left lies on the largest line, the first one if several are equal.
    """
    count = len(discounts)
    totals = total_by(groups, amounts, count)
    per_line = discounts[groups]
    bears = per_line > 0
    shares = np.zeros_like(amounts)
    shares[bears] = half_up(per_line[bears] * amounts[bears], totals[groups[bears]])
    left = np.where(discounts > 0, discounts - total_by(groups, shares, count), 0)
    order = np.lexsort((np.arange(len(groups)), -amounts, groups))
    first = order[np.searchsorted(groups[order], np.arange(count))] if len(groups) else order
    shares[first] += left
    return shares


def place_in(cumulated: Floats, draws: Floats) -> Ints:
    """The place of each draw in ascending cumulated weights."""
    return np.searchsorted(cumulated, draws, side="right").astype(np.int64)
