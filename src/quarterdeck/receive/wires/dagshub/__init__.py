"""DagsHub: its repositories, as far as its client needs them, and MLflow below each."""
