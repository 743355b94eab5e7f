"""What the checker raises where it refuses something: the error of one place."""

from terpret.language.errors import Span


class StaticError(Exception):
    """Something in a model is refused; carries what a diagnostic needs."""

    def __init__(self, code: str, span: Span, message: str, help: str = ""):
        super().__init__(code, span, message, help)
        self.code, self.span, self.message, self.help = code, span, message, help
