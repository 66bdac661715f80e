"""The committed font: Latin and Arabic, unchanged from its package (its name is reserved for that)."""

from pathlib import Path

REGULAR = Path(__file__).with_name("IBMPlexSansArabic-Regular.ttf")
SEMIBOLD = Path(__file__).with_name("IBMPlexSansArabic-SemiBold.ttf")
