"""Braintrust's own protocol: rows that are merged, datasets, experiments, prompts."""
