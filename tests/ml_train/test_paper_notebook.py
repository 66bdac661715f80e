import contextlib
import io
import json
import re
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_the_paper_network.ipynb"


def test_the_notebook_of_the_papers_network_runs_from_top_to_bottom():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in cells)
    printed, names = io.StringIO(), {"__name__": "notebook"}
    with contextlib.redirect_stdout(printed):
        for number, source in enumerate(sources):
            exec(compile(source, f"cell {number}", "exec"), names)  # noqa: S102 - the notebook is ours
    rank = re.search(r"\(300, 2048\) of rank (\d+)", printed.getvalue())
    assert rank
    assert int(rank[1]) <= 65
    assert "components for 99.99 %" in printed.getvalue()
