"""Training: sampling, losses, optimiser, checkpoints, the loop."""
