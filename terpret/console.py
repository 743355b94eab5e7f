"""What the command `terpret` begins with. Nothing is imported here before signals are held back."""


def main(called: str = "terpret") -> None:
    """Runs the command in this process, and ends it; `called` is what the user typed for it."""
    # First of all: signals come while the rest is imported, too.
    import terpret.hold  # noqa: F401

    # isort: split
    from terpret import entry

    entry.begin(["numpy"])
    from terpret.command.terpret import main as command

    entry.end(command(called=called))
