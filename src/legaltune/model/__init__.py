"""Base models, adapters and the loss."""
