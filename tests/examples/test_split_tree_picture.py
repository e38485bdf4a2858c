"""The picture of a split tree: one rectangle a leaf, that together have the area of the box."""

import json
import re
from pathlib import Path

import pytest
from example_scripts import EXAMPLES, load

RECTANGLE = re.compile(r'width="([\d.]+)" height="([\d.]+)"')


def tree_file(folder: Path, nodes: str) -> Path:
    region = {"unit": 0, "bound_unit": 20, "lower": ["0", "0", "5"], "upper": ["8", "16", "5"]}
    found = {
        "format": "refsem.tree.v1",
        "producer": "a test",
        "model_sha256": "",
        "property_sha256": "",
        "regions": [region | {"nodes": nodes}],
    }
    path = folder / "tree.json"
    path.write_text(json.dumps(found))
    return path


def test_one_rectangle_a_leaf(tmp_path: Path) -> None:
    script, out = load("split_tree_picture"), tmp_path / "tree.svg"
    assert script.main([str(tree_file(tmp_path, "0:2 1:4 . . 1:8 . .")), str(out)]) == 0
    sizes = [(float(w), float(h)) for w, h in RECTANGLE.findall(out.read_text())]
    assert sizes == [(120.0, 120.0), (120.0, 360.0), (360.0, 240.0), (360.0, 240.0)]
    assert "4 leaves" in out.read_text()


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ("0:2 . .", "cut in 1 dimensions"),
        ("0:2 1:4 . .", "node 4: the tree ends"),
        ("0:2 1:99 . . .", "the cut 99 is not inside"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], nodes: str, message: str
) -> None:
    script, out = load("split_tree_picture"), tmp_path / "tree.svg"
    assert script.main([str(tree_file(tmp_path, nodes)), str(out)]) == 3
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_the_bundled_picture_is_of_the_bundled_property() -> None:
    text = (EXAMPLES.parent / "docs" / "two_pixels.svg").read_text()
    assert len(RECTANGLE.findall(text)) == 7
    assert "X_5 from 0 to 16" in text
