"""`smartpay store-set` names who sells."""

from __future__ import annotations

from backend import cli

SET = (
    "store-set",
    "R1",
    "--vat-number",
    "310122393500003",
    "--address-en",
    "Riyadh",
    "--address-ar",
    "الرياض",
)


def test_the_command_names_the_seller_or_says_why_not(folder, capsys):
    def smartpay(*words: str) -> int:
        return cli.main(["--data", str(folder), *words])

    assert smartpay("seed", "--demo") == 0
    assert smartpay(*SET, "--legal-name", "شركة التموين") == 0
    assert "شركة التموين" in capsys.readouterr().out
    assert smartpay(*SET, "--legal-name", "ش" * 64) == 1
    assert "seller_name_too_long (size_bytes: 128, size_bytes_max: 127)" in capsys.readouterr().err
    assert smartpay("store-set", "XX", *SET[2:], "--legal-name", "A") == 1
    assert "store_unknown" in capsys.readouterr().err
