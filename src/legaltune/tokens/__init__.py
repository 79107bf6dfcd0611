"""Chat rendering, loss mask, packing, memory-mapped dataset, resumable order."""
