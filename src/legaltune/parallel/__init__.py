"""Batch arithmetic and the DeepSpeed configuration."""
