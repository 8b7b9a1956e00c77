"""The pictures of a card: what they show is what the release holds, to scale."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import duckdb
import pytest
from cards import card_of, folder_of

from fusemill.release.charts import COLOURS, Bar, Panel, Series, bars, histograms
from fusemill.release.pictures import _sources
from small_project import SmallProject

SVG = "{http://www.w3.org/2000/svg}"


def rects(svg: str, colour: str) -> list[dict[str, float]]:
    """Bars of a colour, without the legend's square."""
    found = [
        {name: float(one.attrib[name]) for name in ("x", "y", "width", "height")}
        for one in ET.fromstring(svg).iter(f"{SVG}rect")
        if one.attrib["fill"] == colour
    ]
    return [one for one in found if (one["x"], one["y"]) != (8.0, 9.0)]


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]


def test_bars_are_as_long_as_the_shares() -> None:
    svg = bars([Bar("a", (30,)), Bar("b", (10,)), Bar("<c>", (0,))], ["answers"])
    first, second, none = rects(svg, COLOURS[0])
    assert first["width"] == pytest.approx(3 * second["width"], abs=0.2)
    assert none["width"] == 0.5
    assert {"75.0%  (30)", "25.0%  (10)", "<c>"} <= set(texts(svg))


def test_columns_are_as_tall_as_the_shares_and_start_at_zero() -> None:
    series = Series("n", (1, 0, 3), COLOURS[0])
    panel = Panel("of x", (0.0, 0.5, 1.0, 1.5), (series,), ((0.0, "0"), (1.5, "1.5")))
    svg = histograms([panel, panel], [("n", COLOURS[0])], "x")
    low, high, *again = rects(svg, COLOURS[0])
    assert high["height"] == pytest.approx(3 * low["height"], abs=0.2)
    assert low["y"] + low["height"] == pytest.approx(
        high["y"] + high["height"], abs=0.2
    )
    assert [r["height"] for r in again] == [low["height"], high["height"]]
    assert texts(svg).count("0%") == 2


def test_one_value_alone_is_narrow_and_in_the_middle(finished: SmallProject) -> None:
    """The one pair of sums has a gap of 0.05."""
    svg = (folder_of(finished) / "pictures/gaps.svg").read_text("utf-8")
    *_, last = rects(svg, COLOURS[1])
    assert last["width"] < 50
    left, right = 390 + 44, 780 - 14  # of the second of two panels
    assert last["x"] + last["width"] / 2 == pytest.approx((left + right) / 2, abs=20)


def test_many_models_are_twenty_lines() -> None:
    """25 models with 1 to 25 SFT answers and a pair each: the smallest six are one."""
    with duckdb.connect() as con:
        con.execute(
            "create table rows as select 'sft_train' as split_of, 'm' || n as "
            "source_model from range(1, 26) as t (n), range(n) union all "
            "select 'dpo_train', 'm' || n from range(1, 26) as t (n)"
        )
        drawn = _sources(con)
    assert drawn is not None
    assert drawn[1].startswith("m25: SFT 25, pairs 1; ")
    assert drawn[1].endswith("; m7: SFT 7, pairs 1; 6 others: SFT 21, pairs 6")


def test_what_the_small_release_shows(finished: SmallProject) -> None:
    """Counted by hand from the rows of small_files.py."""
    text = card_of(folder_of(finished)).text
    alts = {file: alt for alt, file in re.findall(r"!\[(.+)\]\((.+)\)", text)}
    # Fourteen of talk's fifteen answers have a score, 0.07 to 0.9; all five of sums.
    assert alts["pictures/scores.svg"] == (
        "talk: 14 answers from 0.07 to 0.9; sums: 5 answers from 0.1 to 0.15"
    )
    assert alts["pictures/gaps.svg"].endswith("; sums: 1 pairs from 0.05 to 0.05")
    assert alts["pictures/gaps.svg"].startswith("talk: 3 pairs from ")
    assert "model-a: SFT" in alts["pictures/sources.svg"]
    for file in alts:
        svg = (folder_of(finished) / file).read_text("utf-8")
        assert ET.fromstring(svg).tag == f"{SVG}svg"


def test_pictures_say_nothing_of_when_or_where(
    finished: SmallProject, whole: SmallProject, tmp_path: Path
) -> None:
    """Released again, from a folder elsewhere: the same bytes."""
    for folder in ("releases", "registry/releases"):
        (whole.root / folder).rename(tmp_path / folder.replace("/", "-"))
    whole.ok("release")
    for path in (folder_of(finished) / "pictures").iterdir():
        again = folder_of(whole) / "pictures" / path.name
        assert again.read_bytes() == path.read_bytes()
