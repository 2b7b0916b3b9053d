"""Phoenix: annotations, prompts, datasets and experiments of its clients, which use the root."""
