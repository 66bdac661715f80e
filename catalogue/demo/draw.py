"""Draws the pictures of the demo goods: `python -m catalogue.demo.draw`. The same pixels at every run."""

import csv
import io
from pathlib import Path

from catalogue.demo.looks import LOOKS
from catalogue.demo.stage import staged

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"
PRODUCTS_CSV = FOLDER / "products.csv"
QUALITY = 82
BACKDROPS = {
    "Bakery": "#f3e9da",
    "Dairy": "#e3ecf4",
    "Drinks": "#e0efec",
    "Pantry": "#efe8dc",
    "Snacks": "#f4e7dd",
    "Dates and sweets": "#f1e6d6",
    "Tea and coffee": "#ece6da",
    "Household": "#e2edf0",
    "Personal care": "#f3e6ea",
    "Pharmacy": "#e6eef0",
}


def picture(sku: str, category: str) -> bytes:
    """480×480 WebP."""
    pack, look = LOOKS[sku]
    out = io.BytesIO()
    staged(pack(look), BACKDROPS[category]).save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue()


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with PRODUCTS_CSV.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            (PICTURES / row["picture"]).write_bytes(picture(row["sku"], row["category_en"]))


if __name__ == "__main__":
    main()
