"""`quarterdeck backup` and `restore`: everything a server keeps, in one folder."""


def backup() -> None:
    """Write a copy."""


def restore() -> None:
    """Restore a copy."""
