"""MLflow's tracking server, as far as traces, prompts, datasets and runs go."""
