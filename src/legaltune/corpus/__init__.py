"""Raw documents to chat examples: read, clean, deduplicate, split, build tasks, write."""
