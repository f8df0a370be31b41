"""What can go wrong with the embedded AWS itself."""


class LocalAwsError(Exception):
    """The embedded AWS cannot start or go on; the text is one readable line that says what to do."""
