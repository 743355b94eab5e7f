"""The faults of a data file, said all at once."""

from collections.abc import Iterable

from terpret.errors import InputError

MOST = 20


class Faults:
    """Collects what is wrong with a file: the first of it in words, all of it in number."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, message: str) -> None:
        """Records a fault: its place, what is there, and what is accepted."""
        self.add_many(1, [message])

    def add_many(self, count: int, messages: Iterable[str]) -> None:
        """Records `count` faults, of which the first `messages` say as many as are shown."""
        self._count += count
        for message in messages:
            if len(self._shown) >= MOST:
                break
            self._shown.append(message)

    def raise_found(self) -> None:
        """Raises `InputError` when a fault was recorded: a line a fault."""
        if self._count:
            more = self._count - len(self._shown)
            last = [f"and {more:,} more fault" + "s" * (more > 1)] if more else []
            raise InputError("\n".join(self._shown + last))
