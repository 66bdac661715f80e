"""What stops a training run, whichever network it trains."""


class Diverged(ArithmeticError):
    """The loss is no number any more; the message names epoch and step."""
