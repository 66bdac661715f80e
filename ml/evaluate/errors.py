"""What an evaluation cannot work with, said in one sentence that names the file or the option."""


class EvaluationError(ValueError):
    """The command ends with this sentence on stderr and status 2."""
