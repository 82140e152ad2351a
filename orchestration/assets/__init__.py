"""Dagster assets: ingestion, transformation, publication."""
