"""The shop that ours is timed against: django-oscar with django-oscar-api, in an environment of its own."""
