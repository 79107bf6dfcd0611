"""Held-out loss, classification accuracy and summary quality, for the base model and for the adapter."""
