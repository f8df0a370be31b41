"""What can go wrong with the embedded AWS itself."""


class LocalAwsError(Exception):
    """The embedded AWS cannot start or go on; the text is one readable line that says what to do."""


class WrongValueError(LocalAwsError, ValueError):
    """A setting that there is not, or a value that one can't have; the text says what is right."""
