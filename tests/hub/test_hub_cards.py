"""Cards of datasets and models, as huggingface_hub writes and reads them."""

from client import Client

CARDS = """
from huggingface_hub import DatasetCard, HfApi, ModelCard, metadata_update

def card(lines, title):
    return f"---\\n{lines}\\n---\\n# {title}\\n"

api = HfApi()
api.create_repo("ada/carded", repo_type="dataset")
api.create_repo("ada/carded")
tasks = DatasetCard(card("license: mit\\nlanguage: [en, zh]", "Täsks"))
tasks.push_to_hub("ada/carded")
ModelCard(card("license: mit", "Model")).push_to_hub("ada/carded")
new = {"license": "apache-2.0"}
metadata_update("ada/carded", new, repo_type="dataset", overwrite=True)
found = DatasetCard.load("ada/carded")

def break_it():
    api.upload_file(
        path_or_fileobj=card("license: [mit", "Broken").encode(),
        path_in_repo="README.md",
        repo_id="ada/carded",
    )

tell(
    metadata=found.data.to_dict(),
    text=found.text.strip(),
    info=api.dataset_info("ada/carded").card_data.to_dict(),
    broken=error_of(break_it),
    model=ModelCard.load("ada/carded").data.license,
)
"""


def test_cards_are_pushed_checked_and_read(writer: Client) -> None:
    metadata = {"license": "apache-2.0", "language": ["en", "zh"]}
    assert writer.python(CARDS) == {
        "metadata": metadata,
        "text": "# Täsks",
        "info": metadata,
        "broken": "ValueError",
        "model": "mit",
    }
