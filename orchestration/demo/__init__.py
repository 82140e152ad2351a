"""Exports to try the product with, and the truth about them."""
