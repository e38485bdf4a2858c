"""What a program on tensors may do wrong, each with what should stand there instead.

Bad files raise `refsem.errors.InputError`, as everywhere; these are errors of programs.
"""

from refsem.ir.operators import Op, Shape


class NumberError(TypeError):
    """A value that is no exact number, or not one where it stands; `value` is it."""

    def __init__(self, value: object, message: str) -> None:
        super().__init__(message)
        self.value = value


class DataFlowError(TypeError):
    """A program that looks at the values of a tensor to decide what to do next."""

    def __init__(self, attempt: str, instead: str) -> None:
        super().__init__(f"{attempt} would make the program depend on data: {instead}")
        self.attempt = attempt


class ContextError(TypeError):
    """Tensors that belong together but were made for different arithmetics, or for none."""


class ParameterError(ValueError):
    """A module that cannot be used: its weights are not loaded, or its numbers fit no such one."""


class OperandError(ValueError):
    """An operator or a module that does not apply to tensors of these shapes."""

    def __init__(self, where: str, shapes: tuple[Shape, ...], reason: str) -> None:
        given = " and ".join(str(list(shape)) for shape in shapes)
        super().__init__(f"{where} applied to {given}: {reason}")
        self.where = where
        self.shapes = shapes
        self.reason = reason


class ValueUnknownError(ArithmeticError):
    """A tensor without a value in the chosen arithmetic: undefined, or not enclosed well enough."""

    def __init__(self, op: Op, reason: str) -> None:
        super().__init__(f"{op.value}: {reason}")
        self.op = op
        self.reason = reason
