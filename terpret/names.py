"""The words of the language, so that editors know them; a model file is parsed, never imported."""


def _word(*_arguments: object, **_keywords: object) -> object:
    raise RuntimeError("a model is compiled by terpret.compile_model, not run by Python")


Hyper = Param = Var = Input = Output = InputTensor = Vector = Tensor = _word
Runtime = CompileMe = Learn = Inline = _word
