"""The training loop, its schedule and its processes."""
