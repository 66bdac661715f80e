"""A country to ship to and one product that does not run out: python -m tests.bench.peer.seed PIECES"""

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - after the settings
from oscar.apps.address.models import Country  # noqa: E402
from oscar.test.factories import create_product  # noqa: E402

call_command("migrate", verbosity=0, interactive=False)
Country.objects.create(
    iso_3166_1_a2="SA",
    iso_3166_1_a3="SAU",
    name="Saudi Arabia",
    printable_name="SA",
    is_shipping_country=True,
)
print(create_product(price="9.99", num_in_stock=int(sys.argv[1])).pk)
