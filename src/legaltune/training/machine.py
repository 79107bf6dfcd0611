"""What this machine has."""

from __future__ import annotations

import os

import torch

from legaltune.config.facts import MachineFacts


def machine_facts(num_hosts: int = 1) -> MachineFacts:
    """Describe this machine; the other hosts of a run are taken to be like it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if not torch.cuda.is_available():
        return MachineFacts(0, "", 0, has_bfloat16=False, host_memory_bytes=memory, num_hosts=num_hosts)
    first = torch.cuda.get_device_properties(0)
    return MachineFacts(
        torch.cuda.device_count(),
        first.name,
        first.total_memory,
        has_bfloat16=torch.cuda.is_bf16_supported(including_emulation=False),
        host_memory_bytes=memory,
        num_hosts=num_hosts,
    )
