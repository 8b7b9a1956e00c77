"""Commands that only read neither change a part nor copy from an altered one."""

from pathlib import Path

import pytest

from small_project import SmallProject, refused


def test_a_query_is_not_written_into_the_warehouse(whole: SmallProject) -> None:
    before = whole.parts()
    name = next(iter(before))
    part = whole.root / "warehouse" / "parts" / name
    for file in (part, part.with_name("new.parquet"), whole.root / "warehouse/x"):
        said = whole.cli("sql", "select 1", "--parquet", file)
        refused(said, file, "lies in the warehouse", "outside")
    assert whole.parts() == before
    assert not (whole.root / "warehouse/x").exists()


def test_an_altered_part_is_not_exported(whole: SmallProject, tmp_path: Path) -> None:
    folder = whole.root / "warehouse" / "parts" / "responses"
    part = next(iter(sorted(folder.glob("*.parquet"))))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    said = whole.cli("warehouse", "export", tmp_path / "copy.duckdb")
    refused(said, part.name)
    assert not (tmp_path / "copy.duckdb").exists()


@pytest.mark.parametrize(("sft", "stops"), [(5, True), (4, False)])
def test_a_contract_that_contradicts_itself_is_none(
    small: SmallProject, sft: int, stops: bool
) -> None:
    """talk selects 2 + 3, sums 1 + 1, zh 2 + 0; totals say one SFT row too many."""
    head = small.read("fusemill.yaml")
    contract = "contract: {composition: mine, scale: 1.0, tolerance: 0.0}\nrelease:"
    small.write("fusemill.yaml", head.replace("release:", contract, 1))
    sets = {"talk": (5, 2, 3), "sums": (2, 1, 1), "zh": (2, 2, 0)}
    kinds = {"talk": "instruction_following", "sums": "mathematics", "zh": "chinese"}
    lines = [
        f"  {name}: {{hub: a/b, category: {kinds[name]}, draws: null, "
        f"selected: {n}, sft: {s}, dpo: {d}}}"
        for name, (n, s, d) in sets.items()
    ]
    totals = f"totals: {{selected: {sft + 5}, sft: {sft + 1}, dpo: 4}}"
    text = "\n".join(
        ["name: mine", "title: Mine", "source: by hand", totals, "sets:", *lines, ""]
    )
    small.write("registry/compositions/mine.yaml", text)
    said = small.cli("run")
    if stops:
        refused(said, "registry/compositions/mine.yaml", "contradicts itself")
        assert not (small.root / "releases").exists()
    else:
        assert said.code == 0, said.err
