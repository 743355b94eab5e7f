"""The words of the language, so that editors know them; a model file is parsed, never imported."""

__all__ = [
    "CompileMe",
    "Hyper",
    "Inline",
    "Input",
    "InputTensor",
    "Learn",
    "Output",
    "OutputTensor",
    "Param",
    "Runtime",
    "Tensor",
    "Var",
    "Vector",
]


def _word(*_arguments: object, **_keywords: object) -> object:
    raise RuntimeError("a model is compiled by terpret.compile_model, not run by Python")


Hyper = Param = Var = Input = Output = InputTensor = OutputTensor = Vector = Tensor = _word
Runtime = CompileMe = Learn = Inline = _word
