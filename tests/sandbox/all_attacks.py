"""Every attack of the suite."""

import attacks_endings
import attacks_files
import attacks_network
import attacks_processes
import attacks_rare
import attacks_resources
from attacks import Attack

MODULES = (
    attacks_network,
    attacks_files,
    attacks_processes,
    attacks_resources,
    attacks_endings,
    attacks_rare,
)
ATTACKS: list[Attack] = [attack for module in MODULES for attack in module.ATTACKS]
