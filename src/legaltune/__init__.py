"""legaltune: fine-tunes language models on German legal text at the lowest bill."""

__version__ = "0.1.0"
