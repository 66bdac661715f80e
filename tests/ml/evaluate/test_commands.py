import json

import pytest

from ml.evaluate.__main__ import main


def test_speed_prints_one_object_with_its_figures(capsys):
    main(["speed", "--runs", "2", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["picture"] == "640x480 JPEG"
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert set(figures["stages_p50_ms"]) == {"decode", "detect", "align", "embed"}


def test_an_unknown_command_explains_itself(capsys):
    with pytest.raises(SystemExit):
        main(["beauty"])
    assert "calibration" in capsys.readouterr().err
