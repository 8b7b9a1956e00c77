"""Reading a card as its readers do: metadata, sections, snippets."""

import re
from pathlib import Path

from huggingface_hub import DatasetCard

from small_project import SmallProject


def folder_of(project: SmallProject, version: str = "1.0.0") -> Path:
    return project.root / "releases" / "small" / version


def card_of(folder: Path) -> DatasetCard:
    return DatasetCard.load(folder / "README.md")


def section(card: DatasetCard, heading: str) -> str:
    """What stands below a heading of the second level."""
    parts = re.split(r"^## (.+)$", card.text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def snippets(card: DatasetCard, language: str) -> list[str]:
    """Code blocks of the section Loading, in order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", section(card, "Loading"), re.S | re.M
    )


def table(text: str) -> list[list[str]]:
    """Cells of the lines of a section's tables, without rules."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
