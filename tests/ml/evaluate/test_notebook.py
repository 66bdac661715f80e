import json
from pathlib import Path

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "02_reading_a_det_curve.ipynb"
CELLS_MAX, BYTES_MAX = 15, 200_000


def test_the_notebook_runs_from_top_to_bottom(capsys):
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert len(cells) <= CELLS_MAX
    assert NOTEBOOK.stat().st_size < BYTES_MAX
    names: dict[str, object] = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)  # noqa: S102 - our own file
    assert "95 % interval 99.06% to 99.48%" in capsys.readouterr().out
